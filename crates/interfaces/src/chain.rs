//! What a wallet asks of a node.

mod block;
mod mempool;
mod notifications;

use std::sync::Arc;

use async_trait::async_trait;
use bitcoin::{Amount, BlockHash, OutPoint, Transaction, Txid};

pub use block::{BlockFilterKind, BlockLocator, BlockParts, Coin, CommonAncestor, FoundBlock};
pub use mempool::{BroadcastMethod, PackageLimits, RbfState, TransactionAncestry};
pub use notifications::{BlockInfo, ChainRole, Notifications, RemovalReason};

use crate::{
    FeeEstimate, FeeEstimateMode, FeeRate, Handler, InterfaceError, Json, Refusal, RpcCommand, RpcMethod,
    UnixTime,
};

/// A node's chain, mempool, fee estimates and settings.
///
/// The chain may change between two calls. Heights count the blocks before a block: the genesis block's is 0.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with, besides what it says itself.
#[async_trait]
pub trait Chain: Send + Sync {
    /// The tip's height; `None` where no block is connected.
    async fn get_height(&self) -> Result<Option<u32>, InterfaceError>;

    /// The hash of the active chain's block at `height`; `None` above the tip.
    async fn get_block_hash(&self, height: u32) -> Result<Option<BlockHash>, InterfaceError>;

    /// Whether the active chain's block at `height` is on disk: it exists and is not pruned.
    async fn have_block_on_disk(&self, height: u32) -> Result<bool, InterfaceError>;

    /// The height of the last block that the active chain has in common with `locator`; `None` where there is none.
    async fn find_locator_fork(&self, locator: BlockLocator) -> Result<Option<u32>, InterfaceError>;

    /// The tip's place. Empty where no block is connected.
    async fn get_tip_locator(&self) -> Result<BlockLocator, InterfaceError>;

    /// The place of the last block of the active chain that `block` stands on or is; `None` where `block` is unknown.
    async fn get_active_chain_locator(
        &self,
        block: BlockHash,
    ) -> Result<Option<BlockLocator>, InterfaceError>;

    /// Looks a block up by its hash; `None` where it is unknown.
    async fn find_block(
        &self,
        block: BlockHash,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError>;

    /// The first block of the active chain that is neither older than `min_time`, by the latest time up to it, nor lower
    /// than `min_height`; `None` where there is none.
    async fn find_first_block_with_time_and_height(
        &self,
        min_time: UnixTime,
        min_height: u32,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError>;

    /// The block at `height` that `block` stands on or is; `None` where `block` is unknown or lower.
    async fn find_ancestor_by_height(
        &self,
        block: BlockHash,
        height: u32,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError>;

    /// Block `ancestor`, where `block` stands on it or is it; `None` otherwise, or where one of them is unknown.
    async fn find_ancestor_by_hash(
        &self,
        block: BlockHash,
        ancestor: BlockHash,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError>;

    /// Two blocks, and the last that both stand on or are.
    async fn find_common_ancestor(
        &self,
        first: BlockHash,
        second: BlockHash,
        parts: BlockParts,
    ) -> Result<CommonAncestor, InterfaceError>;

    /// Whether all blocks from `min_height` to `max_height` (`None`: to `block`) that `block` stands on or is are on
    /// disk.
    async fn has_blocks(
        &self,
        block: BlockHash,
        min_height: u32,
        max_height: Option<u32>,
    ) -> Result<bool, InterfaceError>;

    /// An estimate of how much of all transactions are verified when `block` is, from 0 to 1.
    async fn guess_verification_progress(&self, block: BlockHash) -> Result<f64, InterfaceError>;

    /// Whether a block has ever been pruned.
    async fn have_pruned(&self) -> Result<bool, InterfaceError>;

    /// Whether transactions may be sent: blocks are loaded and the first download is over.
    async fn is_ready_to_broadcast(&self) -> Result<bool, InterfaceError>;

    /// Whether the node is still fetching the chain for the first time.
    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError>;

    /// Whether the active chain stands on a snapshot that is not verified yet.
    async fn has_assumed_valid_chain(&self) -> Result<bool, InterfaceError>;

    /// Whether the node keeps filters of `kind`.
    async fn has_block_filter_index(&self, kind: BlockFilterKind) -> Result<bool, InterfaceError>;

    /// Whether the filter of `block` matches one of `elements` at least, which are scripts. `None` where there is no
    /// filter of it.
    async fn block_filter_matches_any(
        &self,
        kind: BlockFilterKind,
        block: BlockHash,
        elements: Vec<Vec<u8>>,
    ) -> Result<Option<bool>, InterfaceError>;

    /// The outputs at `outpoints` that no block spends, of the mempool's transactions too: one answer for each, in their
    /// order, `None` where a block spends it or it does not exist. What the mempool spends is there still, for it may be
    /// replaced.
    async fn find_coins(&self, outpoints: Vec<OutPoint>) -> Result<Vec<Option<Coin>>, InterfaceError>;

    /// Whether `transaction` says that it may be replaced.
    async fn is_rbf_opt_in(&self, transaction: Transaction) -> Result<RbfState, InterfaceError>;

    /// Whether the mempool has the transaction.
    async fn is_in_mempool(&self, txid: Txid) -> Result<bool, InterfaceError>;

    /// Whether the mempool has transactions that spend outputs of the transaction.
    async fn has_descendants_in_mempool(&self, txid: Txid) -> Result<bool, InterfaceError>;

    /// Hands `transaction` on, unless its fee is above `max_fee`. The refusal says why it is not taken.
    async fn broadcast_transaction(
        &self,
        transaction: Transaction,
        max_fee: Amount,
        method: BroadcastMethod,
    ) -> Result<Result<(), Refusal>, InterfaceError>;

    /// The transaction's relatives in the mempool; `None` where it is not in the mempool.
    async fn get_transaction_ancestry(
        &self,
        txid: Txid,
    ) -> Result<Option<TransactionAncestry>, InterfaceError>;

    /// What the unconfirmed ancestors of each output lack to `target`, as if it were spent alone: one answer for each,
    /// in their order.
    async fn calculate_individual_bump_fees(
        &self,
        outpoints: Vec<OutPoint>,
        target: FeeRate,
    ) -> Result<Vec<Amount>, InterfaceError>;

    /// What the unconfirmed ancestors of the outputs lack to `target`, as they are spent together. `None` where it
    /// cannot be told, because there are too many.
    async fn calculate_combined_bump_fee(
        &self,
        outpoints: Vec<OutPoint>,
        target: FeeRate,
    ) -> Result<Option<Amount>, InterfaceError>;

    /// How many relatives in the mempool a transaction may have.
    async fn get_package_limits(&self) -> Result<PackageLimits, InterfaceError>;

    /// Whether `transaction` keeps within the mempool's limits for relatives.
    async fn check_chain_limits(
        &self,
        transaction: Transaction,
    ) -> Result<Result<(), Refusal>, InterfaceError>;

    /// What to pay to be confirmed within `target_blocks`.
    async fn estimate_smart_fee(
        &self,
        target_blocks: u32,
        mode: FeeEstimateMode,
    ) -> Result<FeeEstimate, InterfaceError>;

    /// The furthest target, in blocks, that estimates can be asked for.
    async fn estimate_max_blocks(&self) -> Result<u32, InterfaceError>;

    /// What the mempool takes at the moment at least.
    async fn mempool_min_fee(&self) -> Result<FeeRate, InterfaceError>;

    /// What is relayed at least, `-minrelaytxfee`.
    async fn relay_min_fee(&self) -> Result<FeeRate, InterfaceError>;

    /// By how much a replacement must pay more at least, `-incrementalrelayfee`.
    async fn relay_incremental_fee(&self) -> Result<FeeRate, InterfaceError>;

    /// At which rate an output is dust, `-dustrelayfee`.
    async fn relay_dust_fee(&self) -> Result<FeeRate, InterfaceError>;

    /// Tells `notifications` of each transaction that is in the mempool, as
    /// [`transaction_added_to_mempool`](Notifications::transaction_added_to_mempool), and returns after the last.
    ///
    /// Other notifications may arrive in between, of transactions that were told of already or not yet.
    async fn request_mempool_transactions(
        &self,
        notifications: Arc<dyn Notifications>,
    ) -> Result<(), InterfaceError>;

    /// Shows what the process is doing while it starts.
    async fn init_message(&self, message: String) -> Result<(), InterfaceError>;

    /// Shows a warning while the process starts.
    async fn init_warning(&self, message: String) -> Result<(), InterfaceError>;

    /// Shows why the process cannot start.
    async fn init_error(&self, message: String) -> Result<(), InterfaceError>;

    /// Shows that `title` is `percent` done, from 0 to 100, which ends it. `resume_possible` says that it may be broken
    /// off and taken up later.
    async fn show_progress(
        &self,
        title: String,
        percent: u8,
        resume_possible: bool,
    ) -> Result<(), InterfaceError>;

    /// Whether the node is about to stop.
    async fn shutdown_requested(&self) -> Result<bool, InterfaceError>;

    /// Tells `notifications` of what happens from now on, until the handler is dropped.
    async fn handle_notifications(
        &self,
        notifications: Arc<dyn Notifications>,
    ) -> Result<Arc<dyn Handler>, InterfaceError>;

    /// Waits until all notifications that are due to those who follow the chain by this object have been answered, unless
    /// the tip is still `old_tip`.
    async fn wait_for_notifications_if_tip_changed(&self, old_tip: BlockHash) -> Result<(), InterfaceError>;

    /// Adds an RPC method to the node's, until the handler is dropped, or the caller's process is gone.
    ///
    /// # Errors
    /// [`InterfaceError::NotAllowed`] where there is a method of that name already, or it is none that wallets of Bitcoin Core
    /// v26 have.
    async fn handle_rpc(
        &self,
        command: RpcCommand,
        method: Arc<dyn RpcMethod>,
    ) -> Result<Arc<dyn Handler>, InterfaceError>;

    /// Whether `-deprecatedrpc` names `method`.
    async fn rpc_enable_deprecated(&self, method: String) -> Result<bool, InterfaceError>;

    /// The value of a setting, wherever it is set; `None` where it is not. Of several values it is the one that counts.
    ///
    /// # Errors
    /// [`InterfaceError::NotAllowed`] for a setting that is not the caller's concern, here and below.
    async fn get_setting(&self, name: String) -> Result<Option<Json>, InterfaceError>;

    /// All values of a setting that may be set more than once. Empty where it is not set.
    async fn get_settings_list(&self, name: String) -> Result<Vec<Json>, InterfaceError>;

    /// The value of a setting in `settings.json`; `None` where it is not set there.
    async fn get_rw_setting(&self, name: String) -> Result<Option<Json>, InterfaceError>;

    /// Puts a setting into `settings.json`, or removes it where `value` is `None` or null, provided that it is still
    /// `expected`, and returns whether it was. With `write` the file is written at once, and otherwise with the next change
    /// that is; [`get_rw_setting`](Self::get_rw_setting) tells the new value either way.
    ///
    /// # Errors
    /// [`InterfaceError::Remote`] too, where the file cannot be written, for there is none (`-nosettings`) or no room for it;
    /// nothing is changed then.
    async fn update_rw_setting(
        &self,
        name: String,
        expected: Option<Json>,
        value: Option<Json>,
        write: bool,
    ) -> Result<bool, InterfaceError>;
}
