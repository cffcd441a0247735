//! Where a publisher listens.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// A place to listen at, as ZeroMQ writes it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// `tcp://host:port`.
    Tcp {
        /// A name or an address; `*` stands for all IPv4 addresses of the machine.
        host: String,
        /// The port; 0, or `*`, lets the system choose one.
        port: u16,
    },
    /// `ipc://path`: a socket in the file system.
    Ipc(PathBuf),
}

/// A text is no [`Endpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an address of the form tcp://host:port or ipc://path")]
pub struct InvalidEndpoint;

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        match text.split_once("://").ok_or(InvalidEndpoint)? {
            ("tcp", address) => {
                let (host, port) = address.rsplit_once(':').ok_or(InvalidEndpoint)?;
                let host = match host.strip_prefix('[') {
                    Some(host) => host.strip_suffix(']').ok_or(InvalidEndpoint)?,
                    None if host.contains(':') => return Err(InvalidEndpoint),
                    None => host,
                };
                let port = match port {
                    "*" => 0,
                    digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                        digits.parse().map_err(|_| InvalidEndpoint)?
                    }
                    _ => return Err(InvalidEndpoint),
                };
                if host.is_empty() {
                    return Err(InvalidEndpoint);
                }
                Ok(Self::Tcp {
                    host: host.to_owned(),
                    port,
                })
            }
            // A name that is no path begins with @ in libzmq.
            ("ipc", path) if cfg!(unix) && !path.is_empty() && !path.starts_with('@') => {
                Ok(Self::Ipc(path.into()))
            }
            _ => Err(InvalidEndpoint),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp { host, port } if host.contains(':') => write!(formatter, "tcp://[{host}]:{port}"),
            Self::Tcp { host, port } => write!(formatter, "tcp://{host}:{port}"),
            Self::Ipc(path) => write!(formatter, "ipc://{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in [
            "tcp://127.0.0.1:28332",
            "tcp://[::1]:28332",
            "tcp://localhost:1",
            "tcp://*:65535",
        ] {
            assert_eq!(text.parse::<Endpoint>().unwrap().to_string(), text);
        }
        assert_eq!("tcp://*:*".parse::<Endpoint>().unwrap().to_string(), "tcp://*:0");
        #[cfg(unix)]
        assert_eq!(
            "ipc:///tmp/socket".parse::<Endpoint>().unwrap().to_string(),
            "ipc:///tmp/socket"
        );
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "",
            "127.0.0.1:28332",
            "tcp://127.0.0.1",
            "tcp://:1",
            "tcp://::1:1",
            "tcp://[::1:1",
            "tcp://host:65536",
            "tcp://host:+1",
            "tcp://host:-1",
            "udp://host:1",
            "ipc://",
            "ipc://@name",
        ] {
            assert_eq!(text.parse::<Endpoint>(), Err(InvalidEndpoint), "{text}");
        }
    }
}
