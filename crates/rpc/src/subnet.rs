//! Source addresses that may use the server.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A network: an address with the number of its leading bits that count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subnet {
    /// Masked to `prefix` bits.
    network: IpAddr,
    prefix: u32,
}

/// The text is no single address, `network/bits` or `network/netmask`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a single IP, network/CIDR or network/netmask: {0}")]
pub struct InvalidSubnet(pub String);

impl Subnet {
    /// A network of `address`'s first `prefix` bits; `None` when the address has fewer.
    pub fn new(address: IpAddr, prefix: u32) -> Option<Self> {
        (prefix <= width(address)).then(|| Self {
            network: mask(address, prefix),
            prefix,
        })
    }

    /// A network of one address.
    pub fn single(address: IpAddr) -> Self {
        Self {
            network: address,
            prefix: width(address),
        }
    }

    /// 127.0.0.0/8 and ::1, which may always connect.
    pub fn loopback() -> [Self; 2] {
        [
            Self {
                network: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
                prefix: 8,
            },
            Self {
                network: IpAddr::V6(Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
        ]
    }

    /// Whether the address lies in the network. An IPv4 address that arrives mapped into IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        width(address) == width(self.network) && mask(address, self.prefix) == self.network
    }
}

impl FromStr for Subnet {
    type Err = InvalidSubnet;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidSubnet(text.to_owned()))
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.network, self.prefix)
    }
}

fn parse(text: &str) -> Option<Subnet> {
    let (address, mask) = match text.split_once('/') {
        Some((address, mask)) => (address, Some(mask)),
        None => (text, None),
    };
    // In brackets it need not be of IPv6, as with upstream.
    let bare = address
        .strip_prefix('[')
        .and_then(|address| address.strip_suffix(']'));
    let address: IpAddr = bare.unwrap_or(address).parse().ok()?;
    let prefix = match mask {
        None => width(address),
        Some(digits) if !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok()?
        }
        Some(netmask) => netmask_prefix(address, netmask.parse().ok()?)?,
    };
    Subnet::new(address, prefix)
}

/// The bits of a netmask, which must be of the address's family and have no ones after a zero.
fn netmask_prefix(address: IpAddr, netmask: IpAddr) -> Option<u32> {
    let prefix = match netmask {
        IpAddr::V4(netmask) => netmask.to_bits().leading_ones(),
        IpAddr::V6(netmask) => netmask.to_bits().leading_ones(),
    };
    let all_ones = match netmask {
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::BROADCAST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(u128::MAX)),
    };
    (width(address) == width(netmask) && mask(all_ones, prefix) == netmask).then_some(prefix)
}

fn width(address: IpAddr) -> u32 {
    match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    }
}

fn mask(address: IpAddr, prefix: u32) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let ones = u32::MAX.checked_shl(32 - prefix).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(address.to_bits() & ones))
        }
        IpAddr::V6(address) => {
            let ones = u128::MAX.checked_shl(128 - prefix).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & ones))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_names_its_network() {
        let rows = [
            ("1.2.3.4", "1.2.3.4/32"),
            ("1.2.3.4/24", "1.2.3.0/24"),
            ("1.2.3.4/255.255.0.0", "1.2.0.0/16"),
            ("1.2.3.4/0.0.0.0", "0.0.0.0/0"),
            ("0.0.0.0/0", "0.0.0.0/0"),
            ("::/0", "::/0"),
            ("fe80::1/10", "fe80::/10"),
            ("1:2:3:4::/ffff:ffff::", "1:2::/32"),
            ("::1", "::1/128"),
            ("[::1]", "::1/128"),
            ("[fe80::1]/10", "fe80::/10"),
        ];
        for (text, expected) in rows {
            assert_eq!(text.parse::<Subnet>().unwrap().to_string(), expected, "{text}");
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let rows = [
            "",
            "localhost",
            "1.2.3",
            "1.2.3.4/33",
            "::/129",
            "1.2.3.4/",
            "1.2.3.4/-1",
            "1.2.3.4/+8",
            "1.2.3.4/255.0.255.0",
            "1.2.3.4/ffff::",
            "::1/255.0.0.0",
            "1.2.3.4/99999999999",
            "[::1",
            "::1]",
            "[[::1]]",
        ];
        for text in rows {
            assert_eq!(text.parse::<Subnet>(), Err(InvalidSubnet(text.to_owned())));
        }
    }

    #[test]
    fn a_mapped_address_counts_as_ipv4() {
        let [loopback, _] = Subnet::loopback();
        assert!(loopback.contains("::ffff:127.0.0.1".parse().unwrap()));
        assert!(!loopback.contains("::ffff:128.0.0.1".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn a_network_contains_an_address_when_their_leading_bits_agree(a: u32, b: u32, prefix in 0u32..=32) {
            let subnet = Subnet::new(IpAddr::V4(Ipv4Addr::from_bits(a)), prefix).unwrap();
            let same = (a ^ b).leading_zeros() >= prefix;
            prop_assert_eq!(subnet.contains(IpAddr::V4(Ipv4Addr::from_bits(b))), same);
            prop_assert!(subnet.contains(IpAddr::V4(Ipv4Addr::from_bits(a))));
        }

        #[test]
        fn a_wide_network_contains_an_address_when_their_leading_bits_agree(a: u128, b: u128, prefix in 0u32..=128) {
            let subnet = Subnet::new(IpAddr::V6(Ipv6Addr::from_bits(a)), prefix).unwrap();
            let b = IpAddr::V6(Ipv6Addr::from_bits(b));
            prop_assume!(b.to_canonical() == b);
            let IpAddr::V6(address) = b else { unreachable!("built as IPv6") };
            prop_assert_eq!(subnet.contains(b), (a ^ address.to_bits()).leading_zeros() >= prefix);
        }

        #[test]
        fn what_is_shown_reads_back(a: u128, prefix in 0u32..=128) {
            let subnet = Subnet::new(IpAddr::V6(Ipv6Addr::from_bits(a)), prefix).unwrap();
            prop_assert_eq!(subnet.to_string().parse(), Ok(subnet));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[0-9a-f.:/]{0,40}") {
            let _ = text.parse::<Subnet>();
        }
    }
}
