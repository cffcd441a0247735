//! What the node is among other nodes, as far as that can be said without a connection to any.
//!
//! Owns what the node would offer, which networks options allow, where it says that it can be reached, how much it may
//! send, the list of nodes to connect to, who is banned, and which nodes are remembered. It opens no socket: nothing
//! connects nodes yet.

mod added;
mod addresses;
mod bans;
mod listening;
mod own;
mod reach;
mod services;
mod upload;

use std::path::Path;

use app::Args;
use tokio::sync::watch;

pub(crate) use added::AddedNodes;
pub(crate) use addresses::{Addresses, AddressesError};
pub(crate) use bans::{Banned, Bans, Term};
pub(crate) use listening::{check_addresses, check_combinations};
pub(crate) use own::{OwnAddress, OwnAddressError};
pub(crate) use reach::{Reach, ReachError};
pub(crate) use services::Services;
pub(crate) use upload::{UploadTarget, UploadTargetError};

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
    /// Where others can reach it.
    pub(crate) own_addresses: Vec<OwnAddress>,
    /// How much it may send.
    pub(crate) upload_target: UploadTarget,
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
    OwnAddress(#[from] OwnAddressError),
    #[error(transparent)]
    UploadTarget(#[from] UploadTargetError),
    #[error(transparent)]
    Addresses(#[from] AddressesError),
    #[error("Cannot set -peerblockfilters without -blockfilterindex.")]
    FiltersWithoutIndex,
}

impl Network {
    /// What the options say, and the files in a directory have for a chain of this magic.
    pub(crate) fn open(args: &Args, directory: &Path, magic: [u8; 4]) -> Result<Self, NetworkError> {
        let reach = reach::networks(args)?;
        let own_addresses = own::addresses(args, &reach)?;
        let is_active = args.flag("networkactive", true);
        tracing::info!("SetNetworkActive: {is_active}");
        tracing::info!("init message: Loading banlist…");
        let bans = Bans::open(
            directory.join("banlist.json"),
            args.number("bantime", DEFAULT_BAN),
        );
        tracing::info!("init message: Loading P2P addresses…");
        let addresses = Addresses::open(directory.join("peers.dat"), magic)?;
        Ok(Self {
            user_agent: user_agent(args)?,
            services: Services::new(args).ok_or(NetworkError::FiltersWithoutIndex)?,
            relays_transactions: !args.flag("blocksonly", false),
            reach,
            own_addresses,
            upload_target: UploadTarget::parse(&args.text_or("maxuploadtarget", "0M"))?,
            added: AddedNodes::new(&args.texts("addnode"), args.network().p2p_port()),
            bans,
            addresses,
            is_active: watch::Sender::new(is_active),
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
        tracing::info!("SetNetworkActive: {is_active}");
        let change = |current: &mut bool| std::mem::replace(current, is_active) != is_active;
        self.is_active.send_if_modified(change);
    }
}
