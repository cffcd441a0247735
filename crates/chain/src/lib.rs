//! The chain that a node holds: its blocks and coins, on disk and in memory.
//!
//! What makes a block valid is of `consensus`; what is kept of it is of this crate. Knows no peers, no RPC and no tasks:
//! threads and locks do here.

pub mod coin;
pub mod coins;
mod compress;
pub mod database;
pub mod files;
pub mod index;
mod position;
pub mod snapshot;
pub mod undo;

pub use position::FilePosition;
