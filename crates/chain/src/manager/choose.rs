//! What the user says of blocks, whatever the rules say.

use super::{ChainError, ChainstateManager};
use crate::tree::EntryId;

impl ChainstateManager {
    /// Takes a block for invalid, and makes the best chain without it the active one (`invalidateblock`). That is
    /// remembered.
    ///
    /// The genesis block cannot be taken for invalid, nor what a snapshot stands on that is not validated yet
    /// ([`BlockTree::is_assumed`](crate::tree::BlockTree::is_assumed)): nothing happens then.
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written.
    pub fn invalidate_block(&self, id: EntryId) -> Result<(), ChainError> {
        let _writer = self.write();
        let is_kept = {
            let tree = self.tree();
            tree.entry(id).parent.is_none() || tree.is_assumed(id)
        };
        if is_kept {
            return Ok(());
        }
        let was_active = self.tree().is_active(id);
        let mut count = 0;
        while self.tree().is_active(id) && !self.is_interrupted() {
            self.disconnect_tip()?;
            count += 1;
            self.tell(|observer| observer.block_given_up(count));
        }
        {
            let mut tree = self.tree_mut();
            tree.fail(id);
            tree.reconsider_all();
        }
        self.write_index()?;
        if was_active {
            self.tell_tip();
        }
        self.tell(|observer| observer.invalid_found());
        self.activate_best_chain(None)?;
        Ok(())
    }

    /// Takes a block, those before it and those after it for valid until they are found invalid again
    /// (`reconsiderblock`).
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written.
    pub fn reconsider_block(&self, id: EntryId) -> Result<(), ChainError> {
        let _writer = self.write();
        self.tree_mut().forgive(id);
        self.write_index()?;
        self.activate_best_chain(None)?;
        Ok(())
    }

    /// Takes a block for the first of those with the same work, until the process ends (`preciousblock`).
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written.
    pub fn precious_block(&self, id: EntryId) -> Result<(), ChainError> {
        let _writer = self.write();
        {
            let mut tree = self.tree_mut();
            let is_worse = tree
                .tip()
                .is_some_and(|tip| tree.chain_work(id) < tree.chain_work(tip));
            if is_worse {
                return Ok(());
            }
            tree.prefer(id);
        }
        self.activate_best_chain(None)?;
        Ok(())
    }
}
