//! A listening socket at a path: put where nobody else listens, for its owner alone, and removed when it is still ours.

use std::fs::{FileType, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use crate::address::SocketPath;
use crate::directory::{self, DirectoryError};

/// A socket that listens, at a path that is removed with it.
#[derive(Debug)]
pub(super) struct BoundSocket {
    path: SocketPath,
    identity: (u64, u64),
}

/// A path where no socket can be put.
#[derive(Debug, thiserror::Error)]
pub(super) enum SocketError {
    /// Its directory.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// Another process, or this one, listens there.
    #[error("Address already in use: another process listens there")]
    InUse,
    /// What is there is left alone.
    #[error("{} is a {kind} and no socket; it is left alone", path.display())]
    NotASocket {
        /// The path.
        path: PathBuf,
        /// What it is.
        kind: &'static str,
    },
    /// A socket that is left alone, though nobody may be listening on it.
    #[error("{} is a socket of another user; it is left alone", path.display())]
    Foreign {
        /// The path.
        path: PathBuf,
    },
    /// The system refuses.
    #[error("{0}")]
    System(#[from] io::Error),
}

/// Listens at the path.
pub(super) fn bind(path: &SocketPath) -> Result<(UnixListener, BoundSocket), SocketError> {
    directory::prepare(path.directory())?;
    let _lock = directory::lock(path.directory())?;
    remove_stale(path.as_path())?;
    let listener = UnixListener::bind(path.as_path())?;
    let metadata = fs_err::symlink_metadata(path.as_path())?;
    let socket = BoundSocket {
        path: path.clone(),
        identity: identity(&metadata),
    };
    // Whoever connects before this is asked who it is like all others.
    fs_err::set_permissions(path.as_path(), Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    Ok((listener, socket))
}

/// Makes room where a socket is left of a process that is gone.
fn remove_stale(path: &Path) -> Result<(), SocketError> {
    let metadata = match fs_err::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    if !metadata.file_type().is_socket() {
        return Err(SocketError::NotASocket {
            path: path.to_owned(),
            kind: kind(metadata.file_type()),
        });
    }
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(SocketError::Foreign {
            path: path.to_owned(),
        });
    }
    if somebody_listens(path)? {
        return Err(SocketError::InUse);
    }
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

fn kind(file_type: FileType) -> &'static str {
    if file_type.is_symlink() {
        "symbolic link"
    } else if file_type.is_dir() {
        "directory"
    } else if file_type.is_file() {
        "file"
    } else {
        "special file"
    }
}

/// Tries to connect, without waiting for a process that does not accept.
fn somebody_listens(path: &Path) -> io::Result<bool> {
    let address = SocketAddrUnix::new(path)?;
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::io::ioctl_fionbio(&socket, true)?;
    match rustix::net::connect(&socket, &address) {
        Ok(()) | Err(Errno::AGAIN | Errno::INPROGRESS) => Ok(true),
        Err(Errno::CONNREFUSED | Errno::NOENT) => Ok(false),
        // A socket of another kind is somebody's, too.
        Err(Errno::PROTOTYPE) => Ok(true),
        Err(error) => Err(error.into()),
    }
}

fn identity(metadata: &Metadata) -> (u64, u64) {
    (metadata.dev(), metadata.ino())
}

impl Drop for BoundSocket {
    fn drop(&mut self) {
        let path = self.path.as_path();
        // Without the lock, what happens at the same moment may be missed, which is no reason to leave the socket.
        let _lock = directory::lock(self.path.directory());
        let ours = fs_err::symlink_metadata(path).is_ok_and(|metadata| identity(&metadata) == self.identity);
        if ours && let Err(error) = fs_err::remove_file(path) {
            tracing::warn!("ipc: {error}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    use std::path::Path;

    use super::{BoundSocket, SocketError, bind};
    use crate::address::{Address, Place, SocketPath};

    fn path(directory: &Path) -> SocketPath {
        let address = Address::Unix(None);
        match address.resolve(directory, "node.sock").unwrap() {
            Place::Unix(path) => path,
            Place::Tcp(_) => unreachable!("the address is a path"),
        }
    }

    #[test]
    fn a_socket_is_its_owners_alone_and_goes_with_its_listener() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("made");
        let path = path(&directory);
        let bound = bind(&path).unwrap();
        let mode = |path: &Path| fs_err::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(path.as_path())), (0o700, 0o600));
        UnixStream::connect(path.as_path()).unwrap();
        drop(bound);
        assert!(!path.as_path().exists());
    }

    #[test]
    fn what_a_dead_process_left_is_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = path(root.path());
        drop(UnixListener::bind(path.as_path()).unwrap());
        assert!(path.as_path().exists());
        let _bound = bind(&path).unwrap();
        UnixStream::connect(path.as_path()).unwrap();
    }

    #[test]
    fn a_socket_that_is_listened_on_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = path(root.path());
        let (listener, _socket) = bind(&path).unwrap();
        assert!(matches!(bind(&path), Err(SocketError::InUse)));
        // Also when it accepts nobody any more, and has no room for another.
        let mut waiting = Vec::new();
        while let Ok(stream) = connect_at_once(&path) {
            waiting.push(stream);
        }
        assert!(matches!(bind(&path), Err(SocketError::InUse)));
        drop(waiting);
        drop(listener);
    }

    fn connect_at_once(path: &SocketPath) -> rustix::io::Result<std::os::fd::OwnedFd> {
        use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};
        let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
        rustix::io::ioctl_fionbio(&socket, true)?;
        rustix::net::connect(&socket, &SocketAddrUnix::new(path.as_path())?)?;
        Ok(socket)
    }

    #[test]
    fn what_is_no_listening_socket_is_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = path(root.path());
        let there = path.as_path();
        let target = root.path().join("target");
        let check = |kind: &str| {
            let error = bind(&path).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("{} is a {kind} and no socket; it is left alone", there.display())
            );
        };
        fs_err::write(there, "").unwrap();
        check("file");
        fs_err::remove_file(there).unwrap();
        fs_err::create_dir(there).unwrap();
        check("directory");
        fs_err::remove_dir(there).unwrap();
        for exists in [false, true] {
            if exists {
                drop(UnixListener::bind(&target).unwrap());
            }
            std::os::unix::fs::symlink(&target, there).unwrap();
            check("symbolic link");
            fs_err::remove_file(there).unwrap();
        }
        let datagrams = UnixDatagram::bind(there).unwrap();
        assert!(matches!(bind(&path), Err(SocketError::InUse)));
        drop(datagrams);
    }

    #[test]
    fn a_socket_of_another_listener_outlives_ours() {
        let root = tempfile::tempdir().unwrap();
        let path = path(root.path());
        let first: (UnixListener, BoundSocket) = bind(&path).unwrap();
        fs_err::rename(path.as_path(), root.path().join("away")).unwrap();
        let _second = bind(&path).unwrap();
        drop(first);
        UnixStream::connect(path.as_path()).unwrap();
    }

    #[test]
    fn of_many_that_bind_at_once_one_listens() {
        let root = tempfile::tempdir().unwrap();
        let path = path(root.path());
        drop(UnixListener::bind(path.as_path()).unwrap());
        let results: Vec<_> = std::thread::scope(|scope| {
            let binding: Vec<_> = (0..16).map(|_| scope.spawn(|| bind(&path))).collect();
            binding.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for result in &results {
            assert!(matches!(result, Ok(_) | Err(SocketError::InUse)), "{result:?}");
        }
        UnixStream::connect(path.as_path()).unwrap();
    }
}
