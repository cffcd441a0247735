//! The programs that are running, so that all can be ended when one of them fails.

mod usage;

use std::collections::BTreeSet;
use std::fs::File;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use crate::process::{Program, ProgramError};

/// The programs that are running.
#[derive(Debug, Default)]
pub(crate) struct Children {
    running: Mutex<BTreeSet<u32>>,
    cancelled: AtomicBool,
}

impl Children {
    /// Runs a program to its end, as [`Program::run`], and tells `ended` the processor time of it and of all that it
    /// ran, where the system says.
    ///
    /// # Errors
    /// It cannot be started, ends with a failure or was cancelled.
    pub(crate) fn run(
        &self,
        program: Program,
        log: &File,
        ended: impl FnOnce(Option<Duration>),
    ) -> Result<(), ProgramError> {
        let child = program.start(log)?;
        let id = child.id();
        self.lock().insert(id);
        // A cancellation before this moment did not see the child.
        if self.is_cancelled() {
            terminate(id);
        }
        wait_without_reaping(id);
        ended(usage::processor_time(id));
        // From here on the number may be given to another process.
        self.lock().remove(&id);
        child.wait()
    }

    /// Ends all running programs; those that start later are ended at once.
    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::SeqCst);
        for id in self.lock().iter() {
            terminate(*id);
        }
    }

    /// Whether [`cancel`](Self::cancel) was called.
    #[must_use]
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::SeqCst)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.running
            .lock()
            .expect("no holder panics because none calls out")
    }
}

#[cfg(unix)]
fn wait_without_reaping(id: u32) {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    if let Some(pid) = process(id) {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(pid), options), Err(rustix::io::Errno::INTR)) {}
    }
}

#[cfg(not(unix))]
fn wait_without_reaping(_: u32) {}

#[cfg(unix)]
fn process(id: u32) -> Option<rustix::process::Pid> {
    i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw)
}

/// Asks a program to end. Make passes the request on to what it runs.
#[cfg(unix)]
fn terminate(id: u32) {
    if let Some(pid) = process(id) {
        // It may have ended by itself in the meantime.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
}

#[cfg(not(unix))]
fn terminate(_: u32) {}
