//! Addresses of nodes, whatever network they belong to.

mod reserved;
mod text;

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

pub(crate) use reserved::is_tunnel;
pub use text::InvalidAddress;

use crate::network::Network;

/// What IPv6 addresses begin with that stand for names (`fd6b:88c0:8724::/48`).
const INTERNAL_PREFIX: [u8; 6] = [0xfd, 0x6b, 0x88, 0xc0, 0x87, 0x24];

/// What CJDNS addresses begin with.
const CJDNS_PREFIX: u8 = 0xfc;

/// An address without a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NetAddress {
    /// IPv4.
    Ipv4(Ipv4Addr),
    /// IPv6.
    Ipv6(Ipv6Addr),
    /// The public key of a Tor service of version 3.
    Onion([u8; 32]),
    /// The hash of an I2P destination.
    I2p([u8; 32]),
    /// An address of CJDNS.
    Cjdns([u8; 16]),
    /// The beginning of a name's hash, where a name stands for addresses that were not asked for.
    Internal([u8; 10]),
}

impl From<IpAddr> for NetAddress {
    /// IPv4 that is mapped into IPv6 counts as IPv4.
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self::Ipv4(address),
            IpAddr::V6(address) => match address.octets() {
                [a, b, c, d, e, f, name @ ..] if [a, b, c, d, e, f] == INTERNAL_PREFIX => {
                    Self::Internal(name)
                }
                _ => Self::Ipv6(address),
            },
        }
    }
}

impl NetAddress {
    /// The network whose form it has.
    #[must_use]
    pub fn network(&self) -> Network {
        match self {
            Self::Ipv4(_) => Network::Ipv4,
            Self::Ipv6(_) => Network::Ipv6,
            Self::Onion(_) => Network::Onion,
            Self::I2p(_) => Network::I2p,
            Self::Cjdns(_) => Network::Cjdns,
            Self::Internal(_) => Network::Internal,
        }
    }

    /// The network that carries connections to it: IPv4 for an IPv6 address that leads there, and none for an address
    /// that is not public.
    #[must_use]
    pub fn class(&self) -> Network {
        if matches!(self, Self::Internal(_)) {
            return Network::Internal;
        }
        if !self.is_routable() {
            return Network::Unroutable;
        }
        if self.linked_ipv4().is_some() {
            return Network::Ipv4;
        }
        self.network()
    }

    /// Whether it can be an address at all.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        match self {
            Self::Ipv4(address) => !address.is_unspecified() && !address.is_broadcast(),
            Self::Ipv6(address) => !address.is_unspecified() && !reserved::is_documentation(*address),
            Self::Cjdns(bytes) => bytes[0] == CJDNS_PREFIX,
            Self::Onion(_) | Self::I2p(_) => true,
            Self::Internal(_) => false,
        }
    }

    /// Whether it is this machine's own.
    #[must_use]
    pub fn is_local(&self) -> bool {
        match self {
            Self::Ipv4(address) => address.is_loopback() || address.octets()[0] == 0,
            Self::Ipv6(address) => address.is_loopback(),
            Self::Onion(_) | Self::I2p(_) | Self::Cjdns(_) | Self::Internal(_) => false,
        }
    }

    /// Whether nodes elsewhere can connect to it.
    #[must_use]
    pub fn is_routable(&self) -> bool {
        let is_private = match self {
            Self::Ipv4(address) => reserved::is_private_v4(*address),
            Self::Ipv6(address) => reserved::is_private_v6(*address),
            Self::Onion(_) | Self::I2p(_) | Self::Cjdns(_) | Self::Internal(_) => false,
        };
        self.is_valid() && !self.is_local() && !is_private
    }

    /// The IPv4 address behind it, where there is one.
    pub(crate) fn linked_ipv4(&self) -> Option<Ipv4Addr> {
        let linked = match self {
            Self::Ipv4(address) => Some(*address),
            Self::Ipv6(address) => reserved::linked_ipv4(*address),
            Self::Onion(_) | Self::I2p(_) | Self::Cjdns(_) | Self::Internal(_) => None,
        };
        linked.filter(|_| self.is_routable())
    }

    /// The bytes by which it is hashed: 16 for what old messages could carry, else its own.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Ipv4(address) => address.to_ipv6_mapped().octets().to_vec(),
            Self::Ipv6(address) => address.octets().to_vec(),
            Self::Onion(bytes) | Self::I2p(bytes) => bytes.to_vec(),
            Self::Cjdns(bytes) => bytes.to_vec(),
            Self::Internal(name) => [&INTERNAL_PREFIX[..], name].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_belong_to_the_network_that_carries_connections_to_them() {
        for (text, class) in [
            ("1.2.3.4", Network::Ipv4),
            ("::ffff:1.2.3.4", Network::Ipv4),
            ("2002:102:304::1", Network::Ipv4),
            ("64:ff9b::102:304", Network::Ipv4),
            ("2001:0:9999:9999:9999:9999:9999:9999", Network::Ipv4),
            ("2a00::1", Network::Ipv6),
            ("2001:db8::1", Network::Unroutable),
            ("fe80::1", Network::Unroutable),
            ("fc00::1", Network::Unroutable),
            ("10.1.2.3", Network::Unroutable),
            ("172.31.0.1", Network::Unroutable),
            ("172.32.0.1", Network::Ipv4),
            ("192.168.0.1", Network::Unroutable),
            ("100.64.0.1", Network::Unroutable),
            ("198.19.0.1", Network::Unroutable),
            ("203.0.113.7", Network::Unroutable),
            ("127.0.0.1", Network::Unroutable),
            ("0.1.2.3", Network::Unroutable),
            ("255.255.255.255", Network::Unroutable),
            ("::1", Network::Unroutable),
            ("::", Network::Unroutable),
            ("fd6b:88c0:8724::1", Network::Internal),
            (
                "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
                Network::Onion,
            ),
            (
                "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkdq.b32.i2p",
                Network::I2p,
            ),
        ] {
            let address: NetAddress = text.parse().unwrap();
            assert_eq!(address.class(), class, "{text}");
        }
    }
}
