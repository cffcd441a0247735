//! A test rig as those have it who wrote theirs for upstream: the same calls, files and checks, in the same order.
//!
//! It knows nodes from outside alone, and drives whatever `SYSCOIND` and `SYSCOINCLI` name. What a node answers is
//! written down, so that two nodes, or two ways to one, can be held against each other.

mod answer;
mod client;
mod commands;
mod node;
mod prepared_chain;
mod proxy;

pub use answer::{Answer, Transcript, Wanted};
pub use node::RigNode;
pub use prepared_chain::{PREPARED_BLOCKS, PreparedChain, RIG_KEYS};

/// How the rig reaches a node's methods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By JSON-RPC over HTTP.
    Http,
    /// By the command-line client.
    Commands,
}
