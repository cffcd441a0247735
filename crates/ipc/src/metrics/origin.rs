//! How a connection came about, and with whom.

use std::sync::Arc;

use super::info::Transport;

/// What is known of who is at the other end of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Party {
    /// The process's name. Processes choose it themselves.
    pub name: Option<String>,
    /// The process's number, where the system tells.
    pub pid: Option<u32>,
    /// The number of the user that it runs as.
    pub uid: Option<u32>,
    /// The name that its key is authorised under here.
    pub key: Option<String>,
}

/// How a connection came about, and with whom.
pub(crate) struct Origin {
    transport: Transport,
    address: Option<Arc<str>>,
    party: Party,
}

impl Origin {
    /// A socket of this machine, connected through a listener at an address, or made by a parent as a pair.
    pub(crate) fn local(stream: &tokio::net::UnixStream, address: Option<Arc<str>>) -> Self {
        let transport = match address {
            Some(_) => Transport::Unix,
            None => Transport::Inherited,
        };
        Self {
            transport,
            address,
            party: Party::of(stream),
        }
    }

    /// A child process that was started.
    pub(crate) fn child(name: String, pid: Option<u32>) -> Self {
        Self {
            transport: Transport::Inherited,
            address: None,
            party: Party {
                name: Some(name),
                pid,
                uid: Some(rustix::process::geteuid().as_raw()),
                key: None,
            },
        }
    }

    /// TLS over TCP, with whoever has the key of this name where that is known.
    pub(crate) fn tcp(address: Arc<str>, key: Option<String>) -> Self {
        Self {
            transport: Transport::Tcp,
            address: Some(address),
            party: Party {
                key,
                ..Party::default()
            },
        }
    }

    pub(super) fn transport(&self) -> Transport {
        self.transport
    }

    pub(super) fn address(&self) -> Option<&str> {
        self.address.as_deref()
    }

    /// Who is at the other end; a process's name is as of now.
    pub(super) fn party(&self) -> Party {
        let mut party = self.party.clone();
        if party.name.is_none() {
            party.name = party.pid.and_then(process_name);
        }
        party
    }
}

impl Party {
    /// What the system says of the other end of a socket; of a pair, who made it.
    fn of(stream: &tokio::net::UnixStream) -> Self {
        let Ok(credentials) = stream.peer_cred() else {
            return Self::default();
        };
        // A process that this one cannot see has number 0.
        let pid = credentials.pid().and_then(|pid| u32::try_from(pid).ok());
        let pid = pid.filter(|pid| *pid != 0);
        Self {
            name: None,
            pid,
            uid: Some(credentials.uid()),
            key: None,
        }
    }
}

#[cfg(target_os = "linux")]
fn process_name(pid: u32) -> Option<String> {
    let name = fs_err::read(format!("/proc/{pid}/comm")).ok()?;
    Some(String::from_utf8_lossy(&name).trim_end().to_owned())
}

#[cfg(not(target_os = "linux"))]
fn process_name(_: u32) -> Option<String> {
    None
}
