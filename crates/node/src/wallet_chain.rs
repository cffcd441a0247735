//! The node's `Chain`: what wallets ask of it, and what they are told.

mod blocks;
mod methods;
mod notify;
mod own;
mod pool;
mod settings;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use async_trait::async_trait;
use bitcoin::{Amount, BlockHash, OutPoint, Transaction, Txid};
use interfaces::{
    BlockFilterKind, BlockLocator, BlockParts, BroadcastMethod, Chain, ChainRole, Coin, CommonAncestor,
    FeeEstimate, FeeEstimateMode, FeeRate, FoundBlock, Handler, InterfaceError, Json, MessageStyle,
    NodeEvent, Notifications, PackageLimits, RbfState, Refusal, RpcCommand, RpcMethod, TransactionAncestry,
    UnixTime,
};

pub(crate) use notify::{Observers, settled};
pub(crate) use own::OwnChain;

use crate::served::failed;

#[async_trait]
impl Chain for OwnChain {
    async fn get_height(&self) -> Result<Option<u32>, InterfaceError> {
        self.tree(|tree| Some(tree.entry(tree.tip()?).height)).await
    }

    async fn get_block_hash(&self, height: u32) -> Result<Option<BlockHash>, InterfaceError> {
        self.tree(move |tree| Some(tree.entry(tree.active(height)?).hash))
            .await
    }

    async fn have_block_on_disk(&self, height: u32) -> Result<bool, InterfaceError> {
        self.tree(move |tree| tree.active(height).is_some_and(|id| tree.entry(id).has_data()))
            .await
    }

    async fn find_locator_fork(&self, locator: BlockLocator) -> Result<Option<u32>, InterfaceError> {
        self.tree(move |tree| blocks::fork_height(tree, &locator)).await
    }

    async fn get_tip_locator(&self) -> Result<BlockLocator, InterfaceError> {
        self.tree(blocks::tip_locator).await
    }

    async fn get_active_chain_locator(
        &self,
        block: BlockHash,
    ) -> Result<Option<BlockLocator>, InterfaceError> {
        self.tree(move |tree| blocks::active_locator(tree, &block)).await
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
            blocks::ancestor(tree, tree.find(&block)?, tree.find(&ancestor)?)
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
        self.tree(move |tree| blocks::has_blocks(tree, &block, min_height, max_height))
            .await
    }

    async fn guess_verification_progress(&self, block: BlockHash) -> Result<f64, InterfaceError> {
        self.tree(move |tree| blocks::guessed_progress(tree, &block))
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
            .blocking(move |node| blocks::filter_matches(node, block, &elements))
            .await
    }

    async fn find_coins(&self, outpoints: Vec<OutPoint>) -> Result<Vec<Option<Coin>>, InterfaceError> {
        self.running
            .blocking(move |node| pool::coins(node, &outpoints))
            .await
    }

    async fn is_rbf_opt_in(&self, transaction: Transaction) -> Result<RbfState, InterfaceError> {
        self.pool(move |pool| pool::rbf_state(pool, &transaction)).await
    }

    async fn is_in_mempool(&self, txid: Txid) -> Result<bool, InterfaceError> {
        self.ask(move |node| node.pool.has(&txid)).await
    }

    async fn has_descendants_in_mempool(&self, txid: Txid) -> Result<bool, InterfaceError> {
        self.pool(move |pool| pool.get(&txid).is_some_and(|entry| !entry.children.is_empty()))
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
        self.pool(move |pool| pool::ancestry(pool, &txid)).await
    }

    async fn calculate_individual_bump_fees(
        &self,
        outpoints: Vec<OutPoint>,
        target: FeeRate,
    ) -> Result<Vec<Amount>, InterfaceError> {
        self.pool(move |pool| pool::individual_bump_fees(pool, &outpoints, target))
            .await
    }

    async fn calculate_combined_bump_fee(
        &self,
        outpoints: Vec<OutPoint>,
        target: FeeRate,
    ) -> Result<Option<Amount>, InterfaceError> {
        self.pool(move |pool| pool::combined_bump_fee(pool, &outpoints, target))
            .await
    }

    async fn get_package_limits(&self) -> Result<PackageLimits, InterfaceError> {
        self.pool(pool::limits).await
    }

    async fn check_chain_limits(
        &self,
        transaction: Transaction,
    ) -> Result<Result<(), Refusal>, InterfaceError> {
        self.pool(move |pool| pool::check_limits(pool, &transaction))
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
        self.ask(pool::least_rate).await
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
            .pool(|pool| pool.iter().map(|entry| Arc::clone(&entry.transaction)).collect())
            .await?;
        for transaction in all {
            notifications
                .transaction_added_to_mempool(Transaction::clone(&transaction))
                .await?;
        }
        Ok(())
    }

    async fn init_message(&self, message: String) -> Result<(), InterfaceError> {
        Self::check_text(&message)?;
        self.running.events.send(&NodeEvent::InitMessage(message));
        Ok(())
    }

    async fn init_warning(&self, message: String) -> Result<(), InterfaceError> {
        Self::check_text(&message)?;
        tracing::warn!("{message}");
        self.say(message, MessageStyle::Warning);
        Ok(())
    }

    async fn init_error(&self, message: String) -> Result<(), InterfaceError> {
        Self::check_text(&message)?;
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
        Self::check_text(&title)?;
        self.running.events.send(&NodeEvent::Progress {
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
        Ok(observers.follow(&self.observers, notifications, node, &self.running.runtime))
    }

    async fn wait_for_notifications_if_tip_changed(&self, old_tip: BlockHash) -> Result<(), InterfaceError> {
        let node = self.running.loaded()?;
        let tip = *node.tips().borrow();
        if tip.is_none_or(|tip| tip.hash != old_tip) {
            // What others of the node's clients do not hear is no reason to wait.
            self.observers.all_heard().await;
        }
        Ok(())
    }

    async fn handle_rpc(
        &self,
        command: RpcCommand,
        method: Arc<dyn RpcMethod>,
    ) -> Result<Arc<dyn Handler>, InterfaceError> {
        methods::add(&self.running, command, method)
    }

    async fn rpc_enable_deprecated(&self, method: String) -> Result<bool, InterfaceError> {
        Ok(self.running.args.texts("deprecatedrpc").contains(&method))
    }

    async fn get_setting(&self, name: String) -> Result<Option<Json>, InterfaceError> {
        settings::value(&self.running.settings, &name)
    }

    async fn get_settings_list(&self, name: String) -> Result<Vec<Json>, InterfaceError> {
        settings::list(&self.running.settings, &name)
    }

    async fn get_rw_setting(&self, name: String) -> Result<Option<Json>, InterfaceError> {
        settings::stored(&self.running.settings, &name)
    }

    async fn update_rw_setting(
        &self,
        name: String,
        expected: Option<Json>,
        value: Option<Json>,
        write: bool,
    ) -> Result<bool, InterfaceError> {
        let settings = self.running.settings.clone();
        let store = move || settings::store(&settings, &name, expected.as_ref(), value, write);
        let storing = self.running.runtime.spawn_blocking(store);
        storing.await.unwrap_or_else(|error| Err(failed(error)))
    }
}
