//! Objects that are passed to calls and called back meanwhile, with a C++ process at the other end: it and we find out
//! that each call runs on the thread that waits, however deep they are in each other.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use interfaces::{InterfaceError, LoadWalletListener, Wallet, WalletLoader, suite};

use super::super::parent::{link, run, within};
use super::{parent_of_peer, peer, program, supervise};

/// Calls in each other, besides the first.
const DEPTH: usize = 20;

/// Adds another listener from within each call, until there are enough.
struct Growing {
    loader: Arc<dyn WalletLoader>,
    n_more: usize,
    n_calls: Arc<AtomicUsize>,
}

#[async_trait]
impl LoadWalletListener for Growing {
    async fn wallet_loaded(&self, wallet: Arc<dyn Wallet>) -> Result<(), InterfaceError> {
        drop(wallet);
        self.n_calls.fetch_add(1, Ordering::SeqCst);
        if self.n_more > 0 {
            let another = Self {
                loader: Arc::clone(&self.loader),
                n_more: self.n_more - 1,
                n_calls: Arc::clone(&self.n_calls),
            };
            self.loader.handle_load_wallet(Arc::new(another)).await?;
        }
        Ok(())
    }
}

pub(super) fn a_cpp_child_calls_back() {
    let parent = parent_of_peer("cpp-wallet");
    run(async {
        let (supervisor, init) = supervise(&parent, "cpp-wallet").await;
        let chain = within(suite::recorder().make_chain()).await.unwrap();
        let loader = within(init.make_wallet_loader(chain)).await.unwrap();
        let n_calls = Arc::new(AtomicUsize::new(0));
        let growing = Growing {
            loader: Arc::clone(&loader),
            n_more: DEPTH,
            n_calls: Arc::clone(&n_calls),
        };
        let handler = within(loader.handle_load_wallet(Arc::new(growing)))
            .await
            .unwrap();
        assert_eq!(n_calls.load(Ordering::SeqCst), DEPTH + 1);
        within(handler.disconnect()).await.unwrap();
        drop((handler, loader, init, supervisor));
        parent.finish().await;
    });
}

pub(super) fn our_child_calls_a_cpp_parent_back() {
    let directory = tempfile::tempdir().unwrap();
    link(directory.path(), "recording-child");
    let mut command = Command::new(peer());
    command
        .arg(directory.path().join("recording-child"))
        .arg(DEPTH.to_string());
    let printed = program::check_run(&mut command);
    let expected = format!("called back {} times\nexit status 0\n", DEPTH + 1);
    assert_eq!(printed, expected);
}
