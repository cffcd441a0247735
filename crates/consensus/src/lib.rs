//! Syscoin's consensus rules over `bitcoin` types.
//!
//! Owns what makes a header, a transaction or a block valid, and what differs from chain to chain. Reads no file, asks no
//! clock and logs nothing: what a rule needs to know of the chain, its caller passes.

mod activation;
pub mod limits;
mod network;
pub mod params;

pub use activation::Activation;
pub use network::Network;
pub use params::Params;
