//! What miners, pools and Stratum v2 template providers ask of a node.

mod options;
mod template;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::{Block, BlockHash, Transaction, Txid, Wtxid};

pub use options::{BlockCheckOptions, BlockCreateOptions, BlockWaitOptions};
pub use template::{BlockTemplate, CoinbaseTx};

use crate::{BlockRef, InterfaceError};

/// Makes block templates and takes blocks. The interface of Bitcoin Core 32's `Mining`.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with, besides what it says itself.
#[async_trait]
pub trait Mining: Send + Sync {
    /// Whether the chain is one for tests, whose coins have no value.
    async fn is_test_chain(&self) -> Result<bool, InterfaceError>;

    /// Whether the node is still fetching the chain for the first time. Templates made meanwhile are of no use.
    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError>;

    /// The tip of the active chain; `None` until a block is connected.
    async fn get_tip(&self) -> Result<Option<BlockRef>, InterfaceError>;

    /// Waits until the tip is another than `current_tip`, and returns what the tip is then. After `timeout` (`None`:
    /// never) it returns the tip as it is. `None` where the node stops or [`interrupt`](Self::interrupt) was called.
    ///
    /// While the node starts, it waits for a tip whatever the timeout.
    async fn wait_tip_changed(
        &self,
        current_tip: BlockHash,
        timeout: Option<Duration>,
    ) -> Result<Option<BlockRef>, InterfaceError>;

    /// Makes a template on the tip. With `cooldown` it first waits until a tip is connected, the first download is over
    /// and the tip has caught up with the best header. `None` where the node stops or
    /// [`interrupt`](Self::interrupt) was called while it waited.
    ///
    /// # Errors
    /// The options are beyond the consensus' limits.
    async fn create_new_block(
        &self,
        options: BlockCreateOptions,
        cooldown: bool,
    ) -> Result<Option<Arc<dyn BlockTemplate>>, InterfaceError>;

    /// Checks a block as if it were submitted, without keeping it.
    async fn check_block(
        &self,
        block: Block,
        options: BlockCheckOptions,
    ) -> Result<BlockVerdict, InterfaceError>;

    /// Ends the waits of [`create_new_block`](Self::create_new_block) and
    /// [`wait_tip_changed`](Self::wait_tip_changed) that are under way.
    async fn interrupt(&self) -> Result<(), InterfaceError>;

    /// Takes a whole block. It must be complete: where its coinbase has a witness commitment, the coinbase's witness
    /// is part of it.
    ///
    /// A block that the node has already is refused, and so is one whose validity cannot be told yet.
    async fn submit_block(&self, block: Block) -> Result<BlockVerdict, InterfaceError>;

    /// The transactions of the mempool with these ids: one answer for each, in their order, `None` where the mempool
    /// has no such transaction.
    async fn get_transactions_by_tx_id(
        &self,
        txids: Vec<Txid>,
    ) -> Result<Vec<Option<Transaction>>, InterfaceError>;

    /// The same by the ids that cover the witness too.
    async fn get_transactions_by_witness_id(
        &self,
        wtxids: Vec<Wtxid>,
    ) -> Result<Vec<Option<Transaction>>, InterfaceError>;
}

/// What the node makes of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlockVerdict {
    /// It is valid, and new where it was submitted.
    Accepted,
    /// It is not taken.
    Refused {
        /// The word for it, of BIP 22 <https://bips.dev/22/> where that has one, as in `bad-cb-length` or `duplicate`.
        reason: String,
        /// More about it, for people. May be empty.
        debug: String,
    },
}
