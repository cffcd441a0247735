//! What is kept on disk, from outside: as upstream publishes it, and through faults.

#![expect(clippy::unwrap_used, reason = "all of it is a test")]

mod faults;
mod mining;
mod snapshot;
mod steps;
