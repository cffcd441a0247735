//! How an index comes to where the chain is.

use bitcoin::BlockHash;

use super::{BlockId, Index, IndexError, IndexedBlock};
use crate::manager::ChainError;

/// At most so many blocks are taken in at once.
const MOST_BLOCKS: usize = 1000;

/// No more blocks are taken in at once when they have so many bytes together.
const ENOUGH_BYTES: u64 = 4 << 20;

/// The chain that indexes follow. It may change at any time.
pub trait IndexedChain {
    /// The block at a height, if the chain is so high.
    fn hash_at(&self, height: u32) -> Option<BlockHash>;

    /// Reads a block that is or was in the chain.
    ///
    /// # Errors
    /// [`ChainError`] if it is not there or cannot be read.
    fn read(&self, id: &BlockId) -> Result<IndexedBlock, ChainError>;

    /// Hears up to which height an index has taken in the chain: it needs the blocks after it.
    fn taken_in(&self, index: &'static str, height: u32);
}

/// Lets an index take in what the chain has more, up to the chain's end or until `is_stopped`, and says up to which block
/// the index is then. Blocks that are no longer in the chain are left before.
///
/// Where files of blocks are removed, this must be called before, if only to be stopped at once: files are kept for an
/// index from then on.
///
/// # Errors
/// [`IndexError`] if the index cannot go on. What it took in before stays.
pub fn catch_up(
    index: &dyn Index,
    chain: &dyn IndexedChain,
    is_stopped: &dyn Fn() -> bool,
) -> Result<Option<BlockId>, IndexError> {
    loop {
        let best = go_back(index, chain)?;
        chain.taken_in(index.name(), best.map_or(0, |id| id.height));
        if is_stopped() {
            return Ok(best);
        }
        let next = best.map_or(0, |id| id.height + 1);
        if chain.hash_at(next).is_none() {
            return Ok(best);
        }
        let blocks = read_on(chain, next, best.map(|id| id.hash))?;
        // They are none if the chain was reorganised just now.
        if !blocks.is_empty() {
            index.append(&blocks)?;
        }
    }
}

/// Leaves blocks that are not in the chain, and returns the last one that is.
fn go_back(index: &dyn Index, chain: &dyn IndexedChain) -> Result<Option<BlockId>, IndexError> {
    let store = index.store();
    let Some(best) = store.best()? else {
        return Ok(None);
    };
    if chain.hash_at(best.height) == Some(best.hash) {
        return Ok(Some(best));
    }
    let ids = (0..=best.height).rev().filter_map(|height| {
        let hash = chain.hash_at(height)?;
        Some(BlockId { height, hash })
    });
    let mut last = None;
    for id in ids {
        if store.point(&id)?.is_some() {
            last = Some(id);
            break;
        }
    }
    store.rewind(last)?;
    Ok(last)
}

/// The blocks from a height on, for as long as they follow one another.
fn read_on(
    chain: &dyn IndexedChain,
    first: u32,
    mut previous: Option<BlockHash>,
) -> Result<Vec<IndexedBlock>, IndexError> {
    let mut blocks = Vec::new();
    let mut bytes = 0;
    for height in first.. {
        let Some(hash) = chain.hash_at(height) else { break };
        let block = chain.read(&BlockId { height, hash })?;
        if previous.is_some_and(|previous| block.block.header.pure().prev_blockhash != previous) {
            break;
        }
        bytes += block.block.total_size();
        blocks.push(block);
        if blocks.len() == MOST_BLOCKS || bytes > ENOUGH_BYTES {
            break;
        }
        previous = Some(hash);
    }
    Ok(blocks)
}
