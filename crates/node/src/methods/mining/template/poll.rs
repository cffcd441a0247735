//! Waiting until a template is out of date.

use std::time::Duration;

use bitcoin::BlockHash;
use rpc::{RpcError, code};
use tokio::time::{Instant, sleep_until};

use crate::state::NodeState;

/// What a template was made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Watched {
    /// The tip that it is on.
    pub(super) tip: BlockHash,
    /// The state that the pool was in.
    pub(super) updates: u64,
}

/// When it is looked whether the pool has changed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    first: Duration,
    then: Duration,
}

/// As BIP 22's clients know it from upstream.
pub(super) const PACE: Pace = Pace {
    first: Duration::from_secs(60),
    then: Duration::from_secs(10),
};

/// Waits for another tip, which is told at once, or for another pool, which is looked at rarely: each time, all who wait
/// get a whole template.
///
/// # Errors
/// When the node stops.
pub(super) async fn wait(node: &NodeState, watched: &Watched, pace: Pace) -> Result<(), RpcError> {
    let mut tips = node.tips();
    let mut look_at = Instant::now() + pace.first;
    loop {
        tokio::select! {
            biased;
            () = node.shutdown.requested() => {
                return Err(RpcError::new(code::CLIENT_NOT_CONNECTED, "Shutting down"));
            }
            // The sender lives as long as the node.
            _ = tips.wait_for(|tip| tip.is_none_or(|tip| tip.hash != watched.tip)) => return Ok(()),
            () = sleep_until(look_at) => {
                if node.pool.updates() != watched.updates {
                    return Ok(());
                }
                look_at += pace.then;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, mpsc};

    use bitcoin::Txid;
    use bitcoin::hashes::Hash as _;

    use super::*;
    use crate::mining::tests::{mine_one, miner};

    const SOON: Pace = Pace {
        first: Duration::from_millis(1),
        then: Duration::from_millis(1),
    };

    fn now(node: &NodeState) -> Watched {
        Watched {
            tip: node.tips().borrow().unwrap().hash,
            updates: node.pool.updates(),
        }
    }

    #[tokio::test]
    async fn waiting_ends_with_another_tip_or_another_pool_or_the_node() {
        let (_directory, mining) = miner();
        let node = mining.node.get().unwrap();
        let watched = now(node);
        let (waited, ()) = tokio::join!(wait(node, &watched, PACE), mine_one(&mining));
        assert_eq!(waited, Ok(()));
        assert_eq!(wait(node, &watched, PACE).await, Ok(()), "it is out of date");

        let watched = now(node);
        let change = async {
            // Until this is polled, the pool was looked at and found as it was.
            tokio::time::sleep(Duration::from_millis(5)).await;
            node.pool.with(|pool| pool.prioritise(Txid::all_zeros(), 1));
        };
        let (waited, ()) = tokio::join!(wait(node, &watched, SOON), change);
        assert_eq!(waited, Ok(()));
        assert_ne!(now(node), watched);

        let watched = now(node);
        let (waited, ()) = tokio::join!(wait(node, &watched, SOON), async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            node.shutdown.request();
        });
        let expected = RpcError::new(code::CLIENT_NOT_CONNECTED, "Shutting down");
        assert_eq!(waited, Err(expected));
    }

    #[tokio::test]
    async fn waiting_keeps_no_thread_busy_while_the_pool_is_at_work() {
        let (_directory, mining) = miner();
        let node = mining.node.get().unwrap();
        let watched = now(node);
        let (begin, begun) = mpsc::channel();
        let (finish, finished) = mpsc::channel();
        let own = Arc::clone(node);
        let working = std::thread::spawn(move || {
            own.pool.with(|_pool| {
                begin.send(()).unwrap();
                finished.recv_timeout(Duration::from_secs(60))
            })
        });
        begun.recv().unwrap();
        // The one thread of this runtime looks at the pool again and again, and at the time in between.
        let waited = tokio::time::timeout(Duration::from_millis(20), wait(node, &watched, SOON));
        assert!(waited.await.is_err());
        finish.send(()).unwrap();
        working.join().unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_pool_that_has_changed_is_noticed_only_when_it_is_looked_at() {
        let (_directory, mining) = miner();
        let node = mining.node.get().unwrap();
        let watched = now(node);
        node.pool.with(|pool| pool.prioritise(Txid::all_zeros(), 1));
        let early = tokio::time::timeout(Duration::from_millis(20), wait(node, &watched, PACE));
        assert!(early.await.is_err());
        assert_eq!(wait(node, &watched, SOON).await, Ok(()));
    }
}
