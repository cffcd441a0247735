//! A host and its port in one text.

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
