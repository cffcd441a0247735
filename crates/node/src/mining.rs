//! The node's `Mining`: what miners, pools and providers of Stratum v2 templates ask for over IPC.

mod assembly;
mod convert;
mod holdings;
mod options;
mod template;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::{BlockHash, Transaction, Txid, Wtxid};
use consensus::block::{BlockChecks, transactions_root};
use consensus::limits::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT};
use consensus::pow::check_proof_of_work;
use interfaces::{
    BlockCheckOptions, BlockCreateOptions, BlockRef, BlockTemplate, BlockVerdict, InterfaceError, Mining,
};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::served::{self, failed};
use crate::state::{Node, NodeState, Tip};
pub(crate) use assembly::{Assembled, AssemblyError, Contents, Miner, assemble};
pub(crate) use convert::plain_block;
use convert::{own_block, refused};
pub(crate) use holdings::Holdings;
pub(crate) use options::{config, options};
use template::OwnTemplate;

/// The least weight that is kept free for the header and the coinbase.
const LEAST_RESERVED: u64 = 2_000;

/// Makes templates of the node's chain.
#[derive(Clone)]
pub(crate) struct OwnMining {
    pub(crate) node: Node,
    /// The runtime that calls are to run on: the caller's thread may be one that must not be kept busy.
    pub(crate) runtime: Handle,
    holdings: Holdings,
    /// How often waits were told to end.
    interrupts: Arc<watch::Sender<u64>>,
}

impl OwnMining {
    /// For a client that holds these templates, maybe by way of others of these.
    pub(crate) fn new(node: Node, runtime: Handle, holdings: Holdings) -> Self {
        Self {
            node,
            runtime,
            holdings,
            interrupts: Arc::new(watch::Sender::new(0)),
        }
    }

    /// The node, once it has loaded its chain.
    fn loaded(&self) -> Result<Arc<NodeState>, InterfaceError> {
        served::loaded(&self.node)
    }

    /// Does what may take long on a thread that may wait.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&NodeState) -> Result<T, InterfaceError> + Send + 'static,
    ) -> Result<T, InterfaceError> {
        served::blocking(&self.runtime, self.loaded()?, work).await
    }

    /// Makes a template on the tip, when the client's others are made.
    async fn make(&self, options: BlockCreateOptions) -> Result<Arc<dyn BlockTemplate>, InterfaceError> {
        let turn = self.holdings.turn().await;
        let this = self.clone();
        let making = self.blocking(move |node| {
            // Whoever does not wait any more does not end this.
            let _turn = turn;
            OwnTemplate::make(this, node, options)
        });
        Ok(Arc::new(making.await?))
    }

    /// Waits until the tip is as it should be. `None` where the node stops or `interrupts` changes, and the tip as it is
    /// when the time is over.
    async fn wait_for_tip(
        &self,
        mut interrupts: watch::Receiver<u64>,
        timeout: Option<Duration>,
        is_awaited: impl Fn(&Tip) -> bool + Send,
    ) -> Result<Option<Tip>, InterfaceError> {
        let node = self.loaded()?;
        let mut tips = node.tips();
        let over = async {
            match timeout {
                None => std::future::pending().await,
                Some(timeout) => tokio::time::sleep(timeout).await,
            }
        };
        tokio::select! {
            biased;
            // The senders live as long as the node and this object.
            _ = tips.wait_for(|tip| tip.as_ref().is_some_and(&is_awaited)) => {}
            () = node.shutdown.requested() => return Ok(None),
            _ = interrupts.changed() => return Ok(None),
            () = over => {}
        }
        Ok(*node.tips().borrow())
    }
}

fn block_ref(tip: Tip) -> BlockRef {
    BlockRef {
        hash: tip.hash,
        height: tip.height,
    }
}

#[async_trait]
impl Mining for OwnMining {
    async fn is_test_chain(&self) -> Result<bool, InterfaceError> {
        Ok(self.loaded()?.chain.params().network != consensus::Network::Main)
    }

    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError> {
        Ok(self.loaded()?.chain.is_initial_block_download())
    }

    async fn get_tip(&self) -> Result<Option<BlockRef>, InterfaceError> {
        Ok(self.loaded()?.tips().borrow().map(block_ref))
    }

    async fn wait_tip_changed(
        &self,
        current_tip: BlockHash,
        timeout: Option<Duration>,
    ) -> Result<Option<BlockRef>, InterfaceError> {
        let this = self.clone();
        // An interruption that comes from now on counts.
        let interrupts = self.interrupts.subscribe();
        let waiting = async move {
            this.wait_for_tip(interrupts, timeout, |tip| tip.hash != current_tip)
                .await
        };
        let tip = self.runtime.spawn(waiting).await.map_err(failed)??;
        Ok(tip.map(block_ref))
    }

    async fn create_new_block(
        &self,
        options: BlockCreateOptions,
        cooldown: bool,
    ) -> Result<Option<Arc<dyn BlockTemplate>>, InterfaceError> {
        check_options(&options)?;
        if cooldown {
            let this = self.clone();
            let interrupts = self.interrupts.subscribe();
            let waiting = async move {
                // A block connects before the first download is known to be over.
                let node = this.loaded()?;
                this.wait_for_tip(interrupts, None, |_| !node.chain.is_initial_block_download())
                    .await
            };
            if self.runtime.spawn(waiting).await.map_err(failed)??.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(self.make(options).await?))
    }

    async fn check_block(
        &self,
        block: bitcoin::Block,
        options: BlockCheckOptions,
    ) -> Result<BlockVerdict, InterfaceError> {
        self.blocking(move |node| {
            let block = match own_block(block) {
                Ok(block) => block,
                Err(verdict) => return Ok(verdict),
            };
            let params = node.chain.params();
            if options.check_pow && check_proof_of_work(&block.header, params).is_err() {
                return Ok(refused("high-hash", "proof of work failed"));
            }
            let root = transactions_root(&block.transactions).root;
            if options.check_merkle_root && root != block.header.pure().merkle_root {
                return Ok(refused("bad-txnmrklroot", "hashMerkleRoot mismatch"));
            }
            let checks = match (options.check_pow, options.check_merkle_root) {
                (true, true) => BlockChecks::All,
                (false, true) => BlockChecks::Proposal,
                (_, false) => BlockChecks::Template,
            };
            let tested = node.chain.test_block(&block, checks);
            Ok(match tested.map_err(|error| failed(node.fail(&error)))? {
                Ok(()) => BlockVerdict::Accepted,
                Err(rejection) => refused(&rejection.reason, &rejection.details),
            })
        })
        .await
    }

    async fn interrupt(&self) -> Result<(), InterfaceError> {
        self.interrupts.send_modify(|count| *count += 1);
        Ok(())
    }

    async fn submit_block(&self, block: bitcoin::Block) -> Result<BlockVerdict, InterfaceError> {
        self.blocking(move |node| match own_block(block) {
            Ok(block) => convert::submit(node, block),
            Err(verdict) => Ok(verdict),
        })
        .await
    }

    async fn get_transactions_by_tx_id(
        &self,
        txids: Vec<Txid>,
    ) -> Result<Vec<Option<Transaction>>, InterfaceError> {
        let node = self.loaded()?;
        let find = |pool: &mut mempool::Mempool| txids.iter().map(|txid| whole(pool.get(txid))).collect();
        Ok(node.pool.with(find))
    }

    async fn get_transactions_by_witness_id(
        &self,
        wtxids: Vec<Wtxid>,
    ) -> Result<Vec<Option<Transaction>>, InterfaceError> {
        let node = self.loaded()?;
        let find = |pool: &mut mempool::Mempool| {
            let found = wtxids.iter().map(|wtxid| whole(pool.get_by_wtxid(wtxid)));
            found.collect()
        };
        Ok(node.pool.with(find))
    }
}

fn whole(entry: Option<&mempool::Entry>) -> Option<Transaction> {
    entry.map(|entry| Transaction::clone(&entry.transaction))
}

/// Refuses what no block could be made of.
fn check_options(options: &BlockCreateOptions) -> Result<(), InterfaceError> {
    let reserved = options.block_reserved_weight;
    if !(LEAST_RESERVED..=MAX_BLOCK_WEIGHT).contains(&reserved) {
        return Err(failed(format!(
            "block_reserved_weight ({reserved}) must be from {LEAST_RESERVED} to {MAX_BLOCK_WEIGHT}"
        )));
    }
    let sigops = options.coinbase_output_max_additional_sigops;
    if sigops > MAX_BLOCK_SIGOPS_COST {
        return Err(failed(format!(
            "coinbase_output_max_additional_sigops ({sigops}) must be {MAX_BLOCK_SIGOPS_COST} at most"
        )));
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests;
