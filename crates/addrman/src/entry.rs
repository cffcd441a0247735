//! What is remembered of one node.

use crate::address::NetAddress;
use crate::endpoint::Endpoint;

/// How old news of a node may be, in seconds.
const HORIZON: u64 = 30 * 24 * 60 * 60;

/// How often a node may fail that was never reached.
const MAX_TRIES: u32 = 3;

/// How often a node may fail in a row that was reached, within [`FAILURE_SPAN`].
const MAX_FAILURES: u32 = 10;

const FAILURE_SPAN: u64 = 7 * 24 * 60 * 60;

/// What nodes tell each other of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PeerAddress {
    /// Where it listens.
    pub endpoint: Endpoint,
    /// What it offers, as bits.
    pub services: u64,
    /// When it was last seen, in seconds since 1970.
    pub time: u64,
}

/// What a node remembers of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What was told of it.
    pub peer: PeerAddress,
    /// Who told first.
    pub source: NetAddress,
    /// When it was last reached, in seconds since 1970; 0: never.
    pub last_success: i64,
    /// When it was last tried, in seconds since 1970; 0: not in this run.
    pub last_try: u64,
    /// How often it failed since it was last reached.
    pub attempts: u32,
    /// When a failure was last counted.
    pub(crate) last_counted: u64,
    /// In how many places of the table of new addresses it is.
    pub(crate) n_places: usize,
    /// Whether it is in the table of tried addresses.
    pub(crate) is_tried: bool,
    /// Where it stands in the random order.
    pub(crate) position: usize,
}

impl Entry {
    /// Something that is in no table yet.
    pub(crate) fn new(peer: PeerAddress, source: NetAddress) -> Self {
        Self {
            peer,
            source,
            last_success: 0,
            last_try: 0,
            attempts: 0,
            last_counted: 0,
            n_places: 0,
            is_tried: false,
            position: 0,
        }
    }

    /// When it was last reached, in seconds since 1970.
    pub(crate) fn reached(&self) -> u64 {
        u64::try_from(self.last_success).unwrap_or(0)
    }

    /// Whether it is not worth its place.
    pub(crate) fn is_terrible(&self, now: u64) -> bool {
        if self.last_try != 0 && self.last_try + 60 >= now {
            return false;
        }
        let is_of_the_future = self.peer.time > now + 10 * 60;
        let is_old = now.saturating_sub(self.peer.time) > HORIZON;
        let was_never_reached = self.last_success == 0 && self.attempts >= MAX_TRIES;
        let fails = now.saturating_sub(self.reached()) > FAILURE_SPAN && self.attempts >= MAX_FAILURES;
        is_of_the_future || is_old || was_never_reached || fails
    }

    /// How likely it should be chosen when it is come upon, from 0 to 1.
    pub(crate) fn chance(&self, now: u64) -> f64 {
        let mut chance = 0.66_f64.powi(i32::try_from(self.attempts.min(8)).unwrap_or(8));
        if now.saturating_sub(self.last_try) < 10 * 60 {
            chance *= 0.01;
        }
        chance
    }
}
