//! Which addresses are likely to belong to one owner.

use crate::address::NetAddress;
use crate::network::Network;

impl NetAddress {
    /// What it has in common with addresses of the same owner: the network, and as many leading bits as he can hardly
    /// choose.
    pub(crate) fn group(&self) -> Vec<u8> {
        let class = self.class();
        let mut group = vec![class as u8];
        if self.is_local() {
            return group;
        }
        if let Some(address) = self.linked_ipv4() {
            group.extend(&address.octets()[..2]);
            return group;
        }
        let bytes = self.bytes();
        let (skipped, bits) = match (class, self) {
            (Network::Internal, _) => (6, 80),
            (Network::Unroutable, _) => (0, 0),
            (Network::Onion | Network::I2p, _) => (0, 4),
            (Network::Cjdns, _) => (0, 12),
            (_, Self::Ipv6(address)) if crate::address::is_tunnel(*address) => (0, 36),
            _ => (0, 32),
        };
        let whole = skipped + bits / 8;
        group.extend(&bytes[skipped..whole]);
        if bits % 8 > 0 {
            group.push(bytes[whole] | (0xff >> (bits % 8)));
        }
        group
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_are_upstreams() {
        let rows: [(&str, &[u8]); 10] = [
            ("127.0.0.1", &[0]),
            ("::1", &[0]),
            ("10.0.0.1", &[0]),
            ("1.2.3.4", &[1, 1, 2]),
            ("64:ff9b::102:304", &[1, 1, 2]),
            ("2002:102:304:9999:9999:9999:9999:9999", &[1, 1, 2]),
            ("2001:0:9999:9999:9999:9999:fefd:fcfb", &[1, 1, 2]),
            ("2001:470:abcd:9999:9999:9999:9999:9999", &[2, 32, 1, 4, 112, 175]),
            ("2001:2001:9999:9999:9999:9999:9999:9999", &[2, 32, 1, 32, 1]),
            (
                "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion",
                &[3, 0x7f],
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(text.parse::<NetAddress>().unwrap().group(), expected, "{text}");
        }
    }
}
