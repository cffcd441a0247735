//! Finding the nonce that a block needs, for chains on which that is quick.

use consensus::Params;
use consensus::block::Block;
use consensus::pow::check_proof_of_work;

use super::assemble::change_header;

/// How often the search looks whether it was told to end.
const ROUND: u64 = 1 << 14;

/// What a search came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The header has proof of work.
    Found,
    /// No nonce was found in as many tries as there were left.
    TriesUsedUp,
    /// The search was told to end.
    Interrupted,
}

/// Tries nonces from the header's own on until one is proof of work, and takes each try from `tries`.
pub fn solve(block: &mut Block, tries: &mut u64, is_stopped: &dyn Fn() -> bool, params: &Params) -> Search {
    let mut round: u64 = 0;
    while check_proof_of_work(&block.header, params).is_err() {
        if *tries == 0 || block.header.pure().nonce == u32::MAX {
            return Search::TriesUsedUp;
        }
        round += 1;
        if round.is_multiple_of(ROUND) && is_stopped() {
            return Search::Interrupted;
        }
        *tries -= 1;
        change_header(block, |header| header.nonce += 1);
    }
    Search::Found
}
