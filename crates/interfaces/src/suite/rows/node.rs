//! Nodes and their events.

use std::sync::Arc;
use std::time::Duration;

use bitcoin::{Amount, BlockHash, OutPoint, Transaction};

use crate::suite::objects::interface;
use crate::{
    Ban, BlockTip, Coin, ConnectionDirection, FeeRate, Json, LocalAddress, LogCategory, MessageStyle,
    Network, NetworkProxy, PeerStats, Refusal, RpcFailure, Secret, StartedAt, SynchronizationState, UnixTime,
};

interface! {
    Node in node, described by the first {
        initialize(arguments: Vec<Secret>) -> Result<(), Refusal>;
        start() -> Result<StartedAt, Refusal>;
        start_shutdown() -> ();
        shut_down() -> ();
        shutdown_requested() -> bool;
        get_exit_status() -> i32;
        get_warnings() -> Vec<String>;
        get_log_categories() -> Vec<LogCategory>;
        is_setting_ignored(name: String) -> bool;
        get_persistent_setting(name: String) -> Option<Json>;
        update_rw_setting(name: String, value: Option<Json>) -> ();
        force_setting(name: String, value: Option<Json>) -> ();
        reset_settings() -> ();
        map_port(enable: bool) -> ();
        get_proxy(network: Network) -> Option<NetworkProxy>;
        get_node_count(direction: ConnectionDirection) -> u64;
        get_nodes_stats() -> Vec<PeerStats>;
        get_banned() -> Vec<Ban>;
        ban(subnet: String, duration: Option<Duration>) -> Result<(), Refusal>;
        unban(subnet: String) -> bool;
        disconnect_by_address(address: String) -> bool;
        disconnect_by_id(id: i64) -> bool;
        get_total_bytes_received() -> u64;
        get_total_bytes_sent() -> u64;
        get_net_local_addresses() -> Vec<LocalAddress>;
        set_network_active(active: bool) -> ();
        get_network_active() -> bool;
        get_mempool_size() -> u64;
        get_mempool_dynamic_usage() -> u64;
        get_mempool_max_usage() -> u64;
        get_header_tip() -> Option<BlockTip>;
        get_num_blocks() -> u32;
        get_best_block_hash() -> BlockHash;
        get_last_block_time() -> UnixTime;
        get_verification_progress() -> f64;
        is_initial_block_download() -> bool;
        is_loading_blocks() -> bool;
        get_dust_relay_fee() -> FeeRate;
        get_unspent_output(outpoint: OutPoint) -> Option<Coin>;
        broadcast_transaction(transaction: Transaction, max_fee: Amount) -> Result<(), Refusal>;
        execute_rpc(method: String, parameters: Json, uri: String) -> Result<Json, RpcFailure>;
        list_rpc_commands() -> Vec<String>;
        wallet_loader() -> Option<Arc<dyn crate::WalletLoader>>;
        handle_events(events: Arc<dyn crate::NodeEvents>) -> Arc<dyn crate::Handler>;
    }
}

interface! {
    NodeEvents in node_events, described by all {
        init_message(message: String) -> ();
        message_box(message: String, style: MessageStyle) -> ();
        question(message: String, non_interactive: String, style: MessageStyle) -> bool;
        show_progress(title: String, percent: u8, resume_possible: bool) -> ();
        init_wallet() -> ();
        num_connections_changed(connections: u64) -> ();
        network_active_changed(active: bool) -> ();
        alert_changed() -> ();
        banned_list_changed() -> ();
        block_tip(state: SynchronizationState, tip: BlockTip, verification_progress: f64) -> ();
        header_tip(state: SynchronizationState, tip: BlockTip, presync: bool) -> ();
        shutdown_requested() -> ();
    }
}
