//! Calls that wait for something to happen, and whose callers are gone by then.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bitcoin::{BlockHash, Transaction, Txid, Wtxid};
use interfaces::{
    BlockCheckOptions, BlockCreateOptions, BlockRef, BlockTemplate, BlockVerdict, Echo, Init, InterfaceError,
    LocalInit, Mining,
};
use tokio::sync::Semaphore;

use super::support::{Journal, StockClient, local, make_thread, serve, within};
use crate::EventLoop;

/// Whose tip never changes.
#[derive(Clone)]
struct Waiting {
    journal: Journal,
    interrupted: Arc<Semaphore>,
}

#[async_trait]
impl Init for Waiting {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        LocalInit.make_echo().await
    }

    async fn make_mining(&self) -> Result<Arc<dyn Mining>, InterfaceError> {
        Ok(Arc::new(self.clone()))
    }
}

#[async_trait]
impl Mining for Waiting {
    async fn wait_tip_changed(
        &self,
        _: BlockHash,
        _: Option<Duration>,
    ) -> Result<Option<BlockRef>, InterfaceError> {
        self.journal.write("begin");
        let interrupted = self.interrupted.acquire().await;
        assert!(interrupted.is_err(), "it has no permits");
        self.journal.write("end");
        Ok(None)
    }

    async fn interrupt(&self) -> Result<(), InterfaceError> {
        self.interrupted.close();
        Ok(())
    }

    async fn is_test_chain(&self) -> Result<bool, InterfaceError> {
        Err(unneeded())
    }

    async fn is_initial_block_download(&self) -> Result<bool, InterfaceError> {
        Err(unneeded())
    }

    async fn get_tip(&self) -> Result<Option<BlockRef>, InterfaceError> {
        Err(unneeded())
    }

    async fn create_new_block(
        &self,
        _: BlockCreateOptions,
        _: bool,
    ) -> Result<Option<Arc<dyn BlockTemplate>>, InterfaceError> {
        Err(unneeded())
    }

    async fn check_block(
        &self,
        _: bitcoin::Block,
        _: BlockCheckOptions,
    ) -> Result<BlockVerdict, InterfaceError> {
        Err(unneeded())
    }

    async fn submit_block(&self, _: bitcoin::Block) -> Result<BlockVerdict, InterfaceError> {
        Err(unneeded())
    }

    async fn get_transactions_by_tx_id(
        &self,
        _: Vec<Txid>,
    ) -> Result<Vec<Option<Transaction>>, InterfaceError> {
        Err(unneeded())
    }

    async fn get_transactions_by_witness_id(
        &self,
        _: Vec<Wtxid>,
    ) -> Result<Vec<Option<Transaction>>, InterfaceError> {
        Err(unneeded())
    }
}

fn unneeded() -> InterfaceError {
    InterfaceError::unsupported("what no test here calls")
}

#[test]
fn waits_end_when_their_caller_is_gone() {
    local(async {
        let server = EventLoop::start("waits").unwrap();
        let waiting = Waiting {
            journal: Journal::default(),
            interrupted: Arc::new(Semaphore::new(0)),
        };
        let client = StockClient::connect(serve(&server, Arc::new(waiting.clone())));
        let threads = client.threads().await;
        let mut request = client.init.make_mining_request();
        let thread = make_thread(&threads, "first").await.unwrap();
        request.get().init_context().set_thread(thread);
        let answer = within(request.send().promise).await.unwrap();
        let mining = answer.get().unwrap().get_result().unwrap();
        let mut calls = Vec::new();
        for name in ["second", "third"] {
            let mut request = mining.wait_tip_changed_request();
            let thread = make_thread(&threads, name).await.unwrap();
            request.get().init_context().set_thread(thread);
            request.get().set_current_tip(&[0; 32]);
            calls.push(tokio::task::spawn_local(request.send().promise));
        }
        let count = |expected: &str| {
            let lines = waiting.journal.lines();
            lines.iter().filter(|line| *line == expected).count()
        };
        within(async {
            while count("begin") < 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        // As far as it goes, they might wait for ever.
        client.threads().await;
        assert_eq!(count("end"), 0);
        client.disconnect();
        within(async {
            while count("end") < 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
    });
}
