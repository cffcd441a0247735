//! What a process tells of its connections and calls.

use std::time::{Duration, SystemTime};

use super::method::Latencies;
use super::origin::Party;
use crate::scope::Scope;

/// The connections of one IPC thread, and the calls on them.
#[derive(Debug, Clone)]
pub struct IpcInfo {
    /// Where clients can connect.
    pub listeners: Vec<ListenerInfo>,
    /// The connections that stand, oldest first.
    pub connections: Vec<ConnectionInfo>,
    /// The methods that other processes have called here, by name.
    pub served: Vec<MethodInfo>,
    /// The methods that this process has called elsewhere, by name.
    pub made: Vec<MethodInfo>,
}

/// A listening socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerInfo {
    /// Where it listens, as the log names it.
    pub address: String,
    /// What its clients can have.
    pub scope: Scope,
}

/// A connection.
#[derive(Debug, Clone)]
pub struct ConnectionInfo {
    /// Its number: no other connection of the thread has, had or will have it.
    pub id: u64,
    /// Which side made it.
    pub direction: Direction,
    /// What it goes over.
    pub transport: Transport,
    /// The listener's address, ours or the peer's.
    pub address: Option<String>,
    /// Who is at the other end.
    pub party: Party,
    /// When it was made.
    pub since: SystemTime,
    /// The version of this project's interfaces that is spoken; none with a peer of another make.
    pub version: Option<u32>,
    /// What went over it.
    pub traffic: Traffic,
    /// The peer's calls, and the objects here that it can call.
    pub served: CallCounts,
    /// The calls to the peer, and the objects there that are held.
    pub made: CallCounts,
    /// The threads here that the peer's calls, and its calls back, may run on.
    pub threads: usize,
}

/// Which side made a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The peer: a client, or the parent.
    Inbound,
    /// This one.
    Outbound,
}

/// What a connection goes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// A pair of sockets, one of which a parent handed to its child.
    Inherited,
    /// A socket at a path.
    Unix,
    /// TLS over TCP.
    Tcp,
}

/// What went over a connection. Bytes are those that this crate wrote and read, before and after encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Traffic {
    /// Bytes that arrived.
    pub bytes_received: u64,
    /// Bytes that were sent.
    pub bytes_sent: u64,
    /// Messages that arrived.
    pub messages_received: u64,
    /// Messages that were sent, or wait for it.
    pub messages_sent: u64,
}

/// The calls of one side of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallCounts {
    /// All that were begun.
    pub calls: u64,
    /// Those of them that have not ended.
    pub in_flight: u64,
    /// The objects that can be called.
    pub objects: usize,
}

/// A method's calls that have ended. They are those that the log tells of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MethodInfo {
    /// Interface and method as in the log, `Mining.getTip`.
    pub method: &'static str,
    /// Calls that gave no result: they failed, or were given up.
    pub errors: u64,
    /// How long the calls took in sum: here from their arrival to the answer, elsewhere from their sending to that.
    pub duration: Duration,
    /// How many took how long.
    pub latencies: Latencies,
}
