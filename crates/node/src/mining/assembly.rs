//! Blocks on the tip, made of what the pool or a caller has. All that the node mines or lets others mine is made here.

use std::sync::{Mutex, OnceLock, PoisonError};

use bitcoin::ScriptBuf;
use chain::Rejection;
use chain::mining::{Chosen, NextBlock, Template};
use consensus::Network;
use consensus::block::BlockChecks;
use mempool::Selected;
use rpc::{RpcError, code};

use super::options::{Config, RESERVED_WEIGHT};
use crate::pool::Room;
use crate::state::NodeState;

/// How a node makes blocks, and what the last one was like.
#[derive(Debug, Default)]
pub(crate) struct Miner {
    config: OnceLock<Config>,
    last: Mutex<Option<LastBlock>>,
}

/// The block that was made last, whether or not anybody found it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LastBlock {
    /// What its transactions weigh, with what was kept free.
    pub(crate) weight: u64,
    /// How many there were without the coinbase.
    pub(crate) transactions: usize,
}

impl Miner {
    /// Says what blocks are like. Only the first word counts; until then, the defaults hold.
    pub(crate) fn configure(&self, config: Config) {
        _ = self.config.set(config);
    }

    pub(crate) fn config(&self) -> &Config {
        self.config.get_or_init(Config::default)
    }

    /// What the last block was like, if there was one.
    pub(crate) fn last(&self) -> Option<LastBlock> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, last: LastBlock) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last);
    }
}

/// What a block consists of, besides its coinbase.
#[derive(Debug)]
pub(crate) enum Contents {
    /// The best of the unconfirmed transactions that there is room for.
    Pool(Room),
    /// These.
    Given(Vec<Chosen>),
}

/// A block without proof of work.
#[derive(Debug, Clone)]
pub(crate) struct Assembled {
    /// What the chain says of it.
    pub(crate) next: NextBlock,
    pub(crate) template: Template,
}

/// Why there is no block.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AssemblyError {
    /// Nothing can follow.
    #[error("Couldn't create new block")]
    NoTip,
    /// Coinbases must pay masternodes, and nobody here knows which.
    #[error("Masternode information has not synced, please wait until it finishes before mining!")]
    Masternodes,
    /// The chain would not take it.
    #[error("TestBlockValidity failed: {0}")]
    Invalid(Rejection),
    /// The chain cannot be read.
    #[error(transparent)]
    Chain(RpcError),
}

impl From<AssemblyError> for RpcError {
    fn from(error: AssemblyError) -> Self {
        match error {
            AssemblyError::NoTip => Self::new(code::INTERNAL_ERROR, error.to_string()),
            AssemblyError::Masternodes => Self::misc(error.to_string()),
            AssemblyError::Invalid(_) => Self::misc(format!("CreateNewBlock: {error}")),
            AssemblyError::Chain(error) => error,
        }
    }
}

/// Makes a block that the chain would take but for its work.
///
/// `extra_nonce` makes coinbases of the same height differ.
pub(crate) fn assemble(
    node: &NodeState,
    script: &ScriptBuf,
    contents: &Contents,
    extra_nonce: u32,
) -> Result<Assembled, AssemblyError> {
    loop {
        let assembled = assemble_untested(node, script, contents, extra_nonce)?;
        let tested = node
            .chain
            .test_block(&assembled.template.block, BlockChecks::Template)
            .map_err(|error| AssemblyError::Chain(node.fail(&error)))?;
        match tested {
            Ok(()) => return Ok(assembled),
            // Another block was connected meanwhile.
            Err(rejection)
                if rejection.reason == "inconclusive-not-best-prevblk" && !node.shutdown.is_requested() => {}
            Err(rejection) => return Err(AssemblyError::Invalid(rejection)),
        }
    }
}

fn assemble_untested(
    node: &NodeState,
    script: &ScriptBuf,
    contents: &Contents,
    extra_nonce: u32,
) -> Result<Assembled, AssemblyError> {
    let next = node.chain.next_block().ok_or(AssemblyError::NoTip)?;
    let params = node.chain.params();
    let pays_masternodes = match params.network {
        Network::Main | Network::Test => params.heights.dip3.is_active(next.height),
        Network::Signet | Network::Regtest => false,
    };
    if pays_masternodes {
        return Err(AssemblyError::Masternodes);
    }
    let (chosen, last) = match contents {
        Contents::Pool(room) => choose(node, &next, *room),
        Contents::Given(chosen) => {
            let nothing = LastBlock {
                weight: RESERVED_WEIGHT,
                transactions: 0,
            };
            (chosen.clone(), nothing)
        }
    };
    node.miner.note(last);
    let mut own = next.clone();
    own.version = node.miner.config().version.unwrap_or(next.version);
    let template = chain::mining::assemble(&own, chosen, script.clone(), extra_nonce);
    Ok(Assembled { next, template })
}

/// The best of the unconfirmed transactions.
fn choose(node: &NodeState, next: &NextBlock, room: Room) -> (Vec<Chosen>, LastBlock) {
    let selected = node.pool.select(next, room);
    if node.miner.config().logs_rates {
        for selected in &selected {
            tracing::info!("fee rate {} txid {}", selected.rate, selected.txid);
        }
    }
    let weight = selected.iter().map(|selected| selected.weight).sum::<u64>();
    let last = LastBlock {
        weight: room.reserved_weight + weight,
        transactions: selected.len(),
    };
    tracing::info!(
        "CreateNewBlock(): block weight: {} txs: {} fees: {} sigops {}",
        last.weight,
        last.transactions,
        selected.iter().map(|selected| selected.fee.to_sat()).sum::<u64>(),
        room.reserved_sigop_cost + selected.iter().map(|selected| selected.sigop_cost).sum::<u64>(),
    );
    let chosen = selected.into_iter().map(|selected: Selected| Chosen {
        transaction: bitcoin::Transaction::clone(&selected.transaction),
        fee: selected.fee,
        sigop_cost: selected.sigop_cost,
    });
    (chosen.collect(), last)
}
