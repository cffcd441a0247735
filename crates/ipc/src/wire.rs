//! Messages on a socket: Cap'n Proto's standard framing, and bounds on what a peer can make this process hold.
//!
//! Knows of frames and bytes, not of interfaces. The stock network of `capnp-rpc` allocates what a frame's header
//! claims and queues without limit; this one grows with what arrives and gives the connection up at a limit.

mod enclosed;
mod frame;
mod link;
mod loss;
mod network;
mod opening;
mod outbox;
mod questions;
mod socket;
mod traffic;
mod turns;
mod waiters;

pub(crate) use enclosed::{Enclosed, Kind, LONG};
#[cfg(feature = "fuzzing")]
pub(crate) use frame::read_frame;
pub(crate) use frame::{FrameError, MAX_MESSAGE_BYTES};
pub(crate) use link::Link;
pub(crate) use network::{Ended, drive, new_system};
pub(crate) use opening::{Opened, Opening};
pub(crate) use socket::Socket;
