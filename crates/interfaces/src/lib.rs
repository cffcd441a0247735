//! The interfaces at which processes meet: object-safe async traits over owned data.
//!
//! Owns the traits, what their calls can fail with, and the implementations that need no process of their own.
//! Knows nothing of sockets, schemas or processes: a caller holds a `dyn` trait and cannot tell a local object from a
//! remote one. Nothing here does I/O.

mod block;
mod echo;
mod error;
mod init;
mod mining;
mod rpc;
mod secret;
#[cfg(feature = "test-suite")]
pub mod suite;

pub use block::BlockRef;
pub use echo::{Echo, LocalEcho};
pub use error::{Disconnection, InterfaceError};
pub use init::{Init, LocalInit};
pub use mining::{
    BlockCheckOptions, BlockCreateOptions, BlockTemplate, BlockVerdict, BlockWaitOptions, CoinbaseTx, Mining,
};
pub use rpc::Rpc;
pub use secret::Secret;
