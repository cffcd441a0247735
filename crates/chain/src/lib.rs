//! The chain that a node holds: its blocks and coins, on disk and in memory.
//!
//! What makes a block valid is of `consensus`; what is kept of it is of this crate. Knows no peers, no RPC and no tasks:
//! threads and locks do here.

mod clock;
pub mod coin;
pub mod coins;
mod compress;
pub mod connect;
pub mod database;
pub mod files;
mod headers;
pub mod index;
pub mod indexes;
mod manager;
pub mod mining;
mod observer;
mod position;
mod rejection;
pub mod snapshot;
pub mod tree;
pub mod undo;
mod unknown_votes;

pub use clock::Clock;
pub use headers::{VotesBefore, required_bits};
pub use manager::{
    ChainError, ChainState, ChainstateManager, Config, LoadedSnapshot, Processed, Pruning, Rebuild,
    STORE_CACHE, SnapshotRefusal, Verification,
};
pub use observer::{ChainObserver, LongWork};
pub use position::FilePosition;
pub use rejection::{Rejection, RejectionKind};
pub use unknown_votes::UnknownVotes;
