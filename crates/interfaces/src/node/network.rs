//! What is said of a node's peers and addresses.

use std::net::IpAddr;
use std::time::Duration;

use crate::UnixTime;

/// The networks that nodes meet on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    /// IP, version 4.
    Ipv4,
    /// IP, version 6.
    Ipv6,
    /// Tor.
    Onion,
    /// I2P.
    I2p,
    /// CJDNS.
    Cjdns,
    /// Addresses of the node's own making, of no network.
    Internal,
}

/// Which connections are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConnectionDirection {
    /// Those that peers opened.
    Inbound,
    /// Those that the node opened.
    Outbound,
    /// All.
    Both,
}

/// How the node reaches a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkProxy {
    /// The SOCKS5 proxy's address: `HOST:PORT`, or `unix:PATH`.
    pub address: String,
    /// Whether each connection has credentials of its own, so that Tor keeps them apart.
    pub randomize_credentials: bool,
}

/// A connected peer.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerStats {
    /// The connection's number, which is not given out again.
    pub id: i64,
    /// `HOST:PORT` as the node or `addnode` spelled it.
    pub address: String,
    /// The node's own end of the connection, where it is known.
    pub local_address: Option<String>,
    /// The network that the peer is on.
    pub network: Network,
    /// Whether the peer opened the connection.
    pub inbound: bool,
    /// What the connection is for, as `getpeerinfo` spells it: `outbound-full-relay`, say.
    pub connection_kind: String,
    /// `v1`, `v2`, or `detecting`.
    pub transport: String,
    /// The protocol's version that the peer speaks; 0 before it has said so.
    pub version: u32,
    /// What the peer calls itself. It comes from the peer: cleaned of control characters, not to be trusted.
    pub user_agent: String,
    /// The services that it offers, as bits.
    pub services: u64,
    /// When the connection was opened.
    pub connected: UnixTime,
    /// When something was sent last; `None`: never.
    pub last_send: Option<UnixTime>,
    /// When something was received last; `None`: never.
    pub last_receive: Option<UnixTime>,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// Bytes received.
    pub bytes_received: u64,
    /// How long the last ping took.
    pub ping: Option<Duration>,
    /// How long the fastest ping took.
    pub min_ping: Option<Duration>,
    /// By how much the peer's clock is ahead, in seconds.
    pub time_offset: i64,
    /// The height that it began with.
    pub starting_height: Option<u32>,
    /// The height of the last header that both have.
    pub synced_headers: Option<u32>,
    /// The height of the last block that both have.
    pub synced_blocks: Option<u32>,
    /// Whether it is told of transactions.
    pub relays_transactions: bool,
    /// What it may do that others may not, as `getpeerinfo` spells it.
    pub permissions: Vec<String>,
}

/// Addresses that the node does not talk to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ban {
    /// An address, or a network with its prefix's length: `192.0.2.0/24`.
    pub subnet: String,
    /// Since when.
    pub created: UnixTime,
    /// Until when.
    pub until: UnixTime,
}

/// An address at which peers may reach the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LocalAddress {
    /// The address.
    pub address: IpAddr,
    /// The TCP port.
    pub port: u16,
    /// How sure the node is of it: the highest is announced.
    pub score: u32,
}
