//! Blocks.

use super::Site;
use super::answer::{Content, Failure};
use super::target::{self, Target};
use crate::methods::read_block_bytes;

/// What `getblock` tells of a block with its transactions and what these spend.
const WHOLE: u8 = 3;

/// What it tells with the ids of the transactions.
const IDS: u8 = 1;

pub(super) fn with_transactions(site: &Site, target: &Target) -> Result<Content, Failure> {
    block(site, target, WHOLE)
}

pub(super) fn with_ids(site: &Site, target: &Target) -> Result<Content, Failure> {
    block(site, target, IDS)
}

fn block(site: &Site, target: &Target, verbosity: u8) -> Result<Content, Failure> {
    let hash = target::hash(&target.path)?;
    let not_found = || Failure::not_found(format!("{} not found", target.path));
    let id = {
        let tree = site.node.chain.tree();
        let id = tree.find(&hash).ok_or_else(not_found)?;
        let entry = tree.entry(id);
        if !entry.has_data() && entry.transactions > 0 && site.node.chain.is_pruned() {
            let text = format!("{} not available (pruned data)", target.path);
            return Err(Failure::not_found(text));
        }
        id
    };
    // The form is looked at when there is a block to show.
    let bytes = read_block_bytes(&site.node, id).map_err(|_| not_found())?;
    target.give(
        || Ok(bytes),
        || {
            let params = vec![hash.to_string().into(), verbosity.into()];
            Ok(site.call("getblock", params)?)
        },
    )
}
