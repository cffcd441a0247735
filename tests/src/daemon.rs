//! The two daemons that every test of a node's behaviour runs against.

use crate::Executable;

/// A program that is a node: its composition differs, its behaviour must not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// `syscoind`, one process.
    Syscoind,
    /// `syscoin-node`, which spawns others.
    SyscoinNode,
}

impl Daemon {
    /// Its executable.
    #[must_use]
    pub fn executable(self) -> Executable {
        match self {
            Self::Syscoind => Executable::Syscoind,
            Self::SyscoinNode => Executable::SyscoinNode,
        }
    }
}
