//! Where a node listens: an address with a port.

use std::fmt;

use crate::address::NetAddress;

/// An address with a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Endpoint {
    /// The address.
    pub address: NetAddress,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// The bytes by which it is hashed.
    pub(crate) fn key(&self) -> Vec<u8> {
        let mut key = self.address.bytes();
        key.extend(self.port.to_be_bytes());
        key
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { address, port } = self;
        match address {
            NetAddress::Ipv6(_) | NetAddress::Cjdns(_) => write!(formatter, "[{address}]:{port}"),
            _ => write!(formatter, "{address}:{port}"),
        }
    }
}
