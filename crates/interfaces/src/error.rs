//! What a call across an interface can fail with, besides what its own result says.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A call that gave no result.
///
/// The texts of [`Disconnected`](Self::Disconnected) and [`Remote`](Self::Remote) are those of Bitcoin Core's
/// libmultiprocess, which clients match.
#[derive(Debug, thiserror::Error)]
pub enum InterfaceError {
    /// The implementation does not have the method.
    #[error("{method} is not supported by this process")]
    Unsupported {
        /// Interface and method, as in `Init.makeEcho`.
        method: String,
    },
    /// The implementation has the method, but not for this caller.
    #[error("{method} is not allowed here")]
    NotAllowed {
        /// Interface and method, as in `Init.makeEcho`.
        method: String,
    },
    /// The process that held the object is gone, or the connection to it is closed.
    #[error("{0}")]
    Disconnected(Disconnection),
    /// The other process answered with an error; its text, without the prefix.
    #[error("remote exception: {0}")]
    Remote(String),
    /// The other process sent what the interface does not allow.
    #[error("malformed IPC message: {0}")]
    Malformed(String),
    /// The process that the object needs cannot be started.
    #[error("cannot start {}", program.display())]
    Spawn {
        /// The executable.
        program: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// The other process did not answer when the connection was set up.
    #[error("no answer from {peer} within {} s", waited.as_secs())]
    Unresponsive {
        /// The other process's executable.
        peer: String,
        /// How long it was given.
        waited: Duration,
    },
}

impl InterfaceError {
    /// The implementation does not have `method`, as in `Init.makeEcho`.
    #[must_use]
    pub fn unsupported(method: &str) -> Self {
        Self::Unsupported {
            method: method.to_owned(),
        }
    }

    /// The connection may not call `method`, as in `Init.makeMining`.
    #[must_use]
    pub fn not_allowed(method: &str) -> Self {
        Self::NotAllowed {
            method: method.to_owned(),
        }
    }
}

/// When the connection was lost, as seen from a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnection {
    /// The call was on its way or running: whether it had an effect is unknown.
    DuringCall,
    /// Before the call: it had no effect.
    BeforeCall,
}

impl fmt::Display for Disconnection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DuringCall => "IPC client method call interrupted by disconnect.",
            Self::BeforeCall => "IPC client method called after disconnect.",
        })
    }
}
