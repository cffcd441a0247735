//! Interfaces across processes: Cap'n Proto over Unix sockets, wire-compatible with C++ libmultiprocess.
//!
//! [`EventLoop`] is the process's one IPC thread; [`EventLoop::connect`] gives another process's `Init`, and
//! [`EventLoop::serve`] lets another process call ours. [`Listeners`] let processes connect that were started by
//! themselves. [`SpawningInit`] starts the processes that it connects to, and [`serve_parent`] is what such a process
//! does. What is handed out are the traits of crate `interfaces`: this is the
//! only crate that names capnp, and nothing of that is public.
//!
//! Deliberate absences: nothing here knows what the interfaces are for, reads options, or installs a log.

#![cfg(unix)]

mod adapters;
mod address;
mod child;
mod client;
mod complaints;
mod connect;
mod connection;
mod convert;
mod directory;
mod endpoint;
mod error;
mod event_loop;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod keys;
mod listen;
mod log;
mod metrics;
mod peer;
mod process;
mod rpc;
mod schema;
mod scope;
mod server;
mod spawning;
mod supervisor;
#[cfg(test)]
mod tests;
mod threads;
mod tls;
mod trace;
mod wire;

pub use address::{
    Address, AddressError, BindAddress, ConnectAddress, MAX_SOCKET_PATH, Place, SocketPath, TcpAddress,
};
pub use child::{
    DescriptorError, ServeError, Service as ChildService, requested_descriptor, serve_parent,
    serve_parent_with,
};
pub use connect::{ConnectError, Connected, connect, connect_within};
pub use directory::DirectoryError;
pub use endpoint::Ended;
pub use event_loop::EventLoop;
pub use keys::{
    Authorized, Date, EntryError, Identity, InvalidDate, InvalidDigest, KeyDigest, KeyError, Keys, Trusted,
};
pub use listen::{ListenError, Listeners, NODE_SOCKET, Welcome};
pub use metrics::{
    CallCounts, ConnectionInfo, Direction, IpcInfo, Latencies, ListenerInfo, MethodInfo, Party, Traffic,
    Transport,
};
pub use peer::Peer;
pub use process::executable_directory;
pub use scope::{Scope, ScopeError, Service};
pub use server::ConfigureLogging;
pub use spawning::{ChildExit, SpawnConfig, SpawnedChild, SpawningInit};
pub use supervisor::{Backoff, Supervisor};
pub use tls::TlsError;
pub use trace::TraceContext;
