//! Objects of another process: the connection to it, and handles that any thread may use.
//!
//! A call takes a thread in the other process for as long as it lasts, so that calls made at the same time run at the
//! same time there. Idle threads are kept for the next call.

mod connection;
mod remote;

pub(crate) use connection::Connection;
pub(crate) use remote::{Call, Interface, Remote};
