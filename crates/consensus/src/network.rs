//! The chains whose rules are known here.

use std::fmt;

/// A chain, by the name that options and RPC results use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The chain with value.
    Main,
    /// The public test chain.
    Test,
    /// Bitcoin's test chain whose blocks are signed (BIP 325).
    Signet,
    /// The private chain of a test rig.
    Regtest,
}

impl Network {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Main, Self::Test, Self::Signet, Self::Regtest];

    /// The name for `-chain=` and in RPC results.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Test => "test",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
