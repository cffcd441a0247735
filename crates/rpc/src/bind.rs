//! Where to listen, decided from the options' parsed values.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// The addresses to bind and what the user should hear about the choice.
#[derive(Debug, PartialEq, Eq)]
pub struct BindChoice {
    /// Addresses in the order to try them.
    pub addresses: Vec<SocketAddr>,
    /// What to log as warnings.
    pub warnings: Vec<BindWarning>,
}

/// A remark on a choice of addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BindWarning {
    /// Others may connect, but the server listens on loopback only.
    AllowWithoutBind,
    /// Nobody else may connect, so the server stays on loopback.
    BindWithoutAllow,
}

impl fmt::Display for BindWarning {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::AllowWithoutBind => {
                "option -rpcallowip was specified without -rpcbind; this doesn't usually make sense"
            }
            Self::BindWithoutAllow => {
                "option -rpcbind was ignored because -rpcallowip was not specified, refusing to allow everyone to connect"
            }
        })
    }
}

/// Listens on loopback unless both `-rpcbind` and `-rpcallowip` say otherwise.
///
/// `requested` holds the addresses of `-rpcbind` with their ports, which may be none when it names no host that is
/// known; `allows_others` says whether `-rpcallowip` was given;
/// `port` is the port for loopback.
pub fn choose_bind(requested: Option<&[SocketAddr]>, allows_others: bool, port: u16) -> BindChoice {
    let loopback = [IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
    let (addresses, warnings) = match (requested, allows_others) {
        (None, true) => (None, vec![BindWarning::AllowWithoutBind]),
        (None, false) => (None, vec![]),
        (Some(_), false) => (None, vec![BindWarning::BindWithoutAllow]),
        (Some(requested), true) => (Some(requested.to_vec()), vec![]),
    };
    let addresses =
        addresses.unwrap_or_else(|| loopback.map(|address| SocketAddr::new(address, port)).to_vec());
    BindChoice { addresses, warnings }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_bind_with_allow_leaves_loopback() {
        let any: SocketAddr = "0.0.0.0:1".parse().unwrap();
        let loopback: Vec<SocketAddr> = vec!["[::1]:9".parse().unwrap(), "127.0.0.1:9".parse().unwrap()];
        let rows = [
            (None, false, loopback.clone(), vec![]),
            (None, true, loopback.clone(), vec![BindWarning::AllowWithoutBind]),
            (
                Some(vec![any]),
                false,
                loopback,
                vec![BindWarning::BindWithoutAllow],
            ),
            (Some(vec![any]), true, vec![any], vec![]),
            (Some(vec![]), true, vec![], vec![]),
        ];
        for (requested, allows_others, addresses, warnings) in rows {
            assert_eq!(
                choose_bind(requested.as_deref(), allows_others, 9),
                BindChoice { addresses, warnings }
            );
        }
    }
}
