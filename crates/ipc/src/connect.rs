//! Connecting to a process that listens.
//!
//! Not only does the listener make sure of us: we make sure of it, before it is told anything.

mod noted;

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use interfaces::{Init, InterfaceError};
use tokio::net::UnixStream;

use crate::address::{AddressError, ConnectAddress, Place, SocketPath, TcpAddress};
use crate::endpoint::Ended;
use crate::event_loop::EventLoop;
use crate::keys::{KeyDigest, Keys};
use crate::listen::NODE_SOCKET;
use crate::metrics::Origin;
use crate::tls::{self, TlsError};
use noted::Noted;

/// There is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Nobody listens at a path, or there is no way to it. The text is the system's alone.
    #[error("{}", without_number(source))]
    Socket {
        /// Why.
        source: io::Error,
    },
    /// Whoever listens there is neither the same user nor root, nor owns the directory.
    #[error("user {uid} listens at {}, and should not", path.as_path().display())]
    Foreign {
        /// Where.
        path: SocketPath,
        /// The user's number.
        uid: u32,
    },
    /// There is no secure connection.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The listener ended the connection at once.
    #[error(
        "{address} ended the connection: {reason}. It may not know this key: `ipc-key authorize NAME {own}` there makes \
         it known"
    )]
    Ended {
        /// Where.
        address: TcpAddress,
        /// What it said.
        reason: String,
        /// The key that we showed.
        own: KeyDigest,
    },
    /// It takes what it is sent, and says nothing.
    #[error("no answer within {} s", waited.as_secs())]
    Silent {
        /// How long it was given.
        waited: Duration,
    },
    /// It does not speak the protocol.
    #[error(transparent)]
    Interface(#[from] InterfaceError),
}

impl ConnectError {
    /// Whether a listener may yet appear.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Socket { .. } | Self::Tls(TlsError::Unreachable(_)))
    }

    /// Whether this means no more than that nobody listens there for this user.
    fn means_absence(&self) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotADirectory, NotFound, PermissionDenied};
        match self {
            Self::Address(AddressError::TooLong { .. }) => true,
            Self::Socket { source } => {
                matches!(
                    source.kind(),
                    ConnectionRefused | NotADirectory | NotFound | PermissionDenied
                )
            }
            _ => false,
        }
    }
}

/// The system's text for an error, as C programs show it.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error ") {
        Some((text, _number)) => text.to_owned(),
        None => text,
    }
}

/// A connection to a node.
pub struct Connected {
    /// What the node offers.
    pub init: Arc<dyn Init>,
    /// Where it listens.
    pub place: Place,
    /// Tells of the connection's end.
    pub ended: Ended,
}

/// Connects to a node as `-ipcconnect` says; `directory` is the network's data directory, absolute. `None` when it says
/// not to, and when nobody listens where nobody need to.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect(
    event_loop: &EventLoop,
    address: &ConnectAddress,
    directory: &Path,
) -> Result<Option<Connected>, ConnectError> {
    let connected = match address.resolve(directory, NODE_SOCKET) {
        Ok(None) => return Ok(None),
        Ok(Some(place)) => connect_to(event_loop, place, directory).await,
        Err(error) => Err(error.into()),
    };
    match connected {
        Err(error) if *address == ConnectAddress::Auto && error.means_absence() => Ok(None),
        connected => connected.map(Some),
    }
}

/// [`connect`] to a node that has to answer within a time.
///
/// # Errors
/// [`ConnectError`].
pub async fn connect_within(
    patience: Duration,
    event_loop: &EventLoop,
    address: &ConnectAddress,
    directory: &Path,
) -> Result<Option<Connected>, ConnectError> {
    let connecting = tokio::time::timeout(patience, connect(event_loop, address, directory));
    connecting
        .await
        .unwrap_or(Err(ConnectError::Silent { waited: patience }))
}

async fn connect_to(
    event_loop: &EventLoop,
    place: Place,
    directory: &Path,
) -> Result<Connected, ConnectError> {
    let name = Arc::from(place.to_string());
    let (init, ended) = match &place {
        Place::Unix(path) => {
            let stream = connect_unix(path.clone()).await?;
            event_loop.connect_until(stream, Some(name)).await?
        }
        Place::Tcp(address) => {
            let origin = Origin::tcp(name, None);
            connect_tcp(event_loop, &Keys::new(directory), address.clone(), origin).await?
        }
    };
    Ok(Connected { init, place, ended })
}

async fn connect_unix(path: SocketPath) -> Result<std::os::unix::net::UnixStream, ConnectError> {
    let failed = |source| ConnectError::Socket { source };
    let stream = UnixStream::connect(path.as_path()).await.map_err(failed)?;
    let uid = stream.peer_cred().map_err(failed)?.uid();
    let owner = fs_err::metadata(path.directory()).map_err(failed)?.uid();
    if !may_listen(uid, rustix::process::geteuid().as_raw(), owner) {
        return Err(ConnectError::Foreign { path, uid });
    }
    stream.into_std().map_err(failed)
}

/// Whether the listener can be one that the user means: in a directory that all may write to, it could be anyone's.
fn may_listen(uid: u32, own: u32, directory_owner: u32) -> bool {
    uid == own || uid == 0 || uid == directory_owner
}

async fn connect_tcp(
    event_loop: &EventLoop,
    keys: &Keys,
    address: TcpAddress,
    origin: Origin,
) -> Result<(Arc<dyn Init>, Ended), ConnectError> {
    let stream = tls::connect(keys, &address).await?;
    // What the listener thinks of our key is known only by what it says next.
    let (stream, note) = Noted::new(stream);
    let connecting = event_loop.connect_stream(stream, origin);
    connecting.await.map_err(|error| {
        let own = keys.identity().map(|identity| identity.digest());
        match (note.take(), own) {
            (Some(reason), Ok(own)) => ConnectError::Ended { address, reason, own },
            _ => error.into(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::ffi::OsStr;
    use std::os::unix::net::UnixListener;
    use std::path::Path;

    use std::time::Duration;

    use super::{ConnectError, connect, connect_within, may_listen};
    use crate::{ConnectAddress, EventLoop, NODE_SOCKET};

    #[test]
    fn a_listener_is_of_the_same_user_or_root_or_owns_the_directory() {
        let rows = [
            (1000, 1000, 0, true),
            (0, 1000, 1000, true),
            (1000, 0, 1000, true),
            (1001, 1000, 0, false),
            (1001, 0, 0, false),
        ];
        for (uid, own, owner, expected) in rows {
            assert_eq!(may_listen(uid, own, owner), expected, "{uid} {own} {owner}");
        }
    }

    async fn fail(directory: &Path, address: &str) -> Option<String> {
        let event_loop = EventLoop::start("connect-test").unwrap();
        let address = ConnectAddress::parse(OsStr::new(address)).unwrap();
        match connect(&event_loop, &address, directory).await {
            Ok(None) => None,
            Ok(Some(_)) => panic!("connected"),
            Err(error) => Some(error.to_string()),
        }
    }

    #[tokio::test]
    async fn that_nobody_listens_is_no_error_where_nobody_need_to() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path();
        let long = directory.join("x".repeat(200));
        let refused = || Some("Connection refused".to_owned());
        let missing = || Some("No such file or directory".to_owned());
        assert_eq!(fail(directory, "auto").await, None);
        assert_eq!(fail(directory, "unix").await, missing());
        drop(UnixListener::bind(directory.join(NODE_SOCKET)).unwrap());
        assert_eq!(fail(directory, "auto").await, None);
        assert_eq!(fail(directory, "unix").await, refused());
        assert_eq!(fail(directory, "0").await, None);
        assert_eq!(fail(&long, "auto").await, None);
        assert!(
            fail(&long, "unix")
                .await
                .unwrap()
                .starts_with("Unix address path")
        );
        let file = directory.join("file");
        fs_err::write(&file, "").unwrap();
        assert_eq!(fail(&file, "auto").await, None);
        assert_eq!(fail(&file, "unix").await, Some("Not a directory".to_owned()));
    }

    #[tokio::test]
    async fn that_somebody_listens_who_does_not_answer_is_an_error() {
        let root = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(root.path().join(NODE_SOCKET)).unwrap();
        let closing = std::thread::spawn(move || drop(listener.accept().unwrap()));
        let event_loop = EventLoop::start("connect-test").unwrap();
        let connected = connect(&event_loop, &ConnectAddress::Auto, root.path()).await;
        assert!(matches!(connected, Err(ConnectError::Interface(_))));
        closing.join().unwrap();
    }

    #[tokio::test]
    async fn that_somebody_listens_who_says_nothing_is_an_error_after_a_time() {
        let root = tempfile::tempdir().unwrap();
        let _listener = UnixListener::bind(root.path().join(NODE_SOCKET)).unwrap();
        let event_loop = EventLoop::start("connect-test").unwrap();
        let patience = Duration::from_millis(1_001);
        let address = ConnectAddress::Auto;
        let connected = connect_within(patience, &event_loop, &address, root.path()).await;
        assert_eq!(connected.err().unwrap().to_string(), "no answer within 1 s");
    }
}
