//! The request to stop, from signals or from within, and those who wait for it.

use std::io;
use std::sync::Arc;

use tokio::sync::watch;

/// A request that is made once and never taken back. Clones share it.
#[derive(Debug, Clone)]
pub struct Shutdown {
    requested: Arc<watch::Sender<bool>>,
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
            requested: Arc::new(watch::Sender::new(false)),
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
        self.requested.send_replace(true);
    }

    /// Whether it was made.
    pub fn is_requested(&self) -> bool {
        *self.requested.borrow()
    }

    /// Waits for it.
    pub async fn requested(&self) {
        let mut receiver = self.requested.subscribe();
        // The sender lives in self, so this ends by the request alone.
        let _ = receiver.wait_for(|requested| *requested).await;
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
