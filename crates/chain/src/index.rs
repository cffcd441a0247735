//! The index of blocks on disk: what is known of each block that the node ever heard of, and of the files they are in.
//!
//! It is read when the node starts, and written in batches. What follows from it, such as which chain has the most work,
//! is not kept.

mod database;
mod record;

pub use database::{Flag, IndexBatch, IndexDatabase};
pub use record::{Failure, IndexRecord, Validity};
