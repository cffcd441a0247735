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

/// Tries nonces from the header's own on until one is proof of work, and takes each that is not from `tries`. As upstream,
/// nothing is found any more when none is left.
pub fn solve(block: &mut Block, tries: &mut u64, is_stopped: &dyn Fn() -> bool, params: &Params) -> Search {
    let mut round: u64 = 0;
    loop {
        if *tries == 0 || block.header.pure().nonce == u32::MAX {
            return Search::TriesUsedUp;
        }
        if check_proof_of_work(&block.header, params).is_ok() {
            return Search::Found;
        }
        round += 1;
        if round.is_multiple_of(ROUND) && is_stopped() {
            return Search::Interrupted;
        }
        *tries -= 1;
        change_header(block, |header| header.nonce += 1);
    }
}

#[cfg(test)]
mod tests {
    use consensus::Network;

    use super::*;

    #[test]
    fn the_last_try_finds_nothing() {
        let params = Params::new(Network::Regtest);
        let mut genesis = Block::from(params.genesis.block());
        change_header(&mut genesis, |header| header.nonce = 0);
        let search = |mut tries: u64| {
            let mut block = genesis.clone();
            let came_to = solve(&mut block, &mut tries, &|| false, &params);
            (came_to, tries, block.header.pure().nonce)
        };
        let (found, left, failed) = search(100);
        assert_eq!(found, Search::Found);
        assert!(failed > 0, "the first nonce is none");
        assert_eq!(left, 100 - u64::from(failed));
        assert_eq!(search(0), (Search::TriesUsedUp, 0, 0));
        assert_eq!(search(failed.into()), (Search::TriesUsedUp, 0, failed));
        assert_eq!(search(u64::from(failed) + 1), (Search::Found, 1, failed));
    }
}
