//! Addresses as texts.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

use data_encoding::BASE32_NOPAD;
use sha3::{Digest as _, Sha3_256};

use super::NetAddress;

const ONION_SUFFIX: &str = ".onion";
const I2P_SUFFIX: &str = ".b32.i2p";

/// The version of Tor services whose addresses are public keys.
const ONION_VERSION: u8 = 3;

/// The text is no address of a network that nodes connect through.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an address: {0}")]
pub struct InvalidAddress(pub String);

impl FromStr for NetAddress {
    type Err = InvalidAddress;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| InvalidAddress(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<NetAddress> {
    if let Some(digits) = strip_suffix(text, ONION_SUFFIX) {
        let bytes: [u8; 35] = base32(digits)?.try_into().ok()?;
        let (key, rest) = bytes.split_first_chunk::<32>()?;
        let [first, second] = onion_checksum(key);
        return (rest == [first, second, ONION_VERSION]).then_some(NetAddress::Onion(*key));
    }
    if let Some(digits) = strip_suffix(text, I2P_SUFFIX) {
        return Some(NetAddress::I2p(base32(digits)?.try_into().ok()?));
    }
    text.parse::<IpAddr>().ok().map(NetAddress::from)
}

fn strip_suffix<'a>(text: &'a str, suffix: &str) -> Option<&'a str> {
    let start = text.len().checked_sub(suffix.len())?;
    let (before, end) = text.split_at_checked(start)?;
    end.eq_ignore_ascii_case(suffix).then_some(before)
}

fn base32(digits: &str) -> Option<Vec<u8>> {
    BASE32_NOPAD.decode(digits.to_ascii_uppercase().as_bytes()).ok()
}

/// The two bytes that tell a Tor address from one with a mistake.
fn onion_checksum(key: &[u8; 32]) -> [u8; 2] {
    let mut hasher = Sha3_256::new();
    hasher.update(b".onion checksum");
    hasher.update(key);
    hasher.update([ONION_VERSION]);
    let hash = hasher.finalize();
    [hash[0], hash[1]]
}

impl fmt::Display for NetAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lower = |bytes: &[u8]| BASE32_NOPAD.encode(bytes).to_ascii_lowercase();
        match self {
            Self::Ipv4(address) => address.fmt(formatter),
            Self::Ipv6(address) => address.fmt(formatter),
            Self::Cjdns(bytes) => Ipv6Addr::from_octets(*bytes).fmt(formatter),
            Self::Onion(key) => {
                let bytes = [&key[..], &onion_checksum(key), &[ONION_VERSION]].concat();
                write!(formatter, "{}{ONION_SUFFIX}", lower(&bytes))
            }
            Self::I2p(hash) => write!(formatter, "{}{I2P_SUFFIX}", lower(hash)),
            Self::Internal(name) => write!(formatter, "{}.internal", lower(name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "1.2.3",
            "1.2.3.4:80",
            "example.org",
            ".onion",
            "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrye.onion",
            "6hzph5hv6337r6p2.onion",
            "ukeu3k5oycgaauneqgtnvselmt4yemvoilkln7jpvamvfx7dnkd.b32.i2p",
            "ééé.onion",
        ] {
            assert_eq!(
                text.parse::<NetAddress>(),
                Err(InvalidAddress(text.to_owned())),
                "{text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(bytes: [u8; 32], v4: u32, v6: u128) {
            for address in [
                NetAddress::Onion(bytes),
                NetAddress::I2p(bytes),
                NetAddress::from(IpAddr::from(v4.to_be_bytes())),
                NetAddress::from(IpAddr::from(v6.to_be_bytes())),
            ] {
                prop_assert_eq!(address.to_string().parse(), Ok(address));
            }
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[a-z2-7.:é]{0,60}(.onion|.b32.i2p)?") {
            _ = text.parse::<NetAddress>();
        }
    }
}
