//! The grammar of `-ipcbind` and `-ipcconnect`, and what addresses stand for in a data directory.
//!
//! `unix`, `unix:PATH` and `tcp:HOST:PORT`; a listener's may end in `,allow=NAME+NAME`. Nothing here touches files or
//! sockets.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use crate::scope::{Scope, ScopeError};

/// Bytes of the longest path that the system takes for a socket.
pub const MAX_SOCKET_PATH: usize = if cfg!(target_os = "linux") { 107 } else { 103 };

/// What separates a listener's address from its scope.
const ALLOW: &[u8] = b",allow=";

/// An address as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// A socket at a path, which may be relative, or at the node's usual place.
    Unix(Option<PathBuf>),
    /// A port.
    Tcp(TcpAddress),
}

/// A host, by name or number, and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TcpAddress {
    host: String,
    port: u16,
}

/// A value of `-ipcbind`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BindAddress {
    /// Where to listen.
    pub address: Address,
    /// What clients can have there.
    pub scope: Scope,
}

/// The value of `-ipcconnect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectAddress {
    /// `0`: do not connect.
    Off,
    /// `auto`: to the usual place, if somebody listens there.
    Auto,
    /// To this place and no other.
    To(Address),
}

/// An address with what the data directory adds to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A socket.
    Unix(SocketPath),
    /// A port.
    Tcp(TcpAddress),
}

/// An absolute path that is short enough for a socket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SocketPath(PathBuf);

/// An address that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not of the grammar.
    #[error("Unrecognized address '{0}'")]
    Unrecognized(String),
    /// The system cannot have a socket at a path of this length.
    #[error(
        "Unix address path \"{}\" exceeded maximum socket path length of {MAX_SOCKET_PATH} bytes",
        path.display()
    )]
    TooLong {
        /// The whole path.
        path: PathBuf,
    },
    /// What stands behind `allow=`.
    #[error(transparent)]
    Scope(#[from] ScopeError),
    /// Behind a listener's path, what looks as if it should limit its clients and would be part of the path.
    #[error("there is nothing like '{0}' behind an address, which ends in ',allow=NAME+NAME' if anything")]
    Ending(String),
}

impl Address {
    /// Reads an address.
    ///
    /// # Errors
    /// [`AddressError::Unrecognized`].
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        let unrecognized = || AddressError::Unrecognized(text.to_string_lossy().into_owned());
        let bytes = text.as_bytes();
        if bytes == b"unix" {
            return Ok(Self::Unix(None));
        }
        if let Some(path) = bytes.strip_prefix(b"unix:") {
            if path.contains(&0) {
                return Err(unrecognized());
            }
            let path = PathBuf::from(OsStr::from_bytes(path));
            return Ok(Self::Unix((!path.as_os_str().is_empty()).then_some(path)));
        }
        text.to_str()
            .and_then(|text| text.strip_prefix("tcp:"))
            .and_then(TcpAddress::parse)
            .map(Self::Tcp)
            .ok_or_else(unrecognized)
    }

    /// What it stands for. `directory` is the network's data directory, absolute; `usual` the name of the socket there
    /// that is meant when none is named.
    ///
    /// # Errors
    /// [`AddressError::TooLong`].
    pub fn resolve(&self, directory: &Path, usual: &str) -> Result<Place, AddressError> {
        match self {
            Self::Tcp(address) => Ok(Place::Tcp(address.clone())),
            Self::Unix(path) => {
                let path = directory.join(path.as_deref().unwrap_or(Path::new(usual)));
                SocketPath::new(path).map(Place::Unix)
            }
        }
    }
}

impl BindAddress {
    /// Reads a value of `-ipcbind`.
    ///
    /// # Errors
    /// [`AddressError`], but not for the length of a path.
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        let bytes = text.as_bytes();
        let split = bytes.windows(ALLOW.len()).rposition(|window| window == ALLOW);
        let (address, scope) = match split {
            None => (bytes, Scope::everything()),
            Some(split) => {
                let names = OsStr::from_bytes(&bytes[split + ALLOW.len()..]);
                (&bytes[..split], names.to_string_lossy().parse()?)
            }
        };
        let unrecognized = |_| AddressError::Unrecognized(text.to_string_lossy().into_owned());
        let parsed = Address::parse(OsStr::from_bytes(address)).map_err(unrecognized)?;
        if let Some(ending) = ending(address) {
            return Err(AddressError::Ending(String::from_utf8_lossy(ending).into_owned()));
        }
        Ok(Self {
            address: parsed,
            scope,
        })
    }
}

/// What the name of a socket ends in, if that looks like `,allow=` misspelt, or given a second time.
fn ending(address: &[u8]) -> Option<&[u8]> {
    let directory = address.iter().rposition(|byte| *byte == b'/');
    let name = &address[directory.map_or(0, |slash| slash + 1)..];
    let mut endings = (0..name.len())
        .map(|start| &name[start..])
        .filter(|ending| matches!(ending[0], b',' | b';'));
    endings.find(|ending| {
        let option = ending[1..].trim_ascii_start();
        let n_letters = option
            .iter()
            .take_while(|byte| byte.is_ascii_alphabetic())
            .count();
        let (word, value) = option.split_at(n_letters);
        let has_value = matches!(value.trim_ascii_start().first(), Some(b'=' | b':'));
        !word.is_empty() && has_value || word.eq_ignore_ascii_case(b"allow")
    })
}

impl ConnectAddress {
    /// What it stands for, as [`Address::resolve`] has it; `None` when not to connect.
    ///
    /// # Errors
    /// [`AddressError::TooLong`].
    pub fn resolve(&self, directory: &Path, usual: &str) -> Result<Option<Place>, AddressError> {
        match self {
            Self::Off => Ok(None),
            Self::Auto => Address::Unix(None).resolve(directory, usual).map(Some),
            Self::To(address) => address.resolve(directory, usual).map(Some),
        }
    }

    /// Reads the value of `-ipcconnect`. Empty is like `0`.
    ///
    /// # Errors
    /// [`AddressError::Unrecognized`].
    pub fn parse(text: &OsStr) -> Result<Self, AddressError> {
        match text.as_bytes() {
            b"" | b"0" => Ok(Self::Off),
            b"auto" => Ok(Self::Auto),
            _ => Address::parse(text).map(Self::To),
        }
    }
}

/// Reads `HOST:PORT`.
impl FromStr for TcpAddress {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).ok_or_else(|| AddressError::Unrecognized(text.to_owned()))
    }
}

impl TcpAddress {
    /// Reads `HOST:PORT`, a numeric host of the sixth version in brackets. The port is never 0.
    fn parse(text: &str) -> Option<Self> {
        let (host, port) = text.rsplit_once(':')?;
        let host = match host.strip_prefix('[') {
            Some(rest) => {
                let host = rest.strip_suffix(']')?;
                host.parse::<std::net::Ipv6Addr>().ok()?;
                host
            }
            None => host,
        };
        let is_name = |host: &str| {
            let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
            !host.is_empty() && host.chars().all(is_part)
        };
        if !is_name(host) && !text.starts_with('[') || !port.bytes().all(|digit| digit.is_ascii_digit()) {
            return None;
        }
        let port = port.parse().ok().filter(|port| *port != 0)?;
        Some(Self {
            host: host.to_owned(),
            port,
        })
    }

    /// The host, without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl SocketPath {
    fn new(path: PathBuf) -> Result<Self, AddressError> {
        if path.as_os_str().len() > MAX_SOCKET_PATH {
            return Err(AddressError::TooLong { path });
        }
        Ok(Self(path))
    }

    /// The path.
    pub fn as_path(&self) -> &Path {
        &self.0
    }

    /// The directory that the socket is in.
    pub(crate) fn directory(&self) -> &Path {
        self.0.parent().unwrap_or(Path::new("/"))
    }
}

impl fmt::Display for TcpAddress {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, port } = self;
        if host.contains(':') {
            write!(formatter, "[{host}]:{port}")
        } else {
            write!(formatter, "{host}:{port}")
        }
    }
}

/// As it is written.
impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(None) => formatter.write_str("unix"),
            Self::Unix(Some(path)) => write!(formatter, "unix:{}", path.display()),
            Self::Tcp(address) => write!(formatter, "tcp:{address}"),
        }
    }
}

/// As a value of `-ipcconnect`.
impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix:{}", path.as_path().display()),
            Self::Tcp(address) => write!(formatter, "tcp:{address}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::{OsStr, OsString};
    use std::os::unix::ffi::OsStringExt as _;
    use std::path::Path;

    use proptest::prelude::*;

    use super::{Address, AddressError, BindAddress, ConnectAddress, MAX_SOCKET_PATH, Place, TcpAddress};
    use crate::scope::{Scope, Service};

    fn unix(path: &str) -> Address {
        Address::Unix(Some(path.into()))
    }

    fn tcp(host: &str, port: u16) -> Address {
        Address::Tcp(TcpAddress {
            host: host.to_owned(),
            port,
        })
    }

    #[test]
    fn an_address_is_a_path_or_a_port() {
        let rows = [
            ("unix", Some(Address::Unix(None))),
            ("unix:", Some(Address::Unix(None))),
            ("unix:a,b ₿/c", Some(unix("a,b ₿/c"))),
            ("unix:/x:1", Some(unix("/x:1"))),
            ("tcp:127.0.0.1:80", Some(tcp("127.0.0.1", 80))),
            ("tcp:[::1]:65535", Some(tcp("::1", 65535))),
            ("tcp:node-1.example:8332", Some(tcp("node-1.example", 8332))),
            ("", None),
            ("0", None),
            ("auto", None),
            ("unixx", None),
            ("UNIX", None),
            ("unix:a\0b", None),
            ("node.sock", None),
            ("tcp", None),
            ("tcp:", None),
            ("tcp::80", None),
            ("tcp:80", None),
            ("tcp:host:", None),
            ("tcp:host:0", None),
            ("tcp:host:+1", None),
            ("tcp:host:65536", None),
            ("tcp:::1:80", None),
            ("tcp:[]:80", None),
            ("tcp:[host]:80", None),
            ("tcp:[::1]", None),
            ("tcp:[::1:80", None),
            ("tcp:a b:80", None),
            ("tcp:\u{e9}:80", None),
        ];
        for (text, expected) in rows {
            let parsed = Address::parse(OsStr::new(text));
            let expected = expected.ok_or_else(|| AddressError::Unrecognized(text.to_owned()));
            assert_eq!(parsed, expected, "{text:?}");
        }
        let error = Address::parse(OsStr::new("x")).unwrap_err();
        assert_eq!(error.to_string(), "Unrecognized address 'x'");
    }

    #[test]
    fn a_listener_has_a_scope_behind_its_address() {
        let mining: Scope = [Service::Mining].into_iter().collect();
        let both: Scope = [Service::Mining, Service::Rpc].into_iter().collect();
        let rows = [
            ("unix", Address::Unix(None), Scope::everything()),
            ("unix,allow=mining", Address::Unix(None), mining.clone()),
            ("unix:m.sock,allow=rpc+mining", unix("m.sock"), both),
            ("unix:a,b c,allow=mining", unix("a,b c"), mining.clone()),
            ("tcp:h:1,allow=mining", tcp("h", 1), mining),
        ];
        for (text, address, scope) in rows {
            let parsed = BindAddress::parse(OsStr::new(text));
            assert_eq!(parsed, Ok(BindAddress { address, scope }), "{text}");
        }
        let error = |text: &str| BindAddress::parse(OsStr::new(text)).unwrap_err().to_string();
        assert_eq!(error("x,allow=mining"), "Unrecognized address 'x,allow=mining'");
        assert!(error("unix,allow=all").starts_with("there is no interface 'all' to allow"));
        // They would listen to everybody, at a path of that name.
        for (text, ending) in [
            ("unix:m.sock,alow=mining", ",alow=mining"),
            ("unix:m.sock,Allow=mining", ",Allow=mining"),
            ("unix:m.sock,allow=rpc,allow=mining", ",allow=rpc"),
            ("unix:m.sock,deny=rpc,allow=mining", ",deny=rpc"),
            ("unix:a,allow=x,b,allow=mining", ",allow=x,b"),
            ("unix:m.sock, allow=mining", ", allow=mining"),
            ("unix:m.sock,allow =mining", ",allow =mining"),
            ("unix:m.sock,allow:mining", ",allow:mining"),
            ("unix:m.sock;allow=mining", ";allow=mining"),
            ("unix:m.sock,allow", ",allow"),
            ("unix:a,b/m,n.sock,Allow", ",Allow"),
        ] {
            let expected = format!(
                "there is nothing like '{ending}' behind an address, which ends in ',allow=NAME+NAME' if anything"
            );
            assert_eq!(error(text), expected);
        }
        for text in ["unix:/mnt/a,b=c/node.sock", "unix:a,b;c", "unix:allow"] {
            let parsed = BindAddress::parse(OsStr::new(text)).unwrap();
            assert_eq!(parsed.address, unix(&text["unix:".len()..]));
        }
    }

    #[test]
    fn a_client_may_be_told_to_connect_nowhere_or_where_it_can() {
        let rows = [
            ("", ConnectAddress::Off),
            ("0", ConnectAddress::Off),
            ("auto", ConnectAddress::Auto),
            ("unix:x", ConnectAddress::To(unix("x"))),
        ];
        for (text, expected) in rows {
            assert_eq!(ConnectAddress::parse(OsStr::new(text)), Ok(expected), "{text}");
        }
        assert!(ConnectAddress::parse(OsStr::new("1")).is_err());
        // A path may have any name; only listeners have scopes.
        assert_eq!(
            ConnectAddress::parse(OsStr::new("unix:x,allow=rpc")),
            Ok(ConnectAddress::To(unix("x,allow=rpc")))
        );
    }

    #[test]
    fn paths_start_in_the_data_directory() {
        let rows = [
            ("unix", "unix:/data/regtest/node.sock"),
            ("unix:other.sock", "unix:/data/regtest/other.sock"),
            ("unix:sub/o.sock", "unix:/data/regtest/sub/o.sock"),
            ("unix:/run/o.sock", "unix:/run/o.sock"),
            ("tcp:[::1]:80", "tcp:[::1]:80"),
            ("tcp:host:80", "tcp:host:80"),
        ];
        for (text, expected) in rows {
            let address = Address::parse(OsStr::new(text)).unwrap();
            let place = address.resolve(Path::new("/data/regtest"), "node.sock").unwrap();
            assert_eq!(place.to_string(), expected);
        }
    }

    #[test]
    fn a_path_that_no_socket_can_have_is_refused() {
        let longest = unix(&"x".repeat(MAX_SOCKET_PATH - 3)).resolve(Path::new("/d"), "");
        assert!(
            matches!(longest, Ok(Place::Unix(path)) if path.as_path().as_os_str().len() == MAX_SOCKET_PATH)
        );
        let path = format!("/d/{}", "x".repeat(MAX_SOCKET_PATH - 2));
        let error = unix(&path).resolve(Path::new("/d"), "").unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "Unix address path \"{path}\" exceeded maximum socket path length of {MAX_SOCKET_PATH} bytes"
            )
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_an_address_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let text = OsString::from_vec(bytes);
            let _ = Address::parse(&text);
            let _ = BindAddress::parse(&text);
            let _ = ConnectAddress::parse(&text);
        }

        #[test]
        fn what_looks_like_an_address_is_one_or_refused(text in "(unix|tcp):?[a-z:,=\\[\\].0-9+]{0,20}(,allow=[a-z+]{0,12})?") {
            if let Ok(parsed) = BindAddress::parse(OsStr::new(&text)) {
                prop_assert!(text.starts_with("unix") || text.starts_with("tcp:"));
                prop_assert_eq!(parsed.scope.is_everything(), !text.contains(",allow="));
            }
        }

        #[test]
        fn a_place_reads_what_it_writes(path in "/[a-z₿ ,/.]{0,30}", host in "[a-z0-9.-]{1,20}", port in 1_u16..) {
            for address in [unix(&path), tcp(&host, port)] {
                let place = address.resolve(Path::new("/d"), "node.sock").unwrap();
                prop_assert_eq!(Address::parse(OsStr::new(&place.to_string())), Ok(address));
            }
        }
    }
}
