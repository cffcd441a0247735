//! TCP ports that no other test and no outgoing connection takes meanwhile.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::os::fd::OwnedFd;

use anyhow::{Context as _, Result};
use rustix::net::{AddressFamily, SocketType, bind, getsockname, listen, socket, sockopt};

/// A port of the loopback address, reserved for as long as this value lives.
///
/// A socket is bound to it, with address reuse and without listening: the kernel then gives the port to nobody who
/// asks for just any port, while a server that asks for this very one, with address reuse, may have it.
#[derive(Debug)]
pub struct Port {
    number: u16,
    socket: OwnedFd,
}

impl Port {
    /// Reserves a port.
    ///
    /// # Errors
    /// When the system has none left.
    pub fn reserve() -> Result<Self> {
        let socket = socket(AddressFamily::INET, SocketType::STREAM, None).context("cannot make a socket")?;
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::CLOEXEC)?;
        sockopt::set_socket_reuseaddr(&socket, true)?;
        bind(&socket, &SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).context("cannot reserve a port")?;
        let address = SocketAddr::try_from(getsockname(&socket)?)?;
        Ok(Self {
            number: address.port(),
            socket,
        })
    }

    /// Takes the port into use, so that no server can have it any more.
    ///
    /// # Errors
    /// When something else listens there already.
    pub fn occupy(&self) -> Result<()> {
        listen(&self.socket, 1).context("cannot listen on the reserved port")
    }

    /// Its number.
    #[must_use]
    pub fn number(&self) -> u16 {
        self.number
    }
}
