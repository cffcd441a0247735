//! A socket of a node's `-ipcbind`, and as much of the protocol as tells whether somebody serves it.

use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rustix::net::sockopt::Timeout;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use crate::DEADLINE;

/// A message that asks for the bootstrap capability, as one segment of five words: the pointer to the message, its kind
/// and the pointer to its body, the question's number, no object's name.
const BOOTSTRAP: [u8; 48] = {
    let mut frame = [0; 48];
    frame[4] = 5;
    frame[12] = 1;
    frame[14] = 1;
    frame[16] = 8;
    frame[28] = 1;
    frame[30] = 1;
    frame
};

/// The kind of a message that answers a question.
const RETURN: u8 = 3;

/// Connects, and waits for room in the queue of those who come, though not for ever.
pub(crate) fn connect(path: &Path) -> Result<UnixStream> {
    let socket = rustix::net::socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    rustix::net::sockopt::set_socket_timeout(&socket, Timeout::Send, Some(DEADLINE))?;
    let address = SocketAddrUnix::new(path)?;
    // With a time limit the system does not resume it when the process was stopped meanwhile.
    rustix::io::retry_on_intr(|| rustix::net::connect(&socket, &address))?;
    Ok(UnixStream::from(socket))
}

/// A client that is connected.
#[derive(Debug)]
pub struct IpcSocket {
    stream: UnixStream,
}

impl IpcSocket {
    /// Connects.
    ///
    /// # Errors
    /// When nobody listens there.
    pub fn connect(path: &Path) -> Result<Self> {
        let stream = connect(path).with_context(|| format!("cannot connect to {}", path.display()))?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.set_write_timeout(Some(DEADLINE))?;
        Ok(Self { stream })
    }

    /// Connects and makes sure that somebody serves the socket.
    ///
    /// # Errors
    /// When nobody does.
    pub fn connect_served(path: &Path) -> Result<Self> {
        let mut socket = Self::connect(path)?;
        socket.check_served()?;
        Ok(socket)
    }

    /// Asks for the bootstrap capability and makes sure that there is an answer. To be done once.
    ///
    /// # Errors
    /// When there is none.
    pub fn check_served(&mut self) -> Result<()> {
        self.stream.write_all(&BOOTSTRAP)?;
        let mut number = || -> Result<usize> {
            let mut bytes = [0; 4];
            self.stream.read_exact(&mut bytes)?;
            Ok(usize::try_from(u32::from_le_bytes(bytes))?)
        };
        // The count of segments less one, their lengths in words, and a gap that makes it whole words.
        let segments = number()? + 1;
        ensure!(segments < 4, "more segments than an answer needs: {segments}");
        let lengths: Vec<usize> = (0..segments).map(|_| number()).collect::<Result<_>>()?;
        if segments % 2 == 0 {
            number()?;
        }
        let words: usize = lengths.iter().sum();
        ensure!(words < 1_000, "more words than an answer needs: {words}");
        let mut words = vec![0; words * 8];
        self.stream.read_exact(&mut words)?;
        // The first word points to the second, which begins with the kind.
        ensure!(words.get(8) == Some(&RETURN), "not an answer: {words:?}");
        Ok(())
    }

    /// Whether somebody serves the socket. To be asked once.
    ///
    /// # Errors
    /// When it is neither served nor closed in time.
    pub fn is_served(&mut self) -> Result<bool> {
        let Err(error) = self.check_served() else {
            return Ok(true);
        };
        match error.downcast_ref::<std::io::Error>().map(std::io::Error::kind) {
            Some(ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Ok(false),
            _ => Err(error),
        }
    }

    /// Waits until the other side closes the connection, and gives how many bytes it sent until then.
    ///
    /// # Errors
    /// When it does not close it in time.
    pub fn wait_for_end(&mut self) -> Result<usize> {
        let mut rest = Vec::new();
        match self.stream.read_to_end(&mut rest) {
            Err(error) if error.kind() != ErrorKind::ConnectionReset => Err(error.into()),
            Ok(_) | Err(_) => Ok(rest.len()),
        }
    }
}
