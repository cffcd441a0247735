//! What observers of a chain of a few blocks hear.

use bitcoin::hashes::Hash as _;
use interfaces::Chain as _;

use super::super::OwnChain;
use super::super::tests::chain_of;
use super::*;
use crate::mining::tests::mine_one;

/// Writes down what it hears.
#[derive(Default)]
struct Observer(Mutex<Vec<String>>);

impl Observer {
    fn hear(&self, what: String) -> Result<(), InterfaceError> {
        self.0.lock().unwrap().push(what);
        Ok(())
    }
}

#[async_trait]
impl Notifications for Observer {
    async fn transaction_added_to_mempool(&self, _transaction: Transaction) -> Result<(), InterfaceError> {
        self.hear("added".to_owned())
    }

    async fn transaction_removed_from_mempool(
        &self,
        _transaction: Transaction,
        reason: RemovalReason,
    ) -> Result<(), InterfaceError> {
        self.hear(format!("removed {reason:?}"))
    }

    async fn block_connected(&self, role: ChainRole, block: BlockInfo) -> Result<(), InterfaceError> {
        assert_eq!(role, ChainRole::Normal);
        assert_eq!(block.data.unwrap().block_hash(), block.hash);
        self.hear(format!("connected {}", block.height))
    }

    async fn block_disconnected(&self, block: BlockInfo) -> Result<(), InterfaceError> {
        assert!(block.previous.is_some() && block.data.is_some());
        self.hear(format!("disconnected {}", block.height))
    }

    async fn updated_block_tip(&self) -> Result<(), InterfaceError> {
        self.hear("tip".to_owned())
    }

    async fn chain_state_flushed(
        &self,
        _role: ChainRole,
        locator: BlockLocator,
    ) -> Result<(), InterfaceError> {
        self.hear(format!("flushed {}", locator.have.len()))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_are_told_in_their_order_and_can_be_waited_for() {
    let (_directory, mining, chain) = chain_of(1).await;
    let observer = Arc::new(Observer::default());
    let handler = chain
        .handle_notifications(Arc::clone(&observer) as Arc<dyn Notifications>)
        .await
        .unwrap();
    let tip = chain.get_block_hash(1).await.unwrap().unwrap();
    chain.wait_for_notifications_if_tip_changed(tip).await.unwrap();
    mine_one(&mining).await;
    let node = chain.running.loaded().unwrap();
    let flushing = Arc::clone(&node);
    tokio::task::spawn_blocking(move || flushing.chain.flush())
        .await
        .unwrap()
        .unwrap();
    let changing = Arc::clone(&node);
    let invalidating = tokio::task::spawn_blocking(move || {
        let id = changing.chain.tree().tip().unwrap();
        changing.chain.invalidate_block(id).unwrap();
        id
    });
    let second = invalidating.await.unwrap();
    let waiting = chain.wait_for_notifications_if_tip_changed(BlockHash::all_zeros());
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap()
        .unwrap();
    let expected = ["connected 2", "tip", "flushed 3", "disconnected 2", "tip"];
    assert_eq!(*observer.0.lock().unwrap(), expected);
    handler.disconnect().await.unwrap();
    tokio::task::spawn_blocking(move || node.chain.reconsider_block(second))
        .await
        .unwrap()
        .unwrap();
    chain
        .wait_for_notifications_if_tip_changed(BlockHash::all_zeros())
        .await
        .unwrap();
    assert_eq!(*observer.0.lock().unwrap(), expected);
}

/// Never answers.
struct Mute;

#[async_trait]
impl Notifications for Mute {
    async fn transaction_added_to_mempool(&self, _: Transaction) -> Result<(), InterfaceError> {
        std::future::pending().await
    }

    async fn transaction_removed_from_mempool(
        &self,
        _: Transaction,
        _: RemovalReason,
    ) -> Result<(), InterfaceError> {
        std::future::pending().await
    }

    async fn block_connected(&self, _: ChainRole, _: BlockInfo) -> Result<(), InterfaceError> {
        std::future::pending().await
    }

    async fn block_disconnected(&self, _: BlockInfo) -> Result<(), InterfaceError> {
        std::future::pending().await
    }

    async fn updated_block_tip(&self) -> Result<(), InterfaceError> {
        std::future::pending().await
    }

    async fn chain_state_flushed(&self, _: ChainRole, _: BlockLocator) -> Result<(), InterfaceError> {
        std::future::pending().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_waits_for_what_others_do_not_hear() {
    let (_directory, mining, chain) = chain_of(1).await;
    let other = OwnChain::new(Arc::clone(&chain.running));
    let _mute = other.handle_notifications(Arc::new(Mute)).await.unwrap();
    let observer = Arc::new(Observer::default());
    let _handler = chain
        .handle_notifications(Arc::clone(&observer) as Arc<dyn Notifications>)
        .await
        .unwrap();
    mine_one(&mining).await;
    let waiting = chain.wait_for_notifications_if_tip_changed(BlockHash::all_zeros());
    tokio::time::timeout(Duration::from_secs(30), waiting)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(*observer.0.lock().unwrap(), ["connected 2", "tip"]);
    let waiting = other.wait_for_notifications_if_tip_changed(BlockHash::all_zeros());
    let waited = tokio::time::timeout(Duration::from_millis(10), waiting).await;
    assert!(waited.is_err(), "it waits for its own");
}
