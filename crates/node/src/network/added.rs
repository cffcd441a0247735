//! The nodes that users want the node to be connected to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::host_port::split_host_port;

/// Names or addresses, each once.
#[derive(Debug)]
pub(crate) struct AddedNodes {
    nodes: Mutex<Vec<String>>,
    default_port: u16,
}

/// The list has no such node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unlisted;

impl AddedNodes {
    /// A list of these nodes, whose port is this one where they name none.
    pub(crate) fn new(nodes: &[String], default_port: u16) -> Self {
        let list = Self {
            nodes: Mutex::default(),
            default_port,
        };
        for node in nodes {
            list.add(node);
        }
        list
    }

    fn lock(&self) -> MutexGuard<'_, Vec<String>> {
        self.nodes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a node, unless it is there already by this name or by another text for its address; whether it was added.
    pub(crate) fn add(&self, node: &str) -> bool {
        let address = self.address(node);
        let mut nodes = self.lock();
        let is_known = nodes
            .iter()
            .any(|known| known == node || (address.is_some() && self.address(known) == address));
        if !is_known {
            nodes.push(node.to_owned());
        }
        !is_known
    }

    /// Takes a node away by the name that it was added by.
    pub(crate) fn remove(&self, node: &str) -> Result<(), Unlisted> {
        let mut nodes = self.lock();
        let position = nodes.iter().position(|known| known == node).ok_or(Unlisted)?;
        nodes.remove(position);
        Ok(())
    }

    /// All of them, in the order in which they were added.
    pub(crate) fn all(&self) -> Vec<String> {
        self.lock().clone()
    }

    /// The address that a text is, without looking a name up.
    fn address(&self, node: &str) -> Option<SocketAddr> {
        let (host, port) = split_host_port(node)?;
        let address: IpAddr = host.parse().ok().or_else(|| short_ipv4(host))?;
        Some(SocketAddr::new(
            address.to_canonical(),
            port.unwrap_or(self.default_port),
        ))
    }
}

/// An IPv4 address of fewer than four numbers, of which the last stands for all that is left: `127.1`. As with the system's
/// own functions, numbers may be octal or hexadecimal.
fn short_ipv4(host: &str) -> Option<IpAddr> {
    let numbers = host.split('.').map(|digits| {
        let (digits, radix) = match digits.as_bytes() {
            [b'0', b'x' | b'X', _, ..] => (&digits[2..], 16),
            [b'0', _, ..] => (&digits[1..], 8),
            _ => (digits, 10),
        };
        let are_digits = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
        u32::from_str_radix(digits, radix).ok().filter(|_| are_digits)
    });
    let numbers: Vec<u32> = numbers.collect::<Option<_>>()?;
    let (last, leading) = numbers.split_last()?;
    let left = 4_u32
        .checked_sub(u32::try_from(leading.len()).ok()?)
        .filter(|left| *left > 0)?;
    let mut bits = u64::from(*last);
    if bits >> (8 * left) != 0 {
        return None;
    }
    for (place, number) in (0..).zip(leading) {
        bits |= u64::from(u8::try_from(*number).ok()?) << (24 - 8 * place);
    }
    Some(Ipv4Addr::from_bits(u32::try_from(bits).ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_addresses_are_read_as_the_system_does() {
        for (text, expected) in [
            ("127.1", Some([127, 0, 0, 1])),
            ("1.2.772", Some([1, 2, 3, 4])),
            ("16909060", Some([1, 2, 3, 4])),
            ("0x7f.1", Some([127, 0, 0, 1])),
            ("010.1", Some([8, 0, 0, 1])),
            ("1.2.3.4", Some([1, 2, 3, 4])),
            ("256.1", None),
            ("1.16777216", None),
            ("4294967296", None),
            ("1.2.3.4.5", None),
            ("1..2", None),
            ("", None),
            ("08.1", None),
            ("+1.2", None),
            ("0x.1", None),
            ("example.org", None),
        ] {
            assert_eq!(short_ipv4(text), expected.map(IpAddr::from), "{text}");
        }
    }

    #[test]
    fn a_node_is_listed_once_whatever_text_it_is_given_by() {
        let added = AddedNodes::new(&["1.2.3.4".to_owned()], 8369);
        for (node, is_new) in [
            ("1.2.3.4", false),
            ("1.2.3.4:8369", false),
            ("[::ffff:1.2.3.4]:8369", false),
            ("1.2.772:8369", false),
            ("1.2.3.4:8370", true),
            ("example.org", true),
            ("example.org", false),
            ("example.org:8369", true),
        ] {
            assert_eq!(added.add(node), is_new, "{node}");
        }
        assert_eq!(added.remove("1.2.3.4:8369"), Err(Unlisted));
        assert_eq!(added.remove("1.2.3.4"), Ok(()));
        assert_eq!(added.all(), ["1.2.3.4:8370", "example.org", "example.org:8369"]);
    }
}
