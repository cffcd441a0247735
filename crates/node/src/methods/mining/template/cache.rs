//! The template that is given until there is a reason for another one.

use std::sync::{Arc, Mutex, PoisonError};

use bitcoin::BlockHash;
use bitcoin::script::Builder;
use rpc::RpcError;

use crate::methods::blockchain::tip_of;
use crate::mining::{Assembled, Contents, assemble};
use crate::state::NodeState;

/// For how many seconds a template is given though the pool has changed.
const KEPT_FOR: u64 = 5;

/// A template, and when it was made.
#[derive(Debug)]
pub(super) struct Cached {
    pub(super) assembled: Assembled,
    /// The state that the pool was in.
    pub(super) updates: u64,
    made_at: u64,
}

/// The last template.
#[derive(Debug, Default)]
pub(super) struct Cache(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    template: Option<Arc<Cached>>,
    /// The state that the pool was in when a template was made last.
    updates: u64,
}

/// The tip of the best chain.
pub(super) fn tip(node: &NodeState) -> Result<BlockHash, RpcError> {
    let tree = node.chain.tree();
    Ok(tree.entry(tip_of(&tree)?).hash)
}

impl Cache {
    /// The state that the pool was in when a template was made last.
    pub(super) fn last_updates(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).updates
    }

    /// The template as it is now. Those who ask meanwhile wait for it.
    pub(super) fn current(&self, node: &NodeState) -> Result<Arc<Cached>, RpcError> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tip = tip(node)?;
        let updates = node.pool.with(|pool| pool.updates());
        let now = node.chain.clock().now();
        if let Some(template) = &last.template
            && template.assembled.next.previous == tip
            && (template.updates == updates || now.saturating_sub(template.made_at) <= KEPT_FOR)
        {
            return Ok(Arc::clone(template));
        }
        last.template = None;
        last.updates = updates;
        // Miners put their own coinbase in its place.
        let anyone = Builder::new().push_int(1).into_script();
        let contents = Contents::Pool(node.miner.config().room());
        let template = Arc::new(Cached {
            assembled: assemble(node, &anyone, &contents, 1)?,
            updates,
            made_at: now,
        });
        last.template = Some(Arc::clone(&template));
        Ok(template)
    }
}
