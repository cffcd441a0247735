//! Blocks and places among them, in the interface's values.

use bitcoin::BlockHash;
use chain::indexes::BlockId;
use chain::tree::{BlockTree, EntryId};
use interfaces::{BlockLocator, BlockParts, BlockRef, CommonAncestor, FoundBlock, InterfaceError, UnixTime};

use crate::mining::plain_block;
use crate::served::failed;
use crate::state::NodeState;

/// How many hashes of a locator follow each other without a gap.
const WITHOUT_GAP: usize = 10;

/// The place of a block: it and those before it, ever further apart, and the genesis block.
pub(super) fn locator(tree: &BlockTree, id: EntryId) -> BlockLocator {
    let mut have = Vec::new();
    let (mut at, mut step) = (id, 1);
    loop {
        let entry = tree.entry(at);
        have.push(entry.hash);
        if entry.height == 0 {
            return BlockLocator { have };
        }
        if have.len() > WITHOUT_GAP {
            step *= 2;
        }
        let height = entry.height.saturating_sub(step);
        at = tree
            .ancestor(at, height)
            .expect("there is one at each height below because a tree has one root");
    }
}

/// The tip's place, which is empty where there is none.
pub(super) fn tip_locator(tree: &BlockTree) -> BlockLocator {
    match tree.tip() {
        Some(tip) => locator(tree, tip),
        None => BlockLocator { have: Vec::new() },
    }
}

/// The place of the last block of the active chain that a block stands on or is.
pub(super) fn active_locator(tree: &BlockTree, block: &BlockHash) -> Option<BlockLocator> {
    let last = tree.fork(tree.find(block)?, tree.tip()?);
    Some(locator(tree, last))
}

/// The last block of the active chain that a place has; of a place on another branch, where that leaves it as far as the
/// place tells.
pub(super) fn fork_height(tree: &BlockTree, locator: &BlockLocator) -> Option<u32> {
    let mut known = locator.have.iter().filter_map(|hash| tree.find(hash));
    let active = known.find(|id| tree.is_active(*id))?;
    Some(tree.entry(active).height)
}

/// The second block, where the first one stands on it or is it.
pub(super) fn ancestor(tree: &BlockTree, block: EntryId, ancestor: EntryId) -> Option<EntryId> {
    let there = tree.ancestor(block, tree.entry(ancestor).height)?;
    (there == ancestor).then_some(ancestor)
}

/// How far a block is on the way to the best header, from 0 to 1.
pub(super) fn guessed_progress(tree: &BlockTree, block: &BlockHash) -> f64 {
    let height = tree.find(block).map_or(0, |id| tree.entry(id).height);
    let best = tree.best_header().map_or(0, |best| tree.entry(best).height);
    (f64::from(height) / f64::from(best.max(1))).min(1.0)
}

/// The lowest block of the active chain that is neither lower nor earlier.
pub(super) fn first_since(tree: &BlockTree, min_time: i64, min_height: u32) -> Option<EntryId> {
    let tip = tree.entry(tree.tip()?).height;
    let is_late = |height: u32| {
        let id = tree.active(height);
        id.is_some_and(|id| i64::from(tree.entry(id).latest_time) >= min_time)
    };
    // The latest time up to a block never falls from one block to the next.
    let (mut low, mut high) = (min_height, tip.checked_add(1)?);
    while low < high {
        let middle = low + (high - low) / 2;
        match is_late(middle) {
            true => high = middle,
            false => low = middle + 1,
        }
    }
    tree.active(low).filter(|_| low <= tip)
}

fn time(seconds: u32) -> UnixTime {
    UnixTime::from_seconds(seconds.into())
}

fn block_ref(tree: &BlockTree, id: EntryId) -> BlockRef {
    let entry = tree.entry(id);
    BlockRef {
        hash: entry.hash,
        height: entry.height,
    }
}

/// A block, with what is wanted of it.
pub(super) fn found(
    node: &NodeState,
    find: impl FnOnce(&BlockTree) -> Option<EntryId>,
    parts: BlockParts,
) -> Result<Option<FoundBlock>, InterfaceError> {
    let (id, has_data, mut found) = {
        let tree = node.chain.tree();
        let Some(id) = find(&tree) else {
            return Ok(None);
        };
        let entry = tree.entry(id);
        let in_active_chain = tree.is_active(id);
        let next = in_active_chain.then(|| tree.active(entry.height + 1)).flatten();
        let found = FoundBlock {
            block: block_ref(&tree, id),
            time: time(entry.header.time),
            max_time: time(entry.latest_time),
            median_time_past: time(tree.median_time_past(id)),
            in_active_chain,
            next: next.map(|next| block_ref(&tree, next)),
            locator: parts.locator.then(|| locator(&tree, id)),
            data: None,
        };
        (id, entry.has_data(), found)
    };
    if parts.data && has_data {
        found.data = read(node, id)?;
    }
    Ok(Some(found))
}

/// A block's data; none where it was removed meanwhile.
pub(super) fn read(node: &NodeState, id: EntryId) -> Result<Option<bitcoin::Block>, InterfaceError> {
    match node.chain.read_block(id) {
        Ok(block) => Ok(Some(plain_block(&block))),
        Err(chain::ChainError::NoData(_)) => Ok(None),
        Err(_) if !node.chain.tree().entry(id).has_data() => Ok(None),
        Err(error) => Err(failed(error)),
    }
}

/// Two blocks, and the last that both stand on.
pub(super) fn common_ancestor(
    node: &NodeState,
    first: BlockHash,
    second: BlockHash,
    parts: BlockParts,
) -> Result<CommonAncestor, InterfaceError> {
    let ancestor = |tree: &BlockTree| Some(tree.fork(tree.find(&first)?, tree.find(&second)?));
    Ok(CommonAncestor {
        ancestor: found(node, ancestor, parts)?,
        first: found(node, |tree| tree.find(&first), parts)?,
        second: found(node, |tree| tree.find(&second), parts)?,
    })
}

/// Whether all blocks of this range that a block stands on or is are on the disk.
pub(super) fn has_blocks(
    tree: &BlockTree,
    block: &BlockHash,
    min_height: u32,
    max_height: Option<u32>,
) -> bool {
    let Some(id) = tree.find(block) else {
        return false;
    };
    let top = max_height.map_or(Some(id), |height| {
        tree.ancestor(id, height.min(tree.entry(id).height))
    });
    let Some(top) = top else {
        return false;
    };
    let mut range = tree
        .chain(top)
        .take_while(|id| tree.entry(*id).height >= min_height);
    range.all(|id| tree.entry(id).has_data())
}

/// Whether the filter of a block matches one of these scripts; nothing where there is no filter of it.
pub(super) fn filter_matches(
    node: &NodeState,
    block: BlockHash,
    scripts: &[Vec<u8>],
) -> Result<Option<bool>, InterfaceError> {
    let Some(index) = &node.indexes.filters else {
        return Ok(None);
    };
    let height = {
        let tree = node.chain.tree();
        tree.find(&block).map(|id| tree.entry(id).height)
    };
    let Some(height) = height else {
        return Ok(None);
    };
    let id = BlockId { height, hash: block };
    let scripts = scripts.iter().map(Vec::as_slice);
    index
        .matches_any(&id, scripts)
        .map_err(|error| failed(node.fail_index(error)))
}
