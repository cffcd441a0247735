//! The node's `Chain`: what wallets ask of it, and what they are told.
//!
//! Of settings it tells and changes those that are wallets' alone: a wallet that was taken over by somebody must not become
//! a way to the rest of the node.

mod blocks;
mod notify;
mod pool;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use bitcoin::{Amount, BlockHash, OutPoint, Transaction, Txid};
use chain::indexes::BlockId;
use interfaces::{
    BlockFilterKind, BlockLocator, BlockParts, BroadcastMethod, Chain, ChainRole, Coin, CommonAncestor,
    FeeEstimate, FeeEstimateMode, FeeRate, FoundBlock, Handler, InterfaceError, Json, MessageStyle,
    Notifications, PackageLimits, RbfState, Refusal, RpcCommand, RpcMethod, TransactionAncestry, UnixTime,
};

pub(crate) use notify::Observers;

use crate::awaited;
use crate::state::NodeState;
use crate::user_interface::{Event, Running, failed, interface_rate};

/// The chain of a node, as its wallets see it.
pub(crate) struct OwnChain {
    running: Arc<Running>,
}

impl OwnChain {
    pub(crate) fn new(running: Arc<Running>) -> Self {
        Self { running }
    }

    async fn ask<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeState) -> T + Send + 'static,
    ) -> Result<T, InterfaceError> {
        self.running.blocking(|node| Ok(work(node))).await
    }

    async fn find(
        &self,
        parts: BlockParts,
        find: impl FnOnce(&chain::tree::BlockTree) -> Option<chain::tree::EntryId> + Send + 'static,
    ) -> Result<Option<FoundBlock>, InterfaceError> {
        self.running
            .blocking(move |node| blocks::found(node, find, parts))
            .await
    }

    async fn pool_rate(
        &self,
        rate: impl FnOnce(&mempool::Config) -> mempool::FeeRate + Send + 'static,
    ) -> Result<FeeRate, InterfaceError> {
        self.ask(|node| interface_rate(node.pool.with(|pool| rate(pool.config()))))
            .await
    }

    fn say(&self, text: String, style: MessageStyle) {
        self.running.events.send(&Event::Message(text, style));
    }
}

/// A setting that is a wallet's concern.
fn check_setting(name: &str, method: &str) -> Result<(), InterfaceError> {
    match awaited::is_of_wallets(name) {
        true => Ok(()),
        false => Err(InterfaceError::not_allowed(method)),
    }
}

#[async_trait]
impl Chain for OwnChain {
    async fn get_height(&self) -> Result<Option<u32>, InterfaceError> {
        self.ask(|node| {
            let tree = node.chain.tree();
            tree.tip().map(|tip| tree.entry(tip).height)
        })
        .await
    }

    async fn get_block_hash(&self, height: u32) -> Result<Option<BlockHash>, InterfaceError> {
        self.ask(move |node| {
            let tree = node.chain.tree();
            tree.active(height).map(|id| tree.entry(id).hash)
        })
        .await
    }

    async fn have_block_on_disk(&self, height: u32) -> Result<bool, InterfaceError> {
        self.ask(move |node| {
            let tree = node.chain.tree();
            tree.active(height).is_some_and(|id| tree.entry(id).has_data())
        })
        .await
    }

    async fn find_locator_fork(&self, locator: BlockLocator) -> Result<Option<u32>, InterfaceError> {
        self.ask(move |node| blocks::fork_height(&node.chain.tree(), &locator))
            .await
    }

    async fn get_tip_locator(&self) -> Result<BlockLocator, InterfaceError> {
        self.ask(|node| {
            let tree = node.chain.tree();
            let tip = tree.tip();
            tip.map_or(BlockLocator { have: Vec::new() }, |tip| {
                blocks::locator(&tree, tip)
            })
        })
        .await
    }

    async fn get_active_chain_locator(
        &self,
        block: BlockHash,
    ) -> Result<Option<BlockLocator>, InterfaceError> {
        self.ask(move |node| {
            let tree = node.chain.tree();
            let last = blocks::active_ancestor(&tree, tree.find(&block)?)?;
            Some(blocks::locator(&tree, last))
        })
        .await
    }

    async fn find_block(
        &self,
        block: BlockHash,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError> {
        self.find(parts, move |tree| tree.find(&block)).await
    }

    async fn find_first_block_with_time_and_height(
        &self,
        min_time: UnixTime,
        min_height: u32,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError> {
        self.find(parts, move |tree| {
            blocks::first_since(tree, min_time.seconds(), min_height)
        })
        .await
    }

    async fn find_ancestor_by_height(
        &self,
        block: BlockHash,
        height: u32,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError> {
        self.find(parts, move |tree| tree.ancestor(tree.find(&block)?, height))
            .await
    }

    async fn find_ancestor_by_hash(
        &self,
        block: BlockHash,
        ancestor: BlockHash,
        parts: BlockParts,
    ) -> Result<Option<FoundBlock>, InterfaceError> {
        self.find(parts, move |tree| {
            let (block, ancestor) = (tree.find(&block)?, tree.find(&ancestor)?);
            let there = tree.ancestor(block, tree.entry(ancestor).height)?;
            (there == ancestor).then_some(ancestor)
        })
        .await
    }

    async fn find_common_ancestor(
        &self,
        first: BlockHash,
        second: BlockHash,
        parts: BlockParts,
    ) -> Result<CommonAncestor, InterfaceError> {
        self.running
            .blocking(move |node| blocks::common_ancestor(node, first, second, parts))
            .await
    }

    async fn has_blocks(
        &self,
        block: BlockHash,
        min_height: u32,
        max_height: Option<u32>,
    ) -> Result<bool, InterfaceError> {
        self.ask(move |node| blocks::has_blocks(&node.chain.tree(), &block, min_height, max_height))
            .await
    }

    async fn guess_verification_progress(&self, block: BlockHash) -> Result<f64, InterfaceError> {
        self.ask(move |node| {
            let tree = node.chain.tree();
            let height = tree.find(&block).map_or(0, |id| tree.entry(id).height);
            let best = tree.best_header().map_or(0, |best| tree.entry(best).height);
            (f64::from(height) / f64::from(best.max(1))).min(1.0)
        })
        .await
    }

    async fn have_pruned(&self) -> Result<bool, InterfaceError> {
        self.ask(|node| node.chain.is_pruned()).await
    }

    async fn is_ready_to_broadcast(&self) -> Result<bool, InterfaceError> {
        self.ask(|node| !node.chain.is_rebuilding() && !node.chain.is_initial_block_download())
            .await
    }

    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError> {
        self.ask(|node| node.chain.is_initial_block_download()).await
    }

    async fn has_assumed_valid_chain(&self) -> Result<bool, InterfaceError> {
        self.ask(|node| notify::role(node) == ChainRole::AssumedValid)
            .await
    }

    async fn has_block_filter_index(&self, kind: BlockFilterKind) -> Result<bool, InterfaceError> {
        let BlockFilterKind::Basic = kind;
        self.ask(|node| node.indexes.filters.is_some()).await
    }

    async fn block_filter_matches_any(
        &self,
        kind: BlockFilterKind,
        block: BlockHash,
        elements: Vec<Vec<u8>>,
    ) -> Result<Option<bool>, InterfaceError> {
        let BlockFilterKind::Basic = kind;
        self.running
            .blocking(move |node| {
                let Some(index) = &node.indexes.filters else {
                    return Ok(None);
                };
                let height = {
                    let tree = node.chain.tree();
                    tree.find(&block).map(|id| tree.entry(id).height)
                };
                let Some(height) = height else {
                    return Ok(None);
                };
                let id = BlockId { height, hash: block };
                let scripts = elements.iter().map(Vec::as_slice);
                index.matches_any(&id, scripts).map_err(failed)
            })
            .await
    }

    async fn find_coins(&self, outpoints: Vec<OutPoint>) -> Result<Vec<Option<Coin>>, InterfaceError> {
        self.running
            .blocking(move |node| pool::coins(node, &outpoints))
            .await
    }

    async fn is_rbf_opt_in(&self, transaction: Transaction) -> Result<RbfState, InterfaceError> {
        self.ask(move |node| node.pool.with(|pool| pool::rbf_state(pool, &transaction)))
            .await
    }

    async fn is_in_mempool(&self, txid: Txid) -> Result<bool, InterfaceError> {
        self.ask(move |node| node.pool.has(&txid)).await
    }

    async fn has_descendants_in_mempool(&self, txid: Txid) -> Result<bool, InterfaceError> {
        self.ask(move |node| {
            node.pool
                .with(|pool| pool.get(&txid).is_some_and(|entry| !entry.children.is_empty()))
        })
        .await
    }

    async fn broadcast_transaction(
        &self,
        transaction: Transaction,
        max_fee: Amount,
        method: BroadcastMethod,
    ) -> Result<Result<(), Refusal>, InterfaceError> {
        let _under_way = self.running.calls.begin().await;
        self.ask(move |node| pool::broadcast(node, transaction, max_fee, method))
            .await
    }

    async fn get_transaction_ancestry(
        &self,
        txid: Txid,
    ) -> Result<Option<TransactionAncestry>, InterfaceError> {
        self.ask(move |node| node.pool.with(|pool| pool::ancestry(pool, &txid)))
            .await
    }

    async fn calculate_individual_bump_fees(
        &self,
        outpoints: Vec<OutPoint>,
        target: FeeRate,
    ) -> Result<Vec<Amount>, InterfaceError> {
        let count = outpoints.len();
        let lacking = self
            .ask(move |node| {
                let rate = pool::own_rate(target);
                node.pool.with(|pool| pool.individual_bump_fees(&outpoints, rate))
            })
            .await?;
        // Where it cannot be told, wallets go on as if nothing was lacking.
        let lacking = lacking.unwrap_or_else(|| vec![0; count]);
        Ok(lacking.into_iter().map(Amount::from_sat).collect())
    }

    async fn calculate_combined_bump_fee(
        &self,
        outpoints: Vec<OutPoint>,
        target: FeeRate,
    ) -> Result<Option<Amount>, InterfaceError> {
        self.ask(move |node| {
            let rate = pool::own_rate(target);
            let lacking = node.pool.with(|pool| pool.combined_bump_fee(&outpoints, rate));
            lacking.map(Amount::from_sat)
        })
        .await
    }

    async fn get_package_limits(&self) -> Result<PackageLimits, InterfaceError> {
        self.ask(|node| node.pool.with(|pool| pool::limits(pool))).await
    }

    async fn check_chain_limits(
        &self,
        transaction: Transaction,
    ) -> Result<Result<(), Refusal>, InterfaceError> {
        self.ask(move |node| node.pool.with(|pool| pool::check_limits(pool, &transaction)))
            .await
    }

    async fn estimate_smart_fee(
        &self,
        target_blocks: u32,
        mode: FeeEstimateMode,
    ) -> Result<FeeEstimate, InterfaceError> {
        self.ask(move |node| pool::estimate(node, target_blocks, mode))
            .await
    }

    async fn estimate_max_blocks(&self) -> Result<u32, InterfaceError> {
        self.ask(pool::highest_target).await
    }

    async fn mempool_min_fee(&self) -> Result<FeeRate, InterfaceError> {
        self.ask(|node| {
            let now = node.chain.clock().now();
            let least = node
                .pool
                .with(|pool| pool.minimum_rate(now).max(pool.config().min_relay));
            interface_rate(least)
        })
        .await
    }

    async fn relay_min_fee(&self) -> Result<FeeRate, InterfaceError> {
        self.pool_rate(|config| config.min_relay).await
    }

    async fn relay_incremental_fee(&self) -> Result<FeeRate, InterfaceError> {
        self.pool_rate(|config| config.incremental).await
    }

    async fn relay_dust_fee(&self) -> Result<FeeRate, InterfaceError> {
        self.pool_rate(|config| config.dust).await
    }

    async fn request_mempool_transactions(
        &self,
        notifications: Arc<dyn Notifications>,
    ) -> Result<(), InterfaceError> {
        let all: Vec<Arc<Transaction>> = self
            .ask(|node| {
                node.pool
                    .with(|pool| pool.iter().map(|entry| Arc::clone(&entry.transaction)).collect())
            })
            .await?;
        for transaction in all {
            notifications
                .transaction_added_to_mempool(Transaction::clone(&transaction))
                .await?;
        }
        Ok(())
    }

    async fn init_message(&self, message: String) -> Result<(), InterfaceError> {
        self.running.events.send(&Event::InitMessage(message));
        Ok(())
    }

    async fn init_warning(&self, message: String) -> Result<(), InterfaceError> {
        tracing::warn!("{message}");
        self.say(message, MessageStyle::Warning);
        Ok(())
    }

    async fn init_error(&self, message: String) -> Result<(), InterfaceError> {
        tracing::error!("{message}");
        self.say(message, MessageStyle::Error);
        Ok(())
    }

    async fn show_progress(
        &self,
        title: String,
        percent: u8,
        resume_possible: bool,
    ) -> Result<(), InterfaceError> {
        self.running.events.send(&Event::Progress {
            title,
            percent,
            resume_possible,
        });
        Ok(())
    }

    async fn shutdown_requested(&self) -> Result<bool, InterfaceError> {
        Ok(self.running.shutdown.is_requested())
    }

    async fn handle_notifications(
        &self,
        notifications: Arc<dyn Notifications>,
    ) -> Result<Arc<dyn Handler>, InterfaceError> {
        let node = self.running.loaded()?;
        let observers = node.observers.clone();
        Ok(observers.follow(notifications, node, &self.running.runtime))
    }

    async fn wait_for_notifications_if_tip_changed(&self, old_tip: BlockHash) -> Result<(), InterfaceError> {
        let node = self.running.loaded()?;
        let tip = *node.tips().borrow();
        if tip.is_none_or(|tip| tip.hash != old_tip) {
            node.observers.all_heard().await;
        }
        Ok(())
    }

    /// The node's table of methods is made before it has wallets, and stays as it is.
    async fn handle_rpc(
        &self,
        _command: RpcCommand,
        _method: Arc<dyn RpcMethod>,
    ) -> Result<Arc<dyn Handler>, InterfaceError> {
        Err(InterfaceError::unsupported("Chain.handleRpc"))
    }

    async fn rpc_enable_deprecated(&self, method: String) -> Result<bool, InterfaceError> {
        Ok(self.running.args.texts("deprecatedrpc").contains(&method))
    }

    async fn get_setting(&self, name: String) -> Result<Option<Json>, InterfaceError> {
        check_setting(&name, "Chain.getSetting")?;
        Ok(self.running.args.text(&name).map(Json::from))
    }

    async fn get_settings_list(&self, name: String) -> Result<Vec<Json>, InterfaceError> {
        check_setting(&name, "Chain.getSettingsList")?;
        let values = self.running.args.texts(&name).into_iter();
        Ok(values.map(Json::from).collect())
    }

    async fn get_rw_setting(&self, name: String) -> Result<Option<Json>, InterfaceError> {
        check_setting(&name, "Chain.getRwSetting")?;
        Err(InterfaceError::unsupported("Chain.getRwSetting"))
    }

    async fn update_rw_setting(
        &self,
        name: String,
        _expected: Option<Json>,
        _value: Option<Json>,
        _write: bool,
    ) -> Result<bool, InterfaceError> {
        check_setting(&name, "Chain.updateRwSetting")?;
        Err(InterfaceError::unsupported("Chain.updateRwSetting"))
    }
}
