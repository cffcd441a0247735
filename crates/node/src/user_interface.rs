//! The node's `Node`: what user interfaces ask of it, and what they are told.

mod ask;
mod events;
mod follow;
#[cfg(test)]
mod listener;
mod network;
mod running;
mod settings;
#[cfg(test)]
pub(crate) mod tests;

use std::sync::Arc;
use std::time::Duration;

use app::RunningSettings;
use async_trait::async_trait;
use bitcoin::{Amount, BlockHash, OutPoint, Transaction};
use interfaces::{
    Ban, BlockTip, Coin, ConnectionDirection, FeeRate, Handler, InterfaceError, Json, LocalAddress,
    LogCategory, Network, NetworkProxy, NodeEvents, PeerStats, Refusal, RpcFailure, Secret, StartedAt,
    UnixTime, WalletLoader,
};
use rpc::Caller;
use serde_json::json;

pub(crate) use ask::{coin, interface_rate};
pub(crate) use events::Events;
pub(crate) use follow::follow;
pub(crate) use running::{Current, Running};

use crate::served::failed;
use crate::spawned::Spawned;
use crate::state::NodeState;

/// The node as one user can call it.
pub(crate) struct OwnNode {
    running: Current,
    user: String,
    /// The process whose parent is in charge of the node's life; none where the node runs by itself.
    spawned: Option<Arc<Spawned>>,
}

impl OwnNode {
    /// A node that runs by itself.
    pub(crate) fn new(running: Arc<Running>, user: String) -> Self {
        let current = Current::default();
        current.set(running);
        Self {
            running: current,
            user,
            spawned: None,
        }
    }

    /// A node that its caller starts.
    pub(crate) fn to_start(spawned: Arc<Spawned>) -> Self {
        Self {
            running: spawned.running().clone(),
            user: app::cookie::COOKIE_USER.to_owned(),
            spawned: Some(spawned),
        }
    }

    fn running(&self) -> Result<Arc<Running>, InterfaceError> {
        self.running.get().ok_or_else(|| failed("the node does not run"))
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeState) -> T + Send + 'static,
    ) -> Result<T, InterfaceError> {
        self.running()?.blocking(|node| Ok(work(node))).await
    }

    /// Who asks about settings.
    fn caller(&self) -> settings::Caller {
        match &self.spawned {
            Some(_) => settings::Caller::Parent,
            None => settings::Caller::Other,
        }
    }

    /// Changes settings on a thread that may wait for the disk.
    async fn change(
        &self,
        change: impl FnOnce(&RunningSettings) -> Result<(), InterfaceError> + Send + 'static,
    ) -> Result<(), InterfaceError> {
        let running = self.running()?;
        let settings = running.settings.clone();
        let changing = running.runtime.spawn_blocking(move || change(&settings));
        changing.await.unwrap_or_else(|error| Err(failed(error)))
    }

    fn refuse<T>() -> Result<Result<T, Refusal>, InterfaceError> {
        Ok(Err(Refusal::new("The node is running already.")))
    }
}

#[async_trait]
impl interfaces::Node for OwnNode {
    async fn initialize(&self, arguments: Vec<Secret>) -> Result<Result<(), Refusal>, InterfaceError> {
        match &self.spawned {
            Some(spawned) => spawned.initialize(arguments).await,
            None => Self::refuse(),
        }
    }

    async fn start(&self) -> Result<Result<StartedAt, Refusal>, InterfaceError> {
        let Some(spawned) = &self.spawned else {
            return Self::refuse();
        };
        match spawned.start().await? {
            Ok(()) => Ok(Ok(self.ask(ask::started_at).await?)),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn start_shutdown(&self) -> Result<(), InterfaceError> {
        match &self.spawned {
            Some(spawned) => spawned.shutdown().request(),
            None => self.running()?.shutdown.request(),
        }
        Ok(())
    }

    /// Of a node that runs by itself its caller learns of the end from the end of the connection.
    async fn shut_down(&self) -> Result<(), InterfaceError> {
        self.start_shutdown().await?;
        match &self.spawned {
            Some(spawned) => _ = spawned.finish().await,
            None => std::future::pending().await,
        }
        Ok(())
    }

    async fn shutdown_requested(&self) -> Result<bool, InterfaceError> {
        Ok(match &self.spawned {
            Some(spawned) => spawned.shutdown().is_requested(),
            None => self.running()?.shutdown.is_requested(),
        })
    }

    async fn get_exit_status(&self) -> Result<i32, InterfaceError> {
        if let Some(status) = self.spawned.as_ref().and_then(|spawned| spawned.exit_status()) {
            return Ok(status.into());
        }
        let failure = self.running()?.node.get().ok().and_then(|node| node.failure());
        Ok(i32::from(failure.is_some()))
    }

    async fn get_warnings(&self) -> Result<Vec<String>, InterfaceError> {
        let warning = self
            .running()?
            .node
            .get()
            .map_or_else(|_| String::new(), |node| node.warnings.text());
        Ok(Some(warning)
            .filter(|warning| !warning.is_empty())
            .into_iter()
            .collect())
    }

    async fn get_log_categories(&self) -> Result<Vec<LogCategory>, InterfaceError> {
        let categories = self.running()?.log.categories().into_iter();
        let categories = categories.map(|(name, active)| LogCategory {
            name: name.to_owned(),
            active,
        });
        Ok(categories.collect())
    }

    async fn is_setting_ignored(&self, name: String) -> Result<bool, InterfaceError> {
        Ok(self.running()?.settings.is_on_command_line(&name))
    }

    async fn get_persistent_setting(&self, name: String) -> Result<Option<Json>, InterfaceError> {
        let running = self.running()?;
        settings::persistent(&running.settings, self.caller(), &name)
    }

    async fn update_rw_setting(&self, name: String, value: Option<Json>) -> Result<(), InterfaceError> {
        let caller = self.caller();
        self.change(move |settings| settings::store(settings, caller, &name, value))
            .await
    }

    async fn force_setting(&self, name: String, value: Option<Json>) -> Result<(), InterfaceError> {
        let caller = self.caller();
        self.change(move |settings| settings::force(settings, caller, &name, value))
            .await
    }

    async fn reset_settings(&self) -> Result<(), InterfaceError> {
        self.change(|settings| settings.reset().map_err(failed)).await
    }

    /// The node speaks to no router, as upstream's does that was built without UPnP and NAT-PMP.
    async fn map_port(&self, _enable: bool) -> Result<(), InterfaceError> {
        self.running()?;
        Ok(())
    }

    async fn get_proxy(&self, network: Network) -> Result<Option<NetworkProxy>, InterfaceError> {
        Ok(network::proxy(&self.running()?.loaded()?.network, network))
    }

    async fn get_node_count(&self, _direction: ConnectionDirection) -> Result<u64, InterfaceError> {
        self.running()?;
        Ok(0)
    }

    async fn get_nodes_stats(&self) -> Result<Vec<PeerStats>, InterfaceError> {
        self.running()?;
        Ok(Vec::new())
    }

    async fn get_banned(&self) -> Result<Vec<Ban>, InterfaceError> {
        self.ask(network::bans).await
    }

    async fn ban(
        &self,
        subnet: String,
        duration: Option<Duration>,
    ) -> Result<Result<(), Refusal>, InterfaceError> {
        self.ask(move |node| network::ban(node, &subnet, duration)).await
    }

    async fn unban(&self, subnet: String) -> Result<bool, InterfaceError> {
        self.ask(move |node| network::unban(node, &subnet)).await
    }

    async fn disconnect_by_address(&self, _address: String) -> Result<bool, InterfaceError> {
        self.running()?;
        Ok(false)
    }

    async fn disconnect_by_id(&self, _id: i64) -> Result<bool, InterfaceError> {
        self.running()?;
        Ok(false)
    }

    async fn get_total_bytes_received(&self) -> Result<u64, InterfaceError> {
        self.running()?;
        Ok(0)
    }

    async fn get_total_bytes_sent(&self) -> Result<u64, InterfaceError> {
        self.running()?;
        Ok(0)
    }

    async fn get_net_local_addresses(&self) -> Result<Vec<LocalAddress>, InterfaceError> {
        Ok(network::own_addresses(&self.running()?.loaded()?.network))
    }

    async fn set_network_active(&self, active: bool) -> Result<(), InterfaceError> {
        self.running()?.loaded()?.network.set_active(active);
        Ok(())
    }

    async fn get_network_active(&self) -> Result<bool, InterfaceError> {
        Ok(self.running()?.loaded()?.network.is_active())
    }

    async fn get_mempool_size(&self) -> Result<u64, InterfaceError> {
        self.ask(|node| node.pool.with(|pool| pool.len() as u64)).await
    }

    async fn get_mempool_dynamic_usage(&self) -> Result<u64, InterfaceError> {
        self.ask(|node| node.pool.with(|pool| pool.usage() as u64)).await
    }

    async fn get_mempool_max_usage(&self) -> Result<u64, InterfaceError> {
        self.ask(|node| node.pool.with(|pool| pool.config().max_usage as u64))
            .await
    }

    async fn get_header_tip(&self) -> Result<Option<BlockTip>, InterfaceError> {
        self.ask(|node| ask::header_tip(&node.chain.tree())).await
    }

    async fn get_num_blocks(&self) -> Result<u32, InterfaceError> {
        self.ask(|node| ask::tip(&node.chain.tree()).map_or(0, |tip| tip.block.height))
            .await
    }

    async fn get_best_block_hash(&self) -> Result<BlockHash, InterfaceError> {
        self.ask(|node| ask::tip_or_genesis(&node.chain).block.hash).await
    }

    async fn get_last_block_time(&self) -> Result<UnixTime, InterfaceError> {
        self.ask(|node| ask::tip_or_genesis(&node.chain).time).await
    }

    async fn get_verification_progress(&self) -> Result<f64, InterfaceError> {
        self.ask(|node| node.chain.verification_progress()).await
    }

    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError> {
        self.ask(|node| node.chain.is_initial_block_download()).await
    }

    async fn is_loading_blocks(&self) -> Result<bool, InterfaceError> {
        Ok(self.running()?.loaded()?.chain.is_rebuilding())
    }

    async fn get_dust_relay_fee(&self) -> Result<FeeRate, InterfaceError> {
        self.ask(|node| ask::interface_rate(node.pool.with(|pool| pool.config().dust)))
            .await
    }

    async fn get_unspent_output(&self, outpoint: OutPoint) -> Result<Option<Coin>, InterfaceError> {
        let running = self.running()?;
        running.blocking(move |node| ask::coin(node, &outpoint)).await
    }

    async fn broadcast_transaction(
        &self,
        transaction: Transaction,
        max_fee: Amount,
    ) -> Result<Result<(), Refusal>, InterfaceError> {
        let running = self.running()?;
        let _under_way = running.calls.begin().await;
        self.ask(move |node| ask::broadcast(node, transaction, max_fee))
            .await
    }

    async fn execute_rpc(
        &self,
        method: String,
        parameters: Json,
        uri: String,
    ) -> Result<Result<Json, RpcFailure>, InterfaceError> {
        let running = self.running()?;
        let _under_way = running.calls.begin().await;
        let request = json!({ "method": method, "params": parameters, "id": null }).to_string();
        let caller = Caller {
            user: self.user.clone(),
            peer: None,
            uri,
        };
        let service = Arc::clone(&running.service);
        let answering = async move { service.answer(request.into_bytes(), caller).await };
        match running.runtime.spawn(answering).await.map_err(failed)? {
            Ok(answer) => ask::read_answer(&answer.to_json()),
            Err(rpc::Refusal::Forbidden) => Err(InterfaceError::not_allowed("Node.executeRpc")),
            Err(refusal) => ask::read_answer(&refusal.to_json()),
        }
    }

    async fn list_rpc_commands(&self) -> Result<Vec<String>, InterfaceError> {
        Ok(self.running()?.dispatcher.method_names())
    }

    async fn wallet_loader(&self) -> Result<Option<Arc<dyn WalletLoader>>, InterfaceError> {
        self.running()?;
        Ok(None)
    }

    async fn handle_events(&self, events: Arc<dyn NodeEvents>) -> Result<Arc<dyn Handler>, InterfaceError> {
        if let Some(spawned) = &self.spawned {
            return Ok(spawned.follow(events));
        }
        let running = self.running()?;
        Ok(running.events.follow(events, &running.runtime))
    }
}
