//! A template on the tip.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::block::{Header, Version};
use bitcoin::script::Builder;
use bitcoin::{Amount, Transaction, TxMerkleNode};
use chain::mining::{NextBlock, Template, seal};
use consensus::block::{WITNESS_RESERVED_VALUE, merkle_branch};
use interfaces::{
    BlockCreateOptions, BlockTemplate, BlockVerdict, BlockWaitOptions, CoinbaseTx, InterfaceError,
};
use tokio::sync::watch;

use super::convert::{own_block, plain_block, submit};
use super::holdings::Share;
use super::{Assembled, Contents, OwnMining, assemble};
use crate::served::failed;
use crate::state::NodeState;

/// Where the difficulty falls after this time without a block, a template of that difficulty is made.
const PATIENCE: Duration = Duration::from_secs(20 * 60);

/// How often it is looked whether it did, and whether fees have risen.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A template of the node's.
#[derive(Clone)]
pub(super) struct OwnTemplate(Arc<Made>);

struct Made {
    mining: OwnMining,
    next: NextBlock,
    template: Template,
    options: BlockCreateOptions,
    /// How often the pool had changed before.
    pool_updates: u64,
    _share: Share,
    /// How often waits for the next template were told to end.
    interrupts: watch::Sender<u64>,
}

impl OwnTemplate {
    /// Makes one, whose coinbase pays to anyone.
    pub(super) fn make(
        mining: OwnMining,
        node: &NodeState,
        options: BlockCreateOptions,
    ) -> Result<Self, InterfaceError> {
        mining.holdings.check().map_err(failed)?;
        let pool_updates = node.pool.updates();
        let anyone = Builder::new().push_int(1).into_script();
        let contents = match options.use_mempool {
            true => Contents::Pool(node.miner.config().room_beside(&options)),
            false => Contents::Given(Vec::new()),
        };
        let Assembled { next, template } = assemble(node, &anyone, &contents, 1).map_err(failed)?;
        let size = template.block.total_size();
        let share = mining.holdings.take(size).map_err(failed)?;
        Ok(Self(Arc::new(Made {
            mining,
            next,
            template,
            options,
            pool_updates,
            _share: share,
            interrupts: watch::Sender::new(0),
        })))
    }
}

impl Made {
    fn coinbase(&self) -> &Transaction {
        &self.template.block.transactions[0]
    }

    /// Whether the template's target is harder than what the chain asks for by now.
    fn is_too_hard(&self, node: &NodeState) -> bool {
        let has_minimum = node.chain.params().work.minimum_difficulty_after.is_some();
        let age = node.chain.clock().now().saturating_sub(self.next.time.into());
        has_minimum && age > PATIENCE.as_secs()
    }

    /// Waits until a template that was made now would pay so much more.
    async fn paid_more(&self, threshold: Amount) -> Result<(), InterfaceError> {
        if threshold >= Amount::MAX_MONEY || !self.options.use_mempool {
            return std::future::pending().await;
        }
        let node = self.mining.loaded()?;
        let then: Amount = self.template.fees.iter().copied().sum();
        let (next, room) = (self.next.clone(), node.miner.config().room_beside(&self.options));
        let mut now = then;
        let mut seen = self.pool_updates;
        loop {
            // What is in a block depends on the pool alone, as long as the tip stays.
            let updates = node.pool.updates();
            if updates != seen {
                let next = next.clone();
                let select = move |node: &NodeState| Ok(node.pool.select(&next, room));
                let selected = self.mining.blocking(select).await?;
                now = selected.iter().map(|selected| selected.fee).sum();
                seen = updates;
            }
            if now >= then + threshold {
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Waits until there is something better. False where there will not be.
    async fn wait(
        &self,
        interrupts: watch::Receiver<u64>,
        options: BlockWaitOptions,
    ) -> Result<bool, InterfaceError> {
        let node = self.mining.loaded()?;
        let previous = self.next.previous;
        let is_easier = async {
            while !self.is_too_hard(&node) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        let changed = self
            .mining
            .wait_for_tip(interrupts, options.timeout, |tip| tip.hash != previous);
        tokio::select! {
            tip = changed => Ok(tip?.is_some_and(|tip| tip.hash != previous)),
            () = is_easier => Ok(true),
            paid = self.paid_more(options.fee_threshold) => paid.map(|()| true),
        }
    }
}

#[async_trait]
impl BlockTemplate for OwnTemplate {
    async fn get_block_header(&self) -> Result<Header, InterfaceError> {
        Ok(*self.0.template.block.header.pure())
    }

    async fn get_block(&self) -> Result<bitcoin::Block, InterfaceError> {
        Ok(plain_block(&self.0.template.block))
    }

    async fn get_tx_fees(&self) -> Result<Vec<Amount>, InterfaceError> {
        Ok(self.0.template.fees.clone())
    }

    async fn get_tx_sigops(&self) -> Result<Vec<u32>, InterfaceError> {
        let costs = self.0.template.sigop_costs.iter();
        Ok(costs
            .map(|cost| u32::try_from(*cost).unwrap_or(u32::MAX))
            .collect())
    }

    async fn get_coinbase_tx(&self) -> Result<CoinbaseTx, InterfaceError> {
        let coinbase = self.0.coinbase();
        let prefix = Builder::new()
            .push_int(i64::from(self.0.next.height))
            .into_script();
        Ok(CoinbaseTx {
            version: coinbase.version.0.cast_unsigned(),
            sequence: coinbase.input[0].sequence.to_consensus_u32(),
            script_sig_prefix: prefix,
            witness: Some(WITNESS_RESERVED_VALUE),
            block_reward_remaining: coinbase.output[0].value,
            required_outputs: coinbase.output[1..].to_vec(),
            lock_time: coinbase.lock_time.to_consensus_u32(),
        })
    }

    async fn get_coinbase_merkle_path(&self) -> Result<Vec<TxMerkleNode>, InterfaceError> {
        Ok(merkle_branch(&self.0.template.block.transactions))
    }

    async fn submit_solution(
        &self,
        version: u32,
        timestamp: u32,
        nonce: u32,
        coinbase: Transaction,
    ) -> Result<BlockVerdict, InterfaceError> {
        let mut block = plain_block(&self.0.template.block);
        block.header.version = Version::from_consensus(version.cast_signed());
        block.header.time = timestamp;
        block.header.nonce = nonce;
        block.txdata[0] = coinbase;
        self.0
            .mining
            .blocking(move |node| match own_block(block) {
                Ok(mut block) => {
                    seal(&mut block);
                    submit(node, block)
                }
                Err(verdict) => Ok(verdict),
            })
            .await
    }

    async fn wait_next(
        &self,
        options: BlockWaitOptions,
    ) -> Result<Option<Arc<dyn BlockTemplate>>, InterfaceError> {
        // Timers are the runtime's, whoever calls.
        let made = Arc::clone(&self.0);
        let interrupts = self.0.interrupts.subscribe();
        let waiting = async move { made.wait(interrupts, options).await };
        let is_better = self.0.mining.runtime.spawn(waiting).await.map_err(failed)??;
        if !is_better {
            return Ok(None);
        }
        Ok(Some(self.0.mining.make(self.0.options.clone()).await?))
    }

    async fn interrupt_wait(&self) -> Result<(), InterfaceError> {
        self.0.interrupts.send_modify(|count| *count += 1);
        Ok(())
    }
}
