//! The node: what a daemon does between its command line and its exit status.
//!
//! Owns the order of start and stop, the RPC methods of the node, and how options configure the RPC server. It does
//! not know how processes talk: an executable brings a [`Composition`] whose `Init` makes the interfaces, here or in
//! other processes.

mod awaited;
mod background;
mod chain_params;
mod coins;
mod composition;
mod disk;
mod host_port;
mod indexes;
mod later;
mod load;
mod memory;
mod methods;
mod mining;
mod network;
mod notify;
mod pool;
mod replace;
mod rest;
mod rpc_server;
mod run;
mod schedule;
mod serialization;
mod served;
mod serving;
mod shapes;
mod spawned;
mod startup;
mod state;
mod user_agent;
mod user_interface;
mod values;
mod wallet_chain;
mod warnings;
#[cfg(not(feature = "zmq"))]
mod without_zmq;
#[cfg(feature = "zmq")]
mod zmq;

pub use composition::{Compose, Composed, Composition, Finish, Serve, Surroundings, Welcome};
pub use run::{run, with_causes};
pub use spawned::SpawnedNode;
