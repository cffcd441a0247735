//! The networks that carry connections between nodes.

/// A network. The numbers are upstream's: they are part of what addresses are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Network {
    /// None: nobody elsewhere can connect to such an address.
    Unroutable = 0,
    /// IPv4.
    Ipv4 = 1,
    /// IPv6.
    Ipv6 = 2,
    /// Tor.
    Onion = 3,
    /// I2P.
    I2p = 4,
    /// CJDNS.
    Cjdns = 5,
    /// Names of nodes that stand in for their addresses.
    Internal = 6,
}

impl Network {
    /// The networks that options and callers can name.
    pub const NAMED: [Self; 5] = [Self::Ipv4, Self::Ipv6, Self::Onion, Self::I2p, Self::Cjdns];

    /// The name that callers are shown.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Unroutable => "not_publicly_routable",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Onion => "onion",
            Self::I2p => "i2p",
            Self::Cjdns => "cjdns",
            Self::Internal => "internal",
        }
    }

    /// One of [`NAMED`](Self::NAMED) by its name, in letters of either case. `tor` is an old name of [`Onion`](Self::Onion).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        if name.eq_ignore_ascii_case("tor") {
            return Some(Self::Onion);
        }
        Self::NAMED
            .into_iter()
            .find(|network| network.name().eq_ignore_ascii_case(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_known_by_their_names_and_an_old_one() {
        for network in Network::NAMED {
            assert_eq!(Network::from_name(&network.name().to_uppercase()), Some(network));
        }
        assert_eq!(Network::from_name("Tor"), Some(Network::Onion));
        for name in ["", "internal", "not_publicly_routable"] {
            assert_eq!(Network::from_name(name), None, "{name}");
        }
    }
}
