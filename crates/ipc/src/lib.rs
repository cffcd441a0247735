//! Interfaces across processes: Cap'n Proto over Unix sockets, wire-compatible with C++ libmultiprocess.
//!
//! [`EventLoop`] is the process's one IPC thread; [`EventLoop::connect`] gives another process's `Init`, and
//! [`EventLoop::serve`] lets another process call ours. [`SpawningInit`] starts the processes that it connects to, and
//! [`serve_parent`] is what such a process does. What is handed out are the traits of crate `interfaces`: this is the
//! only crate that names capnp, and nothing of that is public.
//!
//! Deliberate absences: nothing here knows what the interfaces are for, reads options or files, or installs a log.

#![cfg(unix)]

mod adapters;
mod child;
mod client;
mod endpoint;
mod error;
mod event_loop;
mod log;
mod process;
mod schema;
mod server;
mod spawning;
#[cfg(test)]
mod tests;
mod threads;
mod wire;

pub use child::{DescriptorError, ServeError, requested_descriptor, serve_parent};
pub use event_loop::EventLoop;
pub use process::executable_directory;
pub use server::ConfigureLogging;
pub use spawning::{SpawnConfig, SpawningInit};
