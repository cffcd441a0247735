//! A host and its port in one text, and the options that have one.

use app::Args;

/// Options with a port alone.
const PORTS: [&str; 2] = ["port", "rpcport"];

/// Options with a host that may have a port.
const HOSTS: [&str; 6] = ["i2psam", "onion", "proxy", "rpcbind", "torcontrol", "whitebind"];

/// A port is none. The text is Bitcoin Core's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("Invalid port specified in -{option}: '{value}'")]
pub(crate) struct InvalidPort {
    pub(crate) option: &'static str,
    pub(crate) value: String,
}

/// Refuses ports that are none, whether or not anybody listens at them.
pub(crate) fn check_ports(args: &Args) -> Result<(), InvalidPort> {
    for option in PORTS {
        if let Some(value) = args.text(option).filter(|text| parse_port(text).is_none()) {
            return Err(InvalidPort { option, value });
        }
    }
    for option in HOSTS.into_iter().chain(["bind"]) {
        let mut values = args.texts(option).into_iter();
        if let Some(value) = values.find(|value| !has_fit_port(option, value)) {
            return Err(InvalidPort { option, value });
        }
    }
    Ok(())
}

/// Whether a value has no port, or one that is one. What follows the last `=` of an address to listen at is its kind.
fn has_fit_port(option: &str, value: &str) -> bool {
    let host = match option {
        "bind" => value.rsplit_once('=').map_or(value, |(host, _)| host),
        _ => value,
    };
    split_host_port(host).is_some()
}

/// The parts of `host`, `host:port` and `[host]:port`; a host with several colons is an IPv6 address without a port.
pub(crate) fn split_host_port(text: &str) -> Option<(&str, Option<u16>)> {
    if let Some((host, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']')) {
        return match rest.strip_prefix(':') {
            Some(port) => parse_port(port).map(|port| (host, Some(port))),
            None => rest.is_empty().then_some((host, None)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) if !port.contains(':') => parse_port(port).map(|port| (host, Some(port))),
        _ => Some((text, None)),
    }
}

/// A port that can be listened on or connected to.
pub(crate) fn parse_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_is_none_is_named() {
        let rows = [
            ("-rpcport=1", None),
            ("-port=70000", Some("Invalid port specified in -port: '70000'")),
            ("-rpcport=0", Some("Invalid port specified in -rpcport: '0'")),
            ("-rpcbind=[::1]:2", None),
            ("-rpcbind=a:b", Some("Invalid port specified in -rpcbind: 'a:b'")),
            (
                "-proxy=abc:def",
                Some("Invalid port specified in -proxy: 'abc:def'"),
            ),
            ("-whitebind=noban@1.2.3.4:1", None),
            (
                "-whitebind=noban@1.2.3.4:0",
                Some("Invalid port specified in -whitebind: 'noban@1.2.3.4:0'"),
            ),
            ("-bind=1.2.3.4:1=onion", None),
            (
                "-bind=1.2.3.4:x=onion",
                Some("Invalid port specified in -bind: '1.2.3.4:x=onion'"),
            ),
        ];
        for (option, expected) in rows {
            let argv = ["syscoind", option, "-server=0"];
            let args = Args::parse(crate::run::option_table(), argv.map(Into::into)).unwrap();
            let told = check_ports(&args).err().map(|error| error.to_string());
            assert_eq!(told.as_deref(), expected, "{option}");
        }
    }

    #[test]
    fn an_address_is_split_from_its_port() {
        let rows = [
            ("127.0.0.1", Some(("127.0.0.1", None))),
            ("127.0.0.1:80", Some(("127.0.0.1", Some(80)))),
            ("localhost:80", Some(("localhost", Some(80)))),
            ("::1", Some(("::1", None))),
            ("[::1]", Some(("::1", None))),
            ("[::1]:80", Some(("::1", Some(80)))),
            ("127.0.0.1:", None),
            ("127.0.0.1:0", None),
            ("127.0.0.1:65536", None),
            ("[::1]80", None),
            ("[::1]:x", None),
        ];
        for (text, expected) in rows {
            assert_eq!(split_host_port(text), expected, "{text}");
        }
    }
}
