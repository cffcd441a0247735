//! Where other nodes can reach this one, as users say it.

use std::net::ToSocketAddrs as _;

use addrman::{Endpoint, NetAddress};
use app::Args;

use crate::host_port::{parse_port, split_host_port};
use crate::network::Reach;

/// How sure an address is that the user names; one that is named again is surer.
const NAMED: u32 = 4;

/// An address of this node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OwnAddress {
    /// The address with its port.
    pub(crate) endpoint: Endpoint,
    /// How sure it is, as upstream counts that.
    pub(crate) score: u32,
}

/// `-externalip` names something else than an address. The text is Bitcoin Core's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Cannot resolve -externalip address: '{0}'")]
pub(crate) struct OwnAddressError(String);

/// The addresses of `-externalip` that others can connect to through a network that is in use, in the order of the
/// addresses. Nothing is found out by looking at this machine: nothing listens yet.
pub(super) fn addresses(args: &Args, reach: &[Reach]) -> Result<Vec<OwnAddress>, OwnAddressError> {
    let port = listening_port(args);
    let mut own: Vec<OwnAddress> = Vec::new();
    for text in args.texts("externalip") {
        let endpoint = endpoint(&text, port, args.flag("dns", true)).ok_or(OwnAddressError(text))?;
        let network = endpoint.address.network().name();
        let is_reachable = reach
            .iter()
            .any(|reach| reach.name == network && reach.is_reachable);
        if !endpoint.address.is_routable() || !is_reachable {
            continue;
        }
        tracing::info!("AddLocal({endpoint},{NAMED})");
        match own
            .iter_mut()
            .find(|known| known.endpoint.address == endpoint.address)
        {
            Some(known) if known.score > NAMED => {}
            Some(known) => {
                *known = OwnAddress {
                    endpoint,
                    score: NAMED + 1,
                };
            }
            None => own.push(OwnAddress {
                endpoint,
                score: NAMED,
            }),
        }
    }
    own.sort_by_key(|own| own.endpoint);
    Ok(own)
}

/// The port at which this node would listen: that of the first `-bind` that has one, else that of `-port`.
fn listening_port(args: &Args) -> u16 {
    let binds = args.texts("bind");
    let bound = binds.iter().find_map(|bind| {
        let bind = bind.strip_suffix("=onion").unwrap_or(bind);
        split_host_port(bind)?.1
    });
    let port = || args.text("port").and_then(|text| parse_port(&text));
    bound.or_else(port).unwrap_or_else(|| args.network().p2p_port())
}

fn endpoint(text: &str, default_port: u16, may_ask: bool) -> Option<Endpoint> {
    let (host, port) = split_host_port(text)?;
    let port = port.unwrap_or(default_port);
    let address = match host.parse::<NetAddress>() {
        Ok(address) => address,
        Err(_) if may_ask && !host.is_empty() => {
            let mut found = (host, port).to_socket_addrs().ok()?;
            found.next().map(|found| NetAddress::from(found.ip()))?
        }
        Err(_) => return None,
    };
    address.is_valid().then_some(Endpoint { address, port })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::reach;

    fn told(options: &[&str]) -> Result<Vec<(String, u32)>, String> {
        let argv = ["syscoind", "-regtest"]
            .into_iter()
            .chain(options.iter().copied());
        let args = Args::parse(crate::run::option_table(), argv.map(Into::into)).unwrap();
        let reach = reach::networks(&args).unwrap();
        let own = addresses(&args, &reach).map_err(|error| error.to_string())?;
        Ok(own
            .iter()
            .map(|own| (own.endpoint.to_string(), own.score))
            .collect())
    }

    fn check(options: &[&str], expected: &[(&str, u32)]) {
        let told = told(options).unwrap();
        let told: Vec<(&str, u32)> = told.iter().map(|(text, score)| (text.as_str(), *score)).collect();
        assert_eq!(told, expected, "{options:?}");
    }

    #[test]
    fn named_addresses_are_told_with_their_ports() {
        check(&[], &[]);
        check(&["-externalip=1.2.3.4"], &[("1.2.3.4:18444", 4)]);
        check(&["-externalip=1.2.3.4", "-port=1"], &[("1.2.3.4:1", 4)]);
        check(
            &["-externalip=1.2.3.4", "-port=1", "-bind=127.0.0.1:2=onion"],
            &[("1.2.3.4:2", 4)],
        );
        check(
            &[
                "-externalip=[2a00::1]:3",
                "-externalip=1.2.3.4:5",
                "-externalip=1.2.3.4:6",
            ],
            &[("1.2.3.4:6", 5), ("[2a00::1]:3", 4)],
        );
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        let external = format!("-externalip={onion}:7");
        check(&[&external], &[]);
        check(&[&external, "-proxy=127.0.0.1:9"], &[(&format!("{onion}:7"), 4)]);
    }

    #[test]
    fn addresses_that_nobody_can_reach_are_left_out() {
        check(&["-externalip=192.168.0.1", "-externalip=127.0.0.1"], &[]);
        check(&["-externalip=1.2.3.4", "-onlynet=ipv6"], &[]);
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "1.2.3.4:", "0.0.0.0", "no name at all"] {
            let options = [&format!("-externalip={text}"), "-dns=0"];
            assert_eq!(
                told(&options),
                Err(format!("Cannot resolve -externalip address: '{text}'"))
            );
        }
    }
}
