//! The publishing side of ZeroMQ: messages for whoever subscribes, over TCP or a socket in the file system.
//!
//! Speaks ZMTP 3.0 (<https://rfc.zeromq.org/spec/23/>), which libzmq 4 and everything built on it understands, without
//! authentication (the mechanism `NULL`). Deliberate absences: nothing subscribes here, nobody is asked who he is, and
//! nothing is kept for a subscriber that is not connected.

mod connection;
mod endpoint;
mod frame;
mod greeting;
mod publisher;
mod subscriptions;

pub use endpoint::{Endpoint, InvalidEndpoint};
pub use publisher::Publisher;
