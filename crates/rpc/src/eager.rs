//! Work that is begun by whoever waits for it, and becomes a task of its own only when it has to wait.
//!
//! Most calls never wait. A task for each would wake another thread, which takes longer than the call.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Poll;

/// Work that came to nothing. A panic's own text went to the panic hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lost {
    Panicked,
    Cancelled,
}

/// Does `work` up to its end, also when the caller stops waiting.
///
/// # Errors
/// It panics, or the runtime ends.
pub(crate) async fn finish<T: Send + 'static>(
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Lost> {
    let mut work = Box::pin(work);
    // After a panic the work is dropped, and not looked at again.
    let begun =
        poll_fn(|context| Poll::Ready(catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))));
    match begun.await {
        Ok(Poll::Ready(output)) => Ok(output),
        Ok(Poll::Pending) => tokio::spawn(work).await.map_err(|error| match error.is_panic() {
            true => Lost::Panicked,
            false => Lost::Cancelled,
        }),
        Err(_panic) => Err(Lost::Panicked),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::{Notify, Semaphore};
    use tokio::task::yield_now;

    use super::*;

    #[tokio::test]
    async fn work_that_does_not_wait_is_done_by_the_caller() {
        let caller = tokio::task::try_id();
        assert_eq!(finish(async { tokio::task::try_id() }).await, Ok(caller));
        let after_a_wait = async {
            yield_now().await;
            tokio::task::try_id()
        };
        assert_ne!(finish(after_a_wait).await, Ok(caller));
    }

    #[tokio::test]
    async fn work_is_done_when_nobody_waits_for_it_any_more() {
        let (begun, gate, done) = (
            Arc::new(Notify::new()),
            Arc::new(Semaphore::new(0)),
            Arc::new(Notify::new()),
        );
        let work = {
            let (begun, gate, done) = (Arc::clone(&begun), Arc::clone(&gate), Arc::clone(&done));
            async move {
                begun.notify_one();
                _ = gate.acquire().await;
                done.notify_one();
            }
        };
        let waiting = tokio::spawn(finish(work));
        begun.notified().await;
        waiting.abort();
        assert!(waiting.await.is_err_and(|error| error.is_cancelled()));
        gate.add_permits(1);
        done.notified().await;
    }

    #[tokio::test]
    async fn a_panic_is_told_whenever_it_happens() {
        let at_once = async { panic!("at once") };
        assert_eq!(finish::<()>(at_once).await, Err(Lost::Panicked));
        let later = async {
            yield_now().await;
            panic!("later")
        };
        assert_eq!(finish::<()>(later).await, Err(Lost::Panicked));
    }
}
