//! Blocks of the node's own making: what the one after the tip must be, what it consists of, and its proof of work.

mod assemble;
mod solve;

use bitcoin::block::Version;
use consensus::block::{is_commitment_height, session_height};
use consensus::subsidy::block_subsidy;
use consensus::vote::voting_version;

pub use assemble::{Chosen, NextBlock, Template, assemble, change_header, seal};
pub use solve::{Search, solve};

use crate::headers::{VotesBefore, required_bits};
use crate::manager::ChainstateManager;

/// Where the chain's number is in a version, since DIP3.
const CHAIN_ID_SHIFT: u32 = 16;

impl ChainstateManager {
    /// What the block after the tip must be, whose time is the present one or, where that is too early, the earliest that
    /// it may have. None until there is a tip.
    #[must_use]
    pub fn next_block(&self) -> Option<NextBlock> {
        let tree = self.tree();
        let params = self.params();
        let tip = tree.tip()?;
        let height = tree.entry(tip).height + 1;
        let median_time_past = tree.median_time_past(tip);
        let now = u32::try_from(self.clock().now()).unwrap_or(u32::MAX);
        let time = now.max(median_time_past.saturating_add(1));
        let votes = VotesBefore {
            tree: &tree,
            last: tip,
        };
        let chain_id = match params.heights.dip3.is_active(height) {
            true => params.aux_pow.chain_id << CHAIN_ID_SHIFT,
            false => 0,
        };
        let version = voting_version(height, &votes, params).to_consensus() | chain_id;
        let session = params
            .quorum
            .filter(|_| is_commitment_height(height, params))
            .map(|schedule| {
                let session = tree.ancestor(tip, session_height(height, &schedule));
                (schedule, tree.entry(session.expect("sessions begin before")).hash)
            });
        Some(NextBlock {
            previous: tree.entry(tip).hash,
            height,
            median_time_past,
            version: Version::from_consensus(version),
            time,
            bits: required_bits(&tree, tip, time, params),
            subsidy: block_subsidy(height, params),
            session,
            is_segwit: params.heights.segwit.is_active(height),
        })
    }
}
