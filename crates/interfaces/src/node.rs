//! What a user interface asks of a node.

mod event;
mod events;
mod network;
mod status;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::{Amount, BlockHash, OutPoint, Transaction};

pub use event::{EventListener, NodeEvent};
pub use events::{MessageStyle, NodeEvents};
pub use network::{Ban, ConnectionDirection, LocalAddress, Network, NetworkProxy, PeerStats};
pub use status::{BlockTip, LogCategory, StartedAt, SynchronizationState};

use crate::{
    Coin, FeeRate, Handler, InterfaceError, Json, Refusal, RpcFailure, Secret, UnixTime, WalletLoader,
};

/// A node: its life, settings, network and chain.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with, besides what it says itself.
#[async_trait]
pub trait Node: Send + Sync {
    /// Reads the options, checks the machine, and takes the data directory. Before [`start`](Self::start), once, where
    /// the caller's process has started the node's; a node that runs refuses it.
    ///
    /// `arguments` is the command line without the program's own name, byte for byte. Passwords may be among them.
    async fn initialize(&self, arguments: Vec<Secret>) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Starts the node, and returns when it has. Only the refusal says why it has not; no event does.
    async fn start(&self) -> Result<Result<StartedAt, Refusal>, InterfaceError>;

    /// Asks the node to stop, and returns at once.
    async fn start_shutdown(&self) -> Result<(), InterfaceError>;

    /// Stops the node, and returns when everything is on disk.
    async fn shut_down(&self) -> Result<(), InterfaceError>;

    /// Whether the node is about to stop.
    async fn shutdown_requested(&self) -> Result<bool, InterfaceError>;

    /// What the process will exit with: 0, or 1 where something failed.
    async fn get_exit_status(&self) -> Result<i32, InterfaceError>;

    /// What people should know, one sentence each. Empty where all is well.
    async fn get_warnings(&self) -> Result<Vec<String>, InterfaceError>;

    /// The kinds of log messages.
    async fn get_log_categories(&self) -> Result<Vec<LogCategory>, InterfaceError>;

    /// Whether the setting has no effect in `settings.json`, because the command line sets it.
    /// [`force_setting`](Self::force_setting) is no reason.
    async fn is_setting_ignored(&self, name: String) -> Result<bool, InterfaceError>;

    /// The value of a setting in `settings.json` or, where that has none, the configuration file; `None` where neither sets
    /// it.
    ///
    /// # Errors
    /// [`InterfaceError::NotAllowed`] for a secret, unless the caller has started the node.
    async fn get_persistent_setting(&self, name: String) -> Result<Option<Json>, InterfaceError>;

    /// Puts a setting into `settings.json`, or removes it where `value` is `None` or null, and writes the file as a whole. It
    /// counts when the node starts the next time: what the node has read, it does not read again.
    ///
    /// # Errors
    /// [`InterfaceError::NotAllowed`] for a setting that is not the caller's concern, here and below: who has not started the
    /// node may change what user interfaces offer to be changed, and no commands. [`InterfaceError::Remote`] where the file
    /// cannot be written, for there is none (`-nosettings`) or no room for it; nothing is changed then.
    async fn update_rw_setting(&self, name: String, value: Option<Json>) -> Result<(), InterfaceError>;

    /// Sets a setting above all else, until the node stops. `None` takes that back. What the node has read already, it does
    /// not read again: wallets are told of it ([`Chain::get_setting`](crate::Chain::get_setting)).
    async fn force_setting(&self, name: String, value: Option<Json>) -> Result<(), InterfaceError>;

    /// Empties `settings.json`. What it held is in `settings.json.bak` then.
    ///
    /// # Errors
    /// As [`update_rw_setting`](Self::update_rw_setting).
    async fn reset_settings(&self) -> Result<(), InterfaceError>;

    /// Asks the router to let peers in, or no longer, where the node knows how to. A node that does not does nothing, and
    /// says nothing of it.
    async fn map_port(&self, enable: bool) -> Result<(), InterfaceError>;

    /// How the node reaches `network`; `None` where it does without a proxy.
    async fn get_proxy(&self, network: Network) -> Result<Option<NetworkProxy>, InterfaceError>;

    /// How many peers are connected.
    async fn get_node_count(&self, direction: ConnectionDirection) -> Result<u64, InterfaceError>;

    /// The connected peers. Empty where there is no network.
    async fn get_nodes_stats(&self) -> Result<Vec<PeerStats>, InterfaceError>;

    /// Whom the node does not talk to.
    async fn get_banned(&self) -> Result<Vec<Ban>, InterfaceError>;

    /// Bans an address or network, written as in [`Ban::subnet`], for `duration`, and disconnects it. `None` is
    /// `-bantime`.
    async fn ban(
        &self,
        subnet: String,
        duration: Option<Duration>,
    ) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Takes a ban back, and returns whether there was one.
    async fn unban(&self, subnet: String) -> Result<bool, InterfaceError>;

    /// Disconnects the peers at an address without port, and returns whether there was one.
    async fn disconnect_by_address(&self, address: String) -> Result<bool, InterfaceError>;

    /// Disconnects a peer, and returns whether it was connected.
    async fn disconnect_by_id(&self, id: i64) -> Result<bool, InterfaceError>;

    /// Bytes received from peers since the node started.
    async fn get_total_bytes_received(&self) -> Result<u64, InterfaceError>;

    /// Bytes sent to peers since the node started.
    async fn get_total_bytes_sent(&self) -> Result<u64, InterfaceError>;

    /// Where peers may reach the node, as far as that is an IP address: services of Tor and I2P have none. Empty where it
    /// does not know.
    async fn get_net_local_addresses(&self) -> Result<Vec<LocalAddress>, InterfaceError>;

    /// Turns the network on or off.
    async fn set_network_active(&self, active: bool) -> Result<(), InterfaceError>;

    /// Whether the network is on.
    async fn get_network_active(&self) -> Result<bool, InterfaceError>;

    /// How many transactions the mempool has.
    async fn get_mempool_size(&self) -> Result<u64, InterfaceError>;

    /// Bytes of memory that the mempool takes.
    async fn get_mempool_dynamic_usage(&self) -> Result<u64, InterfaceError>;

    /// Bytes of memory that the mempool may take.
    async fn get_mempool_max_usage(&self) -> Result<u64, InterfaceError>;

    /// The best header; `None` where there is none.
    async fn get_header_tip(&self) -> Result<Option<BlockTip>, InterfaceError>;

    /// The tip's height, which is 0 too where no block is connected.
    async fn get_num_blocks(&self) -> Result<u32, InterfaceError>;

    /// The tip's hash; the genesis block's where no block is connected.
    async fn get_best_block_hash(&self) -> Result<BlockHash, InterfaceError>;

    /// The time of the tip's header; the genesis block's where no block is connected.
    async fn get_last_block_time(&self) -> Result<UnixTime, InterfaceError>;

    /// An estimate of how much of all transactions is verified, from 0 to 1.
    async fn get_verification_progress(&self) -> Result<f64, InterfaceError>;

    /// Whether the node is still fetching the chain for the first time.
    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError>;

    /// Whether the node reads blocks that it has on disk.
    async fn is_loading_blocks(&self) -> Result<bool, InterfaceError>;

    /// At which rate an output is dust, `-dustrelayfee`.
    async fn get_dust_relay_fee(&self) -> Result<FeeRate, InterfaceError>;

    /// An unspent output of the active chain; `None` where it is spent or does not exist.
    async fn get_unspent_output(&self, outpoint: OutPoint) -> Result<Option<Coin>, InterfaceError>;

    /// Puts `transaction` into the mempool and announces it, unless its fee is above `max_fee`. The refusal says why it
    /// is not taken.
    async fn broadcast_transaction(
        &self,
        transaction: Transaction,
        max_fee: Amount,
    ) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Calls an RPC method as the console does. `parameters` is an array, or an object of named parameters; `uri` is
    /// `/`, or `/wallet/NAME`.
    async fn execute_rpc(
        &self,
        method: String,
        parameters: Json,
        uri: String,
    ) -> Result<Result<Json, RpcFailure>, InterfaceError>;

    /// The names of all RPC methods, sorted.
    async fn list_rpc_commands(&self) -> Result<Vec<String>, InterfaceError>;

    /// The node's wallets; `None` where it has none and will have none.
    async fn wallet_loader(&self) -> Result<Option<Arc<dyn WalletLoader>>, InterfaceError>;

    /// Tells `events` of what happens from now on, until the handler is dropped.
    async fn handle_events(&self, events: Arc<dyn NodeEvents>) -> Result<Arc<dyn Handler>, InterfaceError>;
}
