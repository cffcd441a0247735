//! Ranges of IP addresses that have a meaning of their own.

use std::net::{Ipv4Addr, Ipv6Addr};

/// RFC 1918, 2544, 3927, 5737 and 6598: networks of one's own, tests, links, examples, and carriers' translators.
const PRIVATE_V4: [(Ipv4Addr, u32); 9] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
];

/// RFC 4862, 4193, 4843 and 7343: links, networks of one's own, and identifiers that are no addresses.
const PRIVATE_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 64),
    (Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0), 7),
    (Ipv6Addr::new(0x2001, 0x10, 0, 0, 0, 0, 0, 0), 28),
    (Ipv6Addr::new(0x2001, 0x20, 0, 0, 0, 0, 0, 0), 28),
];

/// RFC 3849.
const DOCUMENTATION: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32);

/// RFC 6052 and 6145: translators that end with the IPv4 address.
const TRANSLATED: [(Ipv6Addr, u32); 2] = [
    (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96),
    (Ipv6Addr::new(0, 0, 0, 0, 0xffff, 0, 0, 0), 96),
];

/// RFC 3964, 6to4: the IPv4 address follows.
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16);

/// RFC 4380, Teredo: it ends with the IPv4 address, each bit turned.
const TEREDO: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32);

/// A provider of tunnels, whose customers have more room than those of others.
const HURRICANE: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2001, 0x470, 0, 0, 0, 0, 0, 0), 32);

fn is_in(address: Ipv6Addr, (network, bits): (Ipv6Addr, u32)) -> bool {
    (address.to_bits() ^ network.to_bits()).leading_zeros() >= bits
}

pub(super) fn is_private_v4(address: Ipv4Addr) -> bool {
    PRIVATE_V4
        .iter()
        .any(|(network, bits)| (address.to_bits() ^ network.to_bits()).leading_zeros() >= *bits)
}

pub(super) fn is_private_v6(address: Ipv6Addr) -> bool {
    PRIVATE_V6.into_iter().any(|range| is_in(address, range))
}

pub(super) fn is_documentation(address: Ipv6Addr) -> bool {
    is_in(address, DOCUMENTATION)
}

/// Whether it belongs to the provider that is grouped by 36 bits.
pub(crate) fn is_tunnel(address: Ipv6Addr) -> bool {
    is_in(address, HURRICANE)
}

/// The IPv4 address that the IPv6 address leads to.
pub(super) fn linked_ipv4(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let [_, _, a, b, c, d, .., w, x, y, z] = address.octets();
    if TRANSLATED.into_iter().any(|range| is_in(address, range)) {
        Some(Ipv4Addr::new(w, x, y, z))
    } else if is_in(address, SIX_TO_FOUR) {
        Some(Ipv4Addr::new(a, b, c, d))
    } else if is_in(address, TEREDO) {
        Some(Ipv4Addr::new(!w, !x, !y, !z))
    } else {
        None
    }
}
