//! Addresses of other nodes: what they are, and which of them a node remembers.
//!
//! Owns the kinds of addresses with their texts, the two tables of an [`AddressManager`], which nobody can fill who has
//! few addresses of his own, and the format of `peers.dat`. Opens no file, asks no clock and connects to nobody: callers
//! pass bytes and the time, in seconds since 1970.

mod address;
mod bucket;
mod check;
mod endpoint;
mod entry;
mod file;
mod group;
mod manager;
mod network;
mod random;

pub use address::{InvalidAddress, NetAddress};
pub use check::Inconsistency;
pub use endpoint::Endpoint;
pub use entry::{Entry, PeerAddress};
pub use file::{PeersError, read, write};
pub use manager::{AddressManager, Place, Table};
pub use network::Network;
