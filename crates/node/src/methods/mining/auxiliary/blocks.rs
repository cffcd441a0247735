//! The blocks that were given to miners of another chain. They are kept while they could follow the tip.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bitcoin::block::Header;
use bitcoin::{BlockHash, ScriptBuf, Transaction};
use consensus::auxpow::AuxPow;
use consensus::block::Block;
use consensus::header::BlockHeader;
use rpc::RpcError;

use crate::methods::blockchain::tip_of;
use crate::mining::{Contents, assemble};
use crate::state::NodeState;

/// For how many seconds a block is given though the pool has changed.
const KEPT_FOR: u64 = 60;

/// A block that lacks the work of another chain, which its version promises.
#[derive(Debug)]
pub(super) struct AuxBlock {
    pub(super) header: Header,
    pub(super) transactions: Vec<Transaction>,
    pub(super) height: u32,
    /// The state that the pool was in when it was made.
    updates: u64,
    made_at: u64,
}

impl AuxBlock {
    /// The block with the work.
    pub(super) fn with(&self, aux_pow: AuxPow) -> Block {
        Block {
            header: BlockHeader::new(self.header, Some(aux_pow)).expect("its version promises the work"),
            transactions: self.transactions.clone(),
            nevm_data: Vec::new(),
        }
    }
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct AuxBlocks(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    /// The tip that all are on.
    previous: Option<BlockHash>,
    by_hash: HashMap<BlockHash, Arc<AuxBlock>>,
    /// The last one for each script that blocks pay to.
    by_script: HashMap<ScriptBuf, Arc<AuxBlock>>,
    /// Coinbases of the same height differ by it.
    extra_nonce: u32,
}

impl AuxBlocks {
    /// A block that was given.
    pub(super) fn find(&self, hash: &BlockHash) -> Option<Arc<AuxBlock>> {
        let given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        given.by_hash.get(hash).cloned()
    }

    /// The block for those who want it to pay to a script: the same one as before, until there is a reason for another one.
    pub(super) fn current(&self, node: &NodeState, script: &ScriptBuf) -> Result<Arc<AuxBlock>, RpcError> {
        let mut given = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tip = {
            let tree = node.chain.tree();
            tree.entry(tip_of(&tree)?).hash
        };
        if given.previous != Some(tip) {
            *given = Given {
                previous: Some(tip),
                ..Given::default()
            };
        }
        let updates = node.pool.with(|pool| pool.updates());
        let now = node.chain.clock().now();
        if let Some(block) = given.by_script.get(script)
            && (block.updates == updates || now.saturating_sub(block.made_at) <= KEPT_FOR)
        {
            return Ok(Arc::clone(block));
        }
        given.extra_nonce += 1;
        let contents = Contents::Pool(node.miner.config().room());
        let assembled = assemble(node, script, &contents, given.extra_nonce)?;
        let chain_id = node.chain.params().aux_pow.chain_id;
        let block = Arc::new(AuxBlock {
            header: Header {
                version: consensus::version::merge_mined(assembled.next.version, chain_id),
                ..*assembled.template.block.header.pure()
            },
            transactions: assembled.template.block.transactions,
            height: assembled.next.height,
            updates,
            made_at: now,
        });
        // The tip may have changed since it was looked at: the block is then out of date with the next call.
        given
            .by_hash
            .insert(block.header.block_hash(), Arc::clone(&block));
        given.by_script.insert(script.clone(), Arc::clone(&block));
        Ok(block)
    }
}
