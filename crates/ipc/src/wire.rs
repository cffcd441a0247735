//! Messages on a socket: Cap'n Proto's standard framing, and bounds on what a peer can make this process hold.
//!
//! Knows of frames and bytes, not of interfaces. What a frame's header claims is not allocated before it arrives, and the
//! connection is given up at a limit.

mod enclosed;
mod frame;
mod link;
mod loss;
mod messages;
mod opening;
mod outbox;
mod questions;
mod socket;
mod traffic;
mod turns;
mod waiters;

pub(crate) use enclosed::{Enclosed, Kind, LONG};
#[cfg(any(test, feature = "fuzzing"))]
pub(crate) use frame::read_frame;
pub(crate) use frame::{FrameError, MAX_MESSAGE_BYTES};
pub(crate) use link::{Charge, Fault, Link};
pub(crate) use messages::{Incoming, Message, Receiver, Sender, Writing, new_message, open};
pub(crate) use opening::{Opened, Opening};
pub(crate) use questions::Meaning;
pub(crate) use socket::Socket;
pub(crate) use waiters::Waiters;
