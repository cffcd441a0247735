//! Where the node listens: `-rpcconnect` with or without a port, `-rpcport`, or the network's own port.

use app::Args;

use crate::error::CliError;

/// Host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Without the brackets of IPv6.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Target {
    pub(crate) fn new(args: &Args) -> Result<Self, CliError> {
        let connect = args.text_or("rpcconnect", "127.0.0.1");
        let (host, port) = split(&connect);
        let from_connect = port
            .map(|port| parse_port("-rpcconnect", port, &connect))
            .transpose()?;
        let from_option = args
            .text("rpcport")
            .map(|port| parse_port("-rpcport", &port, &port))
            .transpose()?;
        let port = from_option
            .or(from_connect)
            .unwrap_or_else(|| args.network().rpc_port());
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The host as HTTP writes it.
    pub(crate) fn host_header(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        }
    }
}

/// Cuts off a port where there can be one: `host:port`, `[v6]:port`, but not within a bare IPv6 address.
fn split(text: &str) -> (&str, Option<&str>) {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if host.ends_with(']') || !host.contains(':') => (host, Some(port)),
        _ => (text, None),
    };
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    (bare.unwrap_or(host), port)
}

fn parse_port(option: &'static str, port: &str, value: &str) -> Result<u16, CliError> {
    let parsed = port.parse().ok().filter(|port| *port != 0);
    parsed.ok_or_else(|| CliError::Port {
        option,
        value: value.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(options: &[&str]) -> Result<Target, CliError> {
        let argv = ["syscoin-cli"].into_iter().chain(options.iter().copied());
        Target::new(&Args::parse(crate::options::table(), argv.map(Into::into)).unwrap())
    }

    #[test]
    fn the_port_comes_from_the_nearest_option() {
        let rows: [(&[&str], &str, u16); 8] = [
            (&[], "127.0.0.1", 8370),
            (&["-regtest"], "127.0.0.1", 38370),
            (&["-rpcconnect=node"], "node", 8370),
            (&["-rpcconnect=node:7"], "node", 7),
            (&["-rpcconnect=node:7", "-rpcport=8"], "node", 8),
            (&["-rpcconnect=[::1]:7"], "::1", 7),
            (&["-rpcconnect=[::1]"], "::1", 8370),
            (&["-rpcconnect=::1", "-testnet"], "::1", 18370),
        ];
        for (options, host, port) in rows {
            assert_eq!(
                target(options).unwrap(),
                Target {
                    host: host.to_owned(),
                    port
                },
                "{options:?}"
            );
        }
    }

    #[test]
    fn wrong_ports_are_errors() {
        let rows = [
            ("-rpcport=0", "Invalid port provided in -rpcport: 0"),
            ("-rpcport=65536", "Invalid port provided in -rpcport: 65536"),
            (
                "-rpcconnect=node:x",
                "Invalid port provided in -rpcconnect: node:x",
            ),
        ];
        for (option, expected) in rows {
            assert_eq!(target(&[option]).unwrap_err().to_string(), expected);
        }
    }
}
