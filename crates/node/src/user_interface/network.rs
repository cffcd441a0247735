//! What the node is among others, in the interface's values.

use std::net::IpAddr;
use std::time::Duration;

use addrman::NetAddress;
use interfaces::{Ban, LocalAddress, NetworkProxy, Refusal, UnixTime};

use crate::network::{Banned, Network, Term};
use crate::state::NodeState;

fn now(node: &NodeState) -> i64 {
    i64::try_from(node.chain.clock().now()).unwrap_or(i64::MAX)
}

pub(super) fn proxy(own: &Network, network: interfaces::Network) -> Option<NetworkProxy> {
    let name = match network {
        interfaces::Network::Ipv4 => "ipv4",
        interfaces::Network::Ipv6 => "ipv6",
        interfaces::Network::Onion => "onion",
        interfaces::Network::I2p => "i2p",
        interfaces::Network::Cjdns => "cjdns",
        interfaces::Network::Internal => return None,
    };
    let reach = own.reach.iter().find(|reach| reach.name == name)?;
    Some(NetworkProxy {
        address: reach.proxy?.to_string(),
        randomize_credentials: reach.randomizes_credentials,
    })
}

/// Where others can reach the node, as far as that is an IP address.
pub(super) fn own_addresses(own: &Network) -> Vec<LocalAddress> {
    let told = own.own_addresses.iter().filter_map(|own| {
        Some(LocalAddress {
            address: match own.endpoint.address {
                NetAddress::Ipv4(address) => address.into(),
                NetAddress::Ipv6(address) => address.into(),
                NetAddress::Cjdns(bytes) => IpAddr::from(bytes),
                NetAddress::Onion(_) | NetAddress::I2p(_) | NetAddress::Internal(_) => return None,
            },
            port: own.endpoint.port,
            score: own.score,
        })
    });
    told.collect()
}

pub(super) fn bans(node: &NodeState) -> Vec<Ban> {
    let all = node.network.bans.all(now(node)).into_iter();
    all.map(|(banned, ban)| Ban {
        subnet: banned.to_string(),
        created: UnixTime::from_seconds(ban.created),
        until: UnixTime::from_seconds(ban.until),
    })
    .collect()
}

pub(super) fn ban(node: &NodeState, subnet: &str, duration: Option<Duration>) -> Result<(), Refusal> {
    let banned = Banned::parse(subnet).ok_or_else(|| Refusal::new("Error: Invalid IP/Subnet"))?;
    let term = match duration {
        None => Term::Default,
        // Less than a second is no ban of no length.
        Some(duration) => Term::Seconds(i64::try_from(duration.as_secs().max(1)).unwrap_or(i64::MAX)),
    };
    node.network.bans.add(banned, term, now(node));
    Ok(())
}

pub(super) fn unban(node: &NodeState, subnet: &str) -> bool {
    Banned::parse(subnet).is_some_and(|banned| node.network.bans.remove(&banned))
}
