//! Syscoin's consensus rules over `bitcoin` types.
//!
//! Owns what makes a header, a transaction or a block valid, and what differs from chain to chain. Reads no file, asks no
//! clock and logs nothing: what a rule needs to know of the chain, its caller passes.

mod activation;
pub mod address;
pub mod auxpow;
pub mod block;
pub mod compact;
mod error;
pub mod header;
pub mod limits;
pub mod masternode;
mod network;
pub mod nevm;
pub mod params;
pub mod pow;
pub mod script;
pub mod subsidy;
pub mod transaction;
pub mod version;
pub mod vote;
pub mod work;

pub use activation::Activation;
pub use error::{BlockResult, TransactionResult};
pub use network::Network;
pub use params::Params;
