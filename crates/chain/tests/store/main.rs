//! What is kept on disk, from outside: as upstream publishes it, and through faults.

mod mining;
mod snapshot;
