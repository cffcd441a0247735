//! The node's chain as indexes follow it.

use bitcoin::BlockHash;

use super::{BlockId, IndexedBlock, IndexedChain};
use crate::manager::{ChainError, ChainstateManager};

impl IndexedChain for ChainstateManager {
    fn hash_at(&self, height: u32) -> Option<BlockHash> {
        let tree = self.tree();
        // Indexes need the blocks, and what these spent: they follow the chain that is validated.
        let id = match tree.assumed_base() {
            None => tree.active(height),
            Some(_) => tree.validated_tip().and_then(|tip| tree.ancestor(tip, height)),
        };
        id.map(|id| tree.entry(id).hash)
    }

    fn read(&self, id: &BlockId) -> Result<IndexedBlock, ChainError> {
        let missing = || ChainError::NoData(id.hash);
        let (entry, position) = {
            let tree = self.tree();
            let entry = tree.find(&id.hash).ok_or_else(missing)?;
            (entry, tree.entry(entry).position.ok_or_else(missing)?)
        };
        Ok(IndexedBlock {
            id: *id,
            block: self.read_block(entry)?,
            undo: self.read_undo(entry)?,
            position,
        })
    }

    fn taken_in(&self, index: &'static str, height: u32) {
        self.keep_for(index, height);
    }
}
