//! The chains a node can follow, and what depends on the choice alone.

use std::fmt;

/// A chain, by the names that options, sections of `syscoin.conf` and RPC results use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Network {
    /// The chain with value.
    Main,
    /// The public test chain.
    Testnet,
    /// The test chain whose blocks are signed.
    Signet,
    /// The private chain of a test rig.
    Regtest,
}

impl Network {
    /// All of them, the default first.
    pub const ALL: [Self; 4] = [Self::Main, Self::Testnet, Self::Signet, Self::Regtest];

    /// The name for `-chain=`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Testnet => "test",
            Self::Signet => "signet",
            Self::Regtest => "regtest",
        }
    }

    /// The network with this [`name`](Self::name).
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|network| network.name() == name)
    }

    /// The section of `syscoin.conf` that holds for this network alone.
    pub fn section(self) -> &'static str {
        self.name()
    }

    /// The directory below the data directory that holds this network's files; the main chain's are in the data
    /// directory itself.
    pub fn data_directory(self) -> Option<&'static str> {
        match self {
            Self::Main => None,
            Self::Testnet => Some("testnet3"),
            Self::Signet => Some("signet"),
            Self::Regtest => Some("regtest"),
        }
    }

    /// The default TCP port of the RPC server.
    pub fn rpc_port(self) -> u16 {
        match self {
            Self::Main => 8370,
            Self::Testnet => 18370,
            Self::Signet => 38332,
            Self::Regtest => 38370,
        }
    }

    /// The default TCP port for peers.
    pub fn p2p_port(self) -> u16 {
        match self {
            Self::Main => 8369,
            Self::Testnet => 18369,
            Self::Signet => 38333,
            Self::Regtest => 18444,
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back_to_their_network() {
        for network in Network::ALL {
            assert_eq!(Network::from_name(network.name()), Some(network));
        }
        for name in ["", "testnet", "testnet3", "Main", "regtest "] {
            assert_eq!(Network::from_name(name), None, "{name}");
        }
    }
}
