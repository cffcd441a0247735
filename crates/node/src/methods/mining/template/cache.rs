//! The template that is given until there is a reason for another one.

use std::sync::atomic::{AtomicU64, Ordering};
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
pub(super) struct Cache {
    last: Mutex<Option<Arc<Cached>>>,
    /// The state that the pool was in when a template was made last. It is read without waiting for a new template.
    updates: AtomicU64,
}

/// The tip of the best chain.
pub(super) fn tip(node: &NodeState) -> Result<BlockHash, RpcError> {
    let tree = node.chain.tree();
    Ok(tree.entry(tip_of(&tree)?).hash)
}

impl Cache {
    /// The state that the pool was in when a template was made last.
    pub(super) fn last_updates(&self) -> u64 {
        self.updates.load(Ordering::Relaxed)
    }

    /// The template as it is now. Those who ask meanwhile wait for it.
    pub(super) fn current(&self, node: &NodeState) -> Result<Arc<Cached>, RpcError> {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let tip = tip(node)?;
        let updates = node.pool.with(|pool| pool.updates());
        let now = node.chain.clock().now();
        if let Some(template) = &*last
            && template.assembled.next.previous == tip
            && (template.updates == updates || now.saturating_sub(template.made_at) <= KEPT_FOR)
        {
            return Ok(Arc::clone(template));
        }
        *last = None;
        self.updates.store(updates, Ordering::Relaxed);
        // Miners put their own coinbase in its place.
        let anyone = Builder::new().push_int(1).into_script();
        let contents = Contents::Pool(node.miner.config().room());
        let template = Arc::new(Cached {
            assembled: assemble(node, &anyone, &contents, 1)?,
            updates,
            made_at: now,
        });
        *last = Some(Arc::clone(&template));
        Ok(template)
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::Txid;
    use bitcoin::hashes::Hash as _;
    use proptest::prelude::*;
    use tokio::runtime::Runtime;

    use super::*;
    use crate::mining::tests::{mine_one, miner};

    /// What happens to a node.
    #[derive(Debug, Clone)]
    enum Happening {
        Block,
        Pool,
        Seconds(u64),
        Question,
    }

    fn happening() -> impl Strategy<Value = Happening> {
        prop_oneof![
            1 => Just(Happening::Block),
            3 => Just(Happening::Pool),
            3 => (0_u64..8).prop_map(Happening::Seconds),
            6 => Just(Happening::Question),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(6))]

        #[test]
        fn templates_are_on_the_tip_and_as_old_as_they_may_be(
            happenings in prop::collection::vec(happening(), 40..120),
        ) {
            let runtime = Runtime::new().unwrap();
            let (_directory, mining) = runtime.block_on(async { miner() });
            let node = mining.node.get().unwrap();
            let cache = Cache::default();
            let mut now = node.chain.clock().now();
            node.chain.clock().set(now);
            let mut previous: Option<Arc<Cached>> = None;
            for happening in happenings {
                match happening {
                    Happening::Block => runtime.block_on(mine_one(&mining)),
                    Happening::Pool => node.pool.with(|pool| pool.prioritise(Txid::all_zeros(), 1)),
                    Happening::Seconds(seconds) => {
                        now += seconds;
                        node.chain.clock().set(now);
                    }
                    Happening::Question => {
                        let template = cache.current(node).unwrap();
                        let updates = node.pool.with(|pool| pool.updates());
                        prop_assert_eq!(template.assembled.next.previous, tip(node).unwrap());
                        prop_assert!(template.updates == updates || now - template.made_at <= KEPT_FOR);
                        prop_assert_eq!(cache.last_updates(), template.updates);
                        if let Some(previous) = previous.take() {
                            // There is another one only where there was a reason.
                            let is_outdated = previous.assembled.next.previous != tip(node).unwrap()
                                || (previous.updates != updates && now - previous.made_at > KEPT_FOR);
                            prop_assert_eq!(Arc::ptr_eq(&previous, &template), !is_outdated);
                        }
                        previous = Some(template);
                    }
                }
            }
        }
    }
}
