//! The one place where a test waits.

use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// How long any single condition may take; far beyond what a loaded machine needs, so that running into it is a fault.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// How long to rest between two looks at a condition that cannot wake us up.
const PAUSE: Duration = Duration::from_millis(5);

/// Looks at `condition` until it yields a value, and gives that value.
///
/// # Errors
/// The condition's own error at once, or, after [`DEADLINE`], one that says what was awaited.
pub fn wait_until<T>(what: &str, mut condition: impl FnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(value) = condition()? {
            return Ok(value);
        }
        if start.elapsed() > DEADLINE {
            bail!("waited {} s in vain for: {what}", DEADLINE.as_secs());
        }
        thread::park_timeout(PAUSE);
    }
}
