//! The nodes that users want the node to be connected to.

use std::net::{IpAddr, SocketAddr};
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
        let address: IpAddr = host.parse().ok()?;
        Some(SocketAddr::new(
            address.to_canonical(),
            port.unwrap_or(self.default_port),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_listed_once_whatever_text_it_is_given_by() {
        let added = AddedNodes::new(&["1.2.3.4".to_owned()], 8369);
        for (node, is_new) in [
            ("1.2.3.4", false),
            ("1.2.3.4:8369", false),
            ("[::ffff:1.2.3.4]:8369", false),
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
