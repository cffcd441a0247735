//! Cap'n Proto's RPC protocol between two parties, level 1 (<https://capnproto.org/rpc.html>): calls, pipelining on answers
//! that are not there yet, capabilities in both directions, and promises of them that resolve in order.
//!
//! Objects here, the clients that queue calls for what is not known yet, and the protocol's schema are those of
//! `capnp-rpc`. What runs a connection is not: there, a call goes through some twenty futures and fifty allocations, which
//! is most of its time. Here a message changes tables, and what it changes is told to whoever waits for it.
//!
//! Knows of no interfaces. What a peer can make this process hold is bounded by [`Link`](crate::wire::Link).

mod answer;
mod ask;
mod export;
mod import;
mod peer;
mod queue;
mod results;
mod run;
#[cfg(test)]
mod tests;

pub(crate) use run::{Ended, System, drive};
