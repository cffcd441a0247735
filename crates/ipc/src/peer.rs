//! Who is at the other end of a connection that a client made.

use std::io;

/// A client that was let in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Peer {
    /// A process of this machine that runs as the same user as this one, or as root.
    Local {
        /// Its number, where the system tells.
        pid: Option<i32>,
    },
    /// Whoever holds a key that is authorised here.
    Remote {
        /// The name that the key is authorised under.
        name: String,
    },
}

/// A client that is not let in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// It runs as another user.
    #[error("it belongs to user {uid}")]
    Foreign {
        /// The user's number.
        uid: u32,
    },
    /// The system does not say whose it is.
    #[error("the system does not say whose it is: {0}")]
    Unknown(#[from] io::Error),
}

/// Asks the system whose process is at the other end.
pub(crate) fn identify(stream: &tokio::net::UnixStream) -> Result<Peer, Refused> {
    let credentials = stream.peer_cred()?;
    let uid = credentials.uid();
    if may_connect(uid, rustix::process::geteuid().as_raw()) {
        Ok(Peer::Local {
            pid: credentials.pid(),
        })
    } else {
        Err(Refused::Foreign { uid })
    }
}

/// Root can do to this process whatever it likes, so that nothing is won by refusing it.
fn may_connect(uid: u32, own: u32) -> bool {
    uid == own || uid == 0
}

#[cfg(test)]
mod tests {
    use super::{Peer, identify, may_connect};

    #[test]
    fn only_the_same_user_and_root_may_connect() {
        let rows = [
            (1000, 1000, true),
            (0, 1000, true),
            (0, 0, true),
            (1001, 1000, false),
            (1000, 0, false),
        ];
        for (uid, own, expected) in rows {
            assert_eq!(may_connect(uid, own), expected, "{uid} at {own}");
        }
    }

    #[tokio::test]
    async fn this_process_may_connect_to_itself() {
        let (ours, _theirs) = tokio::net::UnixStream::pair().unwrap();
        let pid = match identify(&ours).unwrap() {
            Peer::Local { pid } => pid,
            Peer::Remote { .. } => unreachable!("no key was shown"),
        };
        if cfg!(target_os = "linux") {
            assert_eq!(pid, i32::try_from(std::process::id()).ok());
        }
    }
}
