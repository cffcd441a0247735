//! Both ends of a connection in one process, and each end against a peer that is not ours.

mod callbacks;
mod earlier;
mod facts;
mod hostile;
mod info;
mod lifetimes;
mod log;
mod sockets;
mod suite;
mod support;
mod traces;
mod waits;
