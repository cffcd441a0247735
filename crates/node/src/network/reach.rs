//! Which networks the node may connect through, and by which proxy.

use std::net::{SocketAddr, ToSocketAddrs as _};

use app::Args;

use crate::host_port::split_host_port;
use crate::network::listening::listens_to_onion;

/// The networks, in upstream's order and by its names.
const NETWORK_NAMES: [&str; 5] = ["ipv4", "ipv6", "onion", "i2p", "cjdns"];

/// The port of a proxy, where none is given.
const PROXY_PORT: u16 = 9050;

/// The port of an I2P router, where none is given.
const I2P_PORT: u16 = 7656;

/// One network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reach {
    /// One of [`NETWORK_NAMES`].
    pub(crate) name: &'static str,
    /// Whether the node may connect through it.
    pub(crate) is_reachable: bool,
    /// Where it is entered, where that is not this machine's own network.
    pub(crate) proxy: Option<SocketAddr>,
    /// Whether each connection has credentials of its own at the proxy.
    pub(crate) randomizes_credentials: bool,
}

/// The options about networks cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReachError {
    #[error("No proxy server specified. Use -proxy=<ip> or -proxy=<ip:port>.")]
    NoProxy,
    #[error("Unknown network specified in -onlynet: '{0}'")]
    UnknownNetwork(String),
    #[error("Invalid {option} address or hostname: '{value}'")]
    Address { option: &'static str, value: String },
    #[error(
        "Incompatible options: -dnsseed=1 was explicitly specified, but -onlynet forbids connections to IPv4/IPv6"
    )]
    Seeds,
    #[error("Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not provided")]
    NoCjdns,
    #[error("Outbound connections restricted to i2p (-onlynet=i2p) but -i2psam is not provided")]
    NoI2p,
    #[error(
        "Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is explicitly \
         forbidden: -onion=0"
    )]
    ForbiddenOnion,
    #[error(
        "Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is not \
         provided: none of -proxy, -onion or -listenonion is given"
    )]
    NoOnion,
}

/// Each network as the options have it.
pub(super) fn networks(args: &Args) -> Result<Vec<Reach>, ReachError> {
    let only = only(args)?;
    let may = |name: &str| only.is_empty() || only.contains(&name);
    let is_restricted_to = |name: &str| !only.is_empty() && may(name);
    if args.flag("dnsseed", false) && !may("ipv4") && !may("ipv6") {
        return Err(ReachError::Seeds);
    }
    if args.text("proxy").is_some_and(|proxy| proxy.is_empty()) {
        return Err(ReachError::NoProxy);
    }
    let proxy = address(args, "proxy", "-proxy", PROXY_PORT)?;
    let onion = match args.is_set("onion") {
        false => proxy,
        true => {
            let own = address(args, "onion", "-onion", PROXY_PORT)?;
            if own.is_none() && is_restricted_to("onion") {
                return Err(ReachError::ForbiddenOnion);
            }
            own
        }
    };
    if onion.is_none() && is_restricted_to("onion") && !listens_to_onion(args) {
        return Err(ReachError::NoOnion);
    }
    let i2p = address(args, "i2psam", "-i2psam", I2P_PORT)?;
    if i2p.is_none() && is_restricted_to("i2p") {
        return Err(ReachError::NoI2p);
    }
    let has_cjdns = args.flag("cjdnsreachable", false);
    if !has_cjdns && is_restricted_to("cjdns") {
        return Err(ReachError::NoCjdns);
    }
    let randomizes = args.flag("proxyrandomize", true);
    let networks = NETWORK_NAMES.map(|name| {
        let (is_there, proxy, randomizes) = match name {
            "onion" => (onion.is_some(), onion, randomizes),
            "i2p" => (i2p.is_some(), i2p, false),
            "cjdns" => (has_cjdns, proxy, randomizes),
            _ => (true, proxy, randomizes),
        };
        Reach {
            name,
            is_reachable: is_there && may(name),
            proxy,
            randomizes_credentials: proxy.is_some() && randomizes,
        }
    });
    Ok(networks.to_vec())
}

/// The networks of `-onlynet`.
fn only(args: &Args) -> Result<Vec<&'static str>, ReachError> {
    let texts = args.texts("onlynet").into_iter();
    let names = texts.map(|text| {
        let known = addrman::Network::from_name(&text).map(addrman::Network::name);
        known.ok_or(ReachError::UnknownNetwork(text))
    });
    names.collect()
}

/// Where an option leads; nowhere when it is absent, empty or 0.
fn address(
    args: &Args,
    name: &str,
    option: &'static str,
    default_port: u16,
) -> Result<Option<SocketAddr>, ReachError> {
    let value = args.text_or(name, "");
    if value.is_empty() || value == "0" {
        return Ok(None);
    }
    let found = split_host_port(&value)
        .and_then(|(host, port)| (host, port.unwrap_or(default_port)).to_socket_addrs().ok())
        .and_then(|mut addresses| addresses.next());
    found.map(Some).ok_or(ReachError::Address { option, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reach(options: &[&str]) -> Result<Vec<Reach>, String> {
        let argv = std::iter::once("syscoind").chain(options.iter().copied());
        let args = Args::parse(crate::run::option_table(), argv.map(Into::into)).unwrap();
        networks(&args).map_err(|error| error.to_string())
    }

    fn reachable(options: &[&str]) -> Vec<&'static str> {
        let networks = reach(options).unwrap().into_iter();
        networks
            .filter(|network| network.is_reachable)
            .map(|network| network.name)
            .collect()
    }

    #[test]
    fn options_open_and_close_networks() {
        let rows: [(&[&str], &[&str]); 7] = [
            (&[], &["ipv4", "ipv6"]),
            (&["-onlynet=IPv6"], &["ipv6"]),
            (&["-onlynet=tor", "-proxy=127.0.0.1"], &["onion"]),
            (&["-proxy=127.0.0.1"], &["ipv4", "ipv6", "onion"]),
            (&["-proxy=127.0.0.1", "-onion=0"], &["ipv4", "ipv6"]),
            (
                &["-i2psam=[::1]:1", "-cjdnsreachable"],
                &["ipv4", "ipv6", "i2p", "cjdns"],
            ),
            (&["-onlynet=onion", "-noproxy"], &[]),
        ];
        for (options, expected) in rows {
            assert_eq!(reachable(options), expected, "{options:?}");
        }
    }

    #[test]
    fn proxies_are_told_with_their_ports() {
        let networks = reach(&["-proxy=127.0.0.1", "-i2psam=[::1]:1"]).unwrap();
        let told: Vec<_> = networks
            .iter()
            .map(|network| {
                let proxy = network.proxy.map(|proxy| proxy.to_string());
                (proxy.unwrap_or_default(), network.randomizes_credentials)
            })
            .collect();
        let proxy = ("127.0.0.1:9050".to_owned(), true);
        let expected = [
            proxy.clone(),
            proxy.clone(),
            proxy.clone(),
            ("[::1]:1".to_owned(), false),
            proxy,
        ];
        assert_eq!(told, expected);
    }

    #[test]
    fn what_cannot_be_reached_is_refused() {
        let rows: [(&[&str], &str); 9] = [
            (
                &["-proxy"],
                "No proxy server specified. Use -proxy=<ip> or -proxy=<ip:port>.",
            ),
            (
                &["-onlynet=i2p", "-dnsseed"],
                "Incompatible options: -dnsseed=1 was explicitly specified, but -onlynet forbids connections to IPv4/IPv6",
            ),
            (&["-onlynet=abc"], "Unknown network specified in -onlynet: 'abc'"),
            (&["-proxy=::x"], "Invalid -proxy address or hostname: '::x'"),
            (
                &["-onlynet=i2p"],
                "Outbound connections restricted to i2p (-onlynet=i2p) but -i2psam is not provided",
            ),
            (
                &["-onlynet=cjdns"],
                "Outbound connections restricted to CJDNS (-onlynet=cjdns) but -cjdnsreachable is not provided",
            ),
            (
                &["-onlynet=onion", "-onion=0"],
                "Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is \
                 explicitly forbidden: -onion=0",
            ),
            (
                &["-onlynet=onion", "-listen=0"],
                "Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is \
                 not provided: none of -proxy, -onion or -listenonion is given",
            ),
            (
                &["-onlynet=onion", "-listenonion=0"],
                "Outbound connections restricted to Tor (-onlynet=onion) but the proxy for reaching the Tor network is \
                 not provided: none of -proxy, -onion or -listenonion is given",
            ),
        ];
        for (options, expected) in rows {
            assert_eq!(reach(options), Err(expected.to_owned()), "{options:?}");
        }
    }
}
