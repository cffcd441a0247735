//! What a node tells wallets and other observers of its chain.

use async_trait::async_trait;
use bitcoin::{Block, BlockHash, Transaction};

use super::BlockLocator;
use crate::{InterfaceError, UnixTime};

/// Hears of changes of the chain and the mempool, in the order in which they happen and one at a time.
///
/// The node waits for the answer before it tells the next. An error ends the subscription.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with.
#[async_trait]
pub trait Notifications: Send + Sync {
    /// A transaction has entered the mempool.
    async fn transaction_added_to_mempool(&self, transaction: Transaction) -> Result<(), InterfaceError>;

    /// A transaction has left the mempool otherwise than by its block being connected.
    async fn transaction_removed_from_mempool(
        &self,
        transaction: Transaction,
        reason: RemovalReason,
    ) -> Result<(), InterfaceError>;

    /// A block has been put on top of a chain. Its transactions have left the mempool.
    async fn block_connected(&self, role: ChainRole, block: BlockInfo) -> Result<(), InterfaceError>;

    /// The top block has been taken from the active chain.
    async fn block_disconnected(&self, block: BlockInfo) -> Result<(), InterfaceError>;

    /// The tip is another, after all blocks that were to be connected are.
    async fn updated_block_tip(&self) -> Result<(), InterfaceError>;

    /// What is known up to `locator` is on disk: at regular times, when memory is used up, before blocks are pruned, when all
    /// coins are looked at, and when the node stops. Whoever keeps the locator is told of all that follows it when it
    /// returns.
    async fn chain_state_flushed(&self, role: ChainRole, locator: BlockLocator)
    -> Result<(), InterfaceError>;
}

/// Why a transaction left the mempool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RemovalReason {
    /// It was there too long.
    Expiry,
    /// There was no room for it.
    SizeLimit,
    /// A change of the chain made it invalid.
    Reorganization,
    /// It is in a block that was connected.
    Block,
    /// It conflicts with a transaction of a block.
    Conflict,
    /// Another took its place.
    Replaced,
}

/// Which of a node's chains a notification is about. There is more than one while a snapshot is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChainRole {
    /// The only one, verified from its beginning.
    Normal,
    /// The one that begins with a snapshot.
    AssumedValid,
    /// The one that verifies the snapshot.
    Background,
}

/// A block that is connected or disconnected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockInfo {
    /// Its hash.
    pub hash: BlockHash,
    /// The hash of the block before it; `None` for the genesis block.
    pub previous: Option<BlockHash>,
    /// Blocks before it.
    pub height: u32,
    /// The latest time of the block and all before it.
    pub chain_time_max: UnixTime,
    /// The block itself; `None` where it is not on disk.
    pub data: Option<Block>,
}
