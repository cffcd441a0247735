//! A child process that is kept running: when one ends that was not asked to, the next is started, after a pause that
//! grows while children keep ending.
//!
//! What the lost child served is lost with it. Calls that were under way have failed, and are not made again: whoever
//! made them knows whether that would be right.

use std::sync::Arc;
use std::time::Duration;

use interfaces::{Disconnection, Init, InterfaceError};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::spawning::SpawningInit;

/// The pauses before a child is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// The first pause. Each one that follows is twice as long.
    pub first: Duration,
    /// The longest pause.
    pub longest: Duration,
    /// How long a child must have run for the pauses to begin anew.
    pub steady_after: Duration,
}

impl Default for Backoff {
    /// A second, up to a minute, for children that do not run for a minute.
    fn default() -> Self {
        Self {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
            steady_after: Duration::from_secs(60),
        }
    }
}

/// A child that is kept running until this value is dropped, which lets it go.
pub struct Supervisor {
    child: watch::Receiver<State>,
    program: &'static str,
    task: JoinHandle<()>,
}

/// What there is of the child.
#[derive(Clone)]
enum State {
    /// It is being started, or will be.
    Awaited,
    Running(Arc<dyn Init>),
    /// No child is started any more.
    Over,
}

impl Supervisor {
    /// Starts `program`, which lies with the other executables, and keeps it running. To be called on the async runtime
    /// that is to see to it.
    pub fn start(spawning: Arc<SpawningInit>, program: &'static str, backoff: Backoff) -> Self {
        let (sender, child) = watch::channel(State::Awaited);
        let task = tokio::spawn(keep_running(spawning, program, backoff, sender));
        Self { child, program, task }
    }

    /// The `Init` of the child that runs; waits for one that is being started, `deadline` at most. What is made with it
    /// is lost when the child is.
    ///
    /// # Errors
    /// There is no child in time, or there will be none.
    pub async fn init(&self, deadline: Duration) -> Result<Arc<dyn Init>, InterfaceError> {
        let mut child = self.child.clone();
        let waiting = child.wait_for(|state| !matches!(state, State::Awaited));
        match tokio::time::timeout(deadline, waiting).await {
            Ok(Ok(state)) => match &*state {
                State::Running(init) => Ok(Arc::clone(init)),
                State::Awaited | State::Over => Err(InterfaceError::Disconnected(Disconnection::BeforeCall)),
            },
            // The task, which has the other end, is over.
            Ok(Err(_)) => Err(InterfaceError::Disconnected(Disconnection::BeforeCall)),
            Err(_late) => Err(InterfaceError::Unresponsive {
                peer: self.program.to_owned(),
                waited: deadline,
            }),
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn keep_running(
    spawning: Arc<SpawningInit>,
    program: &'static str,
    backoff: Backoff,
    child: watch::Sender<State>,
) {
    let mut pauses = Pauses::new(backoff);
    while !spawning.is_dismissed() {
        let begun = Instant::now();
        let lost = match spawning.start_child(program).await {
            Ok(started) => {
                child.send_replace(State::Running(started.init));
                started.ended.wait().await;
                child.send_replace(State::Awaited);
                format!("process {program} ended")
            }
            // What it says itself is that it cannot be started.
            Err(InterfaceError::Spawn { source, .. }) => format!("cannot start {program}: {source}"),
            Err(error) => format!("cannot start {program}: {error}"),
        };
        if spawning.is_dismissed() {
            break;
        }
        let pause = pauses.next(begun.elapsed());
        tracing::warn!("ipc: {lost}; it is started again in {pause:?}");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = spawning.dismissed() => {}
        }
    }
    child.send_replace(State::Over);
}

/// How long the next pause is.
struct Pauses {
    backoff: Backoff,
    next: Duration,
}

impl Pauses {
    fn new(backoff: Backoff) -> Self {
        Self {
            backoff,
            next: backoff.first,
        }
    }

    /// The pause after a child that ran for `lifetime`.
    fn next(&mut self, lifetime: Duration) -> Duration {
        if lifetime >= self.backoff.steady_after {
            self.next = self.backoff.first;
        }
        let pause = self.next.min(self.backoff.longest);
        self.next = pause.saturating_mul(2);
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_begin_anew_after_a_child_that_stayed() {
        let seconds = Duration::from_secs;
        let mut pauses = Pauses::new(Backoff {
            first: seconds(1),
            longest: seconds(5),
            steady_after: seconds(60),
        });
        let rows = [(0, 1), (0, 2), (59, 4), (0, 5), (0, 5), (60, 1), (0, 2)];
        for (lifetime, expected) in rows {
            assert_eq!(pauses.next(seconds(lifetime)), seconds(expected));
        }
    }
}
