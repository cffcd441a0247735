//! The interfaces at which processes meet: object-safe async traits over owned data.
//!
//! Owns the traits, what their calls can fail with, and the implementations that need no process of their own.
//! Knows nothing of sockets, schemas or processes: a caller holds a `dyn` trait and cannot tell a local object from a
//! remote one. Nothing here does I/O.

mod echo;
mod error;
mod init;
#[cfg(feature = "test-suite")]
pub mod suite;

pub use echo::{Echo, LocalEcho};
pub use error::{Disconnection, InterfaceError};
pub use init::{Init, LocalInit};
