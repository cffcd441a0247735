//! The chain and its notifications.

use std::sync::Arc;

use bitcoin::{Amount, BlockHash, OutPoint, Transaction, Txid};

use crate::suite::objects::interface;
use crate::{
    BlockFilterKind, BlockInfo, BlockLocator, BlockParts, BroadcastMethod, ChainRole, Coin, CommonAncestor,
    FeeEstimate, FeeEstimateMode, FeeRate, FoundBlock, Json, PackageLimits, RbfState, Refusal, RemovalReason,
    RpcCommand, TransactionAncestry, UnixTime,
};

interface! {
    Chain in chain, described by the first {
        get_height() -> Option<u32>;
        get_block_hash(height: u32) -> Option<BlockHash>;
        have_block_on_disk(height: u32) -> bool;
        find_locator_fork(locator: BlockLocator) -> Option<u32>;
        get_tip_locator() -> BlockLocator;
        get_active_chain_locator(block: BlockHash) -> Option<BlockLocator>;
        find_block(block: BlockHash, parts: BlockParts) -> Option<FoundBlock>;
        find_first_block_with_time_and_height(min_time: UnixTime, min_height: u32, parts: BlockParts) -> Option<FoundBlock>;
        find_ancestor_by_height(block: BlockHash, height: u32, parts: BlockParts) -> Option<FoundBlock>;
        find_ancestor_by_hash(block: BlockHash, ancestor: BlockHash, parts: BlockParts) -> Option<FoundBlock>;
        find_common_ancestor(first: BlockHash, second: BlockHash, parts: BlockParts) -> CommonAncestor;
        has_blocks(block: BlockHash, min_height: u32, max_height: Option<u32>) -> bool;
        guess_verification_progress(block: BlockHash) -> f64;
        have_pruned() -> bool;
        is_ready_to_broadcast() -> bool;
        is_initial_block_download() -> bool;
        has_assumed_valid_chain() -> bool;
        has_block_filter_index(kind: BlockFilterKind) -> bool;
        block_filter_matches_any(kind: BlockFilterKind, block: BlockHash, elements: Vec<Vec<u8>>) -> Option<bool>;
        find_coins(outpoints: Vec<OutPoint>) -> Vec<Option<Coin>>;
        is_rbf_opt_in(transaction: Transaction) -> RbfState;
        is_in_mempool(txid: Txid) -> bool;
        has_descendants_in_mempool(txid: Txid) -> bool;
        broadcast_transaction(transaction: Transaction, max_fee: Amount, method: BroadcastMethod) -> Result<(), Refusal>;
        get_transaction_ancestry(txid: Txid) -> Option<TransactionAncestry>;
        calculate_individual_bump_fees(outpoints: Vec<OutPoint>, target: FeeRate) -> Vec<Amount>;
        calculate_combined_bump_fee(outpoints: Vec<OutPoint>, target: FeeRate) -> Option<Amount>;
        get_package_limits() -> PackageLimits;
        check_chain_limits(transaction: Transaction) -> Result<(), Refusal>;
        estimate_smart_fee(target_blocks: u32, mode: FeeEstimateMode) -> FeeEstimate;
        estimate_max_blocks() -> u32;
        mempool_min_fee() -> FeeRate;
        relay_min_fee() -> FeeRate;
        relay_incremental_fee() -> FeeRate;
        relay_dust_fee() -> FeeRate;
        request_mempool_transactions(notifications: Arc<dyn crate::Notifications>) -> ();
        init_message(message: String) -> ();
        init_warning(message: String) -> ();
        init_error(message: String) -> ();
        show_progress(title: String, percent: u8, resume_possible: bool) -> ();
        shutdown_requested() -> bool;
        handle_notifications(notifications: Arc<dyn crate::Notifications>) -> Arc<dyn crate::Handler>;
        wait_for_notifications_if_tip_changed(old_tip: BlockHash) -> ();
        handle_rpc(command: RpcCommand, method: Arc<dyn crate::RpcMethod>) -> Arc<dyn crate::Handler>;
        rpc_enable_deprecated(method: String) -> bool;
        get_setting(name: String) -> Option<Json>;
        get_settings_list(name: String) -> Vec<Json>;
        get_rw_setting(name: String) -> Option<Json>;
        update_rw_setting(name: String, expected: Option<Json>, value: Option<Json>, write: bool) -> bool;
    }
}

interface! {
    Notifications in notifications, described by all {
        transaction_added_to_mempool(transaction: Transaction) -> ();
        transaction_removed_from_mempool(transaction: Transaction, reason: RemovalReason) -> ();
        block_connected(role: ChainRole, block: BlockInfo) -> ();
        block_disconnected(block: BlockInfo) -> ();
        updated_block_tip() -> ();
        chain_state_flushed(role: ChainRole, locator: BlockLocator) -> ();
    }
}

interface! {
    Handler in handler, described by the first {
        disconnect() -> ();
    }
}
