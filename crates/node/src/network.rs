//! What the node is among other nodes, as far as that can be said without a connection to any.
//!
//! Owns what the node would offer, which networks options allow, the list of nodes to connect to, who is banned, and
//! which nodes are remembered. It opens no
//! socket: nothing connects nodes yet.

mod added;
mod addresses;
mod bans;
mod reach;
mod services;

use std::path::Path;

use app::Args;
use tokio::sync::watch;

pub(crate) use added::AddedNodes;
pub(crate) use addresses::{Addresses, AddressesError};
pub(crate) use bans::{Banned, Bans, Term};
pub(crate) use reach::{Reach, ReachError};
pub(crate) use services::Services;

use crate::user_agent::{UserAgentError, user_agent};

/// The version of the protocol between nodes.
pub(crate) const PROTOCOL_VERSION: u32 = 70_017;

/// How long somebody is banned, in seconds.
const DEFAULT_BAN: i64 = 24 * 60 * 60;

/// A node among others.
#[derive(Debug)]
pub(crate) struct Network {
    /// How it introduces itself.
    pub(crate) user_agent: String,
    /// What it offers.
    pub(crate) services: Services,
    /// Whether it wants to be told of transactions.
    pub(crate) relays_transactions: bool,
    /// Each network, and whether and how it is used.
    pub(crate) reach: Vec<Reach>,
    /// Nodes that are to be connected to.
    pub(crate) added: AddedNodes,
    /// Whom it does not want to be connected to.
    pub(crate) bans: Bans,
    /// Nodes that it remembers.
    pub(crate) addresses: Addresses,
    is_active: watch::Sender<bool>,
}

/// The options about other nodes cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NetworkError {
    #[error(transparent)]
    UserAgent(#[from] UserAgentError),
    #[error(transparent)]
    Reach(#[from] ReachError),
    #[error(transparent)]
    Addresses(#[from] AddressesError),
    #[error("Cannot set -peerblockfilters without -blockfilterindex.")]
    FiltersWithoutIndex,
}

impl Network {
    /// What the options say, and the files in a directory have for a chain of this magic.
    pub(crate) fn open(args: &Args, directory: &Path, magic: [u8; 4]) -> Result<Self, NetworkError> {
        Ok(Self {
            user_agent: user_agent(args)?,
            services: Services::new(args).ok_or(NetworkError::FiltersWithoutIndex)?,
            relays_transactions: !args.flag("blocksonly", false),
            reach: reach::networks(args)?,
            added: AddedNodes::new(&args.texts("addnode"), args.network().p2p_port()),
            bans: Bans::open(
                directory.join("banlist.json"),
                args.number("bantime", DEFAULT_BAN),
            ),
            addresses: Addresses::open(directory.join("peers.dat"), magic)?,
            is_active: watch::Sender::new(args.flag("networkactive", true)),
        })
    }

    /// Writes what it knows of others to their files. That they cannot be written is no reason to stop.
    pub(crate) fn save(&self) {
        self.bans.save();
        if let Err(error) = self.addresses.save() {
            tracing::error!("peers.dat cannot be written: {error}");
        }
    }

    /// Whether it may connect to others.
    pub(crate) fn is_active(&self) -> bool {
        *self.is_active.borrow()
    }

    /// Tells whether it may, from now on.
    pub(crate) fn activity(&self) -> watch::Receiver<bool> {
        self.is_active.subscribe()
    }

    /// Lets it connect to others, or not.
    pub(crate) fn set_active(&self, is_active: bool) {
        let change = |current: &mut bool| std::mem::replace(current, is_active) != is_active;
        if self.is_active.send_if_modified(change) {
            tracing::info!("SetNetworkActive: {is_active}");
        }
    }
}
