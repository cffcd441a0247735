//! The request to stop, from signals or from within, and those who wait for it.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;

/// A request that is never taken back, though it may be made again. Clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    /// How often it was made.
    requests: Arc<watch::Sender<u64>>,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self::new()
    }
}

impl Shutdown {
    /// Not yet requested.
    pub fn new() -> Self {
        Self {
            requests: Arc::new(watch::Sender::new(0)),
        }
    }

    /// Lets SIGTERM and SIGINT (Windows: Ctrl-C) make the request, and SIGHUP reopen the log. Needs the context of a
    /// tokio runtime, which must keep running.
    ///
    /// # Errors
    /// When the system refuses a handler.
    #[cfg(unix)]
    pub fn install_signal_handlers(&self) -> io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        reopen_log_on_hangup()?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => shutdown.request(),
                    _ = interrupt.recv() => shutdown.request(),
                }
            }
        });
        Ok(())
    }

    /// Lets Ctrl-C make the request. Needs the context of a tokio runtime, which must keep running.
    ///
    /// # Errors
    /// When the system refuses a handler.
    #[cfg(windows)]
    pub fn install_signal_handlers(&self) -> io::Result<()> {
        let mut interrupt = tokio::signal::windows::ctrl_c()?;
        let shutdown = self.clone();
        tokio::spawn(async move {
            while interrupt.recv().await.is_some() {
                shutdown.request();
            }
        });
        Ok(())
    }

    /// Makes the request.
    pub fn request(&self) {
        self.requests
            .send_modify(|requests| *requests = requests.saturating_add(1));
    }

    /// Whether it was made.
    pub fn is_requested(&self) -> bool {
        *self.requests.borrow() > 0
    }

    /// Waits for it.
    pub async fn requested(&self) {
        self.made(1).await;
    }

    /// Waits until it is made a second time, by somebody who does not want to wait for what the first time began.
    pub async fn requested_again(&self) {
        self.made(2).await;
    }

    async fn made(&self, times: u64) {
        let mut receiver = self.requests.subscribe();
        // The sender lives in self, so this ends by requests alone.
        let _ = receiver.wait_for(|requests| *requests >= times).await;
    }
}

/// Lets SIGHUP reopen the log, where there is such a signal. Needs the context of a tokio runtime, which must keep running.
///
/// # Errors
/// When the system refuses a handler.
pub fn reopen_log_on_hangup() -> io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut hang_up = signal(SignalKind::hangup())?;
        tokio::spawn(async move {
            while hang_up.recv().await.is_some() {
                if let Some(handle) = crate::logging::installed() {
                    handle.reopen();
                }
            }
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiting_ends_with_the_request_before_or_after_it() {
        let shutdown = Shutdown::new();
        let waiting = tokio::spawn({
            let shutdown = shutdown.clone();
            async move { shutdown.requested().await }
        });
        assert!(!shutdown.is_requested());
        shutdown.request();
        waiting.await.unwrap();
        shutdown.requested().await;
        assert!(shutdown.is_requested());
    }

    #[tokio::test]
    async fn the_second_time_is_told_from_the_first() {
        let shutdown = Shutdown::new();
        shutdown.request();
        let again = shutdown.requested_again();
        let mut again = std::pin::pin!(again);
        let at_once = std::future::poll_fn(|context| std::task::Poll::Ready(again.as_mut().poll(context)));
        assert!(at_once.await.is_pending());
        shutdown.request();
        again.await;
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn sigterm_makes_the_request() {
        let shutdown = Shutdown::new();
        shutdown.install_signal_handlers().unwrap();
        rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::TERM).unwrap();
        tokio::time::timeout(std::time::Duration::from_secs(30), shutdown.requested())
            .await
            .unwrap();
    }
}
