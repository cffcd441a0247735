//! Whom the node does not want to be connected to, in `banlist.json` from one run to the next.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use addrman::NetAddress;
use fs_err as fs;
use rpc::Subnet;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::replace::replace;

/// The version of an entry's form.
const VERSION: i64 = 1;

/// Who is banned: a network of IP addresses, or one address of another kind.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Banned {
    Network(Subnet),
    Host(NetAddress),
}

/// Since when and until when, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ban {
    pub(crate) created: i64,
    pub(crate) until: i64,
}

/// How long somebody is to be banned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Term {
    /// As long as `-bantime` says.
    Default,
    /// So many seconds.
    Seconds(i64),
    /// Until then, in seconds since 1970.
    Until(i64),
}

/// All bans.
#[derive(Debug)]
pub(crate) struct Bans {
    bans: Mutex<BTreeMap<Banned, Ban>>,
    /// Whether the file is another list, because it could not be written.
    is_unwritten: AtomicBool,
    file: PathBuf,
    default_seconds: i64,
    /// Sent whenever they change.
    changes: watch::Sender<()>,
}

impl Banned {
    /// What a caller names: an address, or a network as `address/bits` or `address/mask`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.contains('/') {
            return text.parse().ok().map(Self::Network);
        }
        let address: NetAddress = text.parse().ok()?;
        address.is_valid().then(|| Self::from(address))
    }

    fn includes(&self, address: &NetAddress) -> bool {
        match (self, address) {
            (Self::Network(network), NetAddress::Ipv4(address)) => network.contains(IpAddr::V4(*address)),
            (Self::Network(network), NetAddress::Ipv6(address)) => network.contains(IpAddr::V6(*address)),
            (Self::Host(host), address) => host == address,
            (Self::Network(_), _) => false,
        }
    }
}

impl From<NetAddress> for Banned {
    fn from(address: NetAddress) -> Self {
        match address {
            NetAddress::Ipv4(ip) => Self::Network(Subnet::single(IpAddr::V4(ip))),
            NetAddress::Ipv6(ip) => Self::Network(Subnet::single(IpAddr::V6(ip))),
            other => Self::Host(other),
        }
    }
}

impl fmt::Display for Banned {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(formatter),
            Self::Host(host) => host.fmt(formatter),
        }
    }
}

impl Bans {
    /// The bans of a file. One that cannot be read is told of, and written anew with the next ban.
    pub(crate) fn open(file: PathBuf, default_seconds: i64) -> Self {
        let bans = match fs::read(&file) {
            Ok(bytes) => read(&bytes).unwrap_or_else(|error| {
                tracing::warn!("Cannot parse banlist {}: {error}", file.display());
                tracing::info!("Recreating the banlist database");
                BTreeMap::new()
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                tracing::info!("Recreating the banlist database");
                BTreeMap::new()
            }
            Err(error) => {
                tracing::warn!("Cannot load banlist {}: {error}", file.display());
                BTreeMap::new()
            }
        };
        tracing::debug!(target: "net", "Loaded {} banned node addresses/subnets", bans.len());
        Self {
            bans: Mutex::new(bans),
            is_unwritten: AtomicBool::new(false),
            file,
            default_seconds,
            changes: watch::Sender::default(),
        }
    }

    /// Tells of changes from now on.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Banned, Ban>> {
        self.bans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bans somebody, unless he is banned for longer already.
    pub(crate) fn add(&self, banned: Banned, term: Term, now: i64) {
        let until = match term {
            Term::Until(until) if until > 0 => until,
            Term::Seconds(seconds) if seconds > 0 => now.saturating_add(seconds),
            Term::Default | Term::Until(_) | Term::Seconds(_) => now.saturating_add(self.default_seconds),
        };
        let mut bans = self.lock();
        if bans.get(&banned).is_none_or(|ban| ban.until < until) {
            bans.insert(banned, Ban { created: now, until });
            self.write(&bans);
        }
    }

    /// Takes a ban back; whether there was one.
    pub(crate) fn remove(&self, banned: &Banned) -> bool {
        let mut bans = self.lock();
        let was_there = bans.remove(banned).is_some();
        if was_there {
            self.write(&bans);
        }
        was_there
    }

    /// Takes all bans back.
    pub(crate) fn clear(&self) {
        let mut bans = self.lock();
        bans.clear();
        self.write(&bans);
    }

    /// Those that have not ended.
    pub(crate) fn all(&self, now: i64) -> Vec<(Banned, Ban)> {
        let mut bans = self.lock();
        let count = bans.len();
        bans.retain(|_, ban| now <= ban.until);
        if bans.len() != count {
            self.write(&bans);
        }
        bans.iter().map(|(banned, ban)| (banned.clone(), *ban)).collect()
    }

    /// Whether exactly this one is banned where it is a network, and whether any ban includes it where it is one address
    /// that was named as such.
    pub(crate) fn has(&self, banned: &Banned, now: i64) -> bool {
        self.lock().get(banned).is_some_and(|ban| now < ban.until)
    }

    /// Whether any ban includes the address.
    pub(crate) fn include(&self, address: &NetAddress, now: i64) -> bool {
        let bans = self.lock();
        bans.iter()
            .any(|(banned, ban)| now < ban.until && banned.includes(address))
    }

    /// Writes the file, which is there as a whole or as it was. A failure is told and does not lift the ban.
    fn write(&self, bans: &BTreeMap<Banned, Ban>) {
        self.changes.send_replace(());
        let list = bans.iter().map(|(banned, ban)| {
            json!({
                "version": VERSION,
                "ban_created": ban.created,
                "banned_until": ban.until,
                "address": banned.to_string(),
            })
        });
        let document = json!({ "banned_nets": list.collect::<Vec<_>>() });
        let written = replace(&self.file, |writer| writeln!(writer, "{document:#}"));
        self.is_unwritten.store(written.is_err(), Ordering::Relaxed);
        if let Err(error) = written {
            tracing::error!("the list of bans cannot be written: {error}");
        }
    }

    /// Writes the file if that failed when it should have been written.
    pub(crate) fn save(&self) {
        let bans = self.lock();
        if self.is_unwritten.load(Ordering::Relaxed) {
            self.write(&bans);
        }
    }
}

/// Why a file is no list of bans.
#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("an entry has no {0}")]
    Missing(&'static str),
}

/// What a file says. Entries that are not understood are dropped, and told of.
fn read(bytes: &[u8]) -> Result<BTreeMap<Banned, Ban>, ReadError> {
    let document: Value = serde_json::from_slice(bytes)?;
    let list = document["banned_nets"].as_array();
    let mut bans = BTreeMap::new();
    for entry in list.ok_or(ReadError::Missing("banned_nets"))? {
        let number = |name| entry[name].as_i64().ok_or(ReadError::Missing(name));
        let version = number("version")?;
        if version != VERSION {
            tracing::warn!("Dropping entry with unknown version ({version}) from ban list");
            continue;
        }
        let address = entry["address"].as_str().ok_or(ReadError::Missing("address"))?;
        let Some(banned) = Banned::parse(address) else {
            tracing::warn!("Dropping entry with unparseable address or subnet ({address}) from ban list");
            continue;
        };
        let (created, until) = (number("ban_created")?, number("banned_until")?);
        bans.insert(banned, Ban { created, until });
    }
    Ok(bans)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listed(bans: &Bans, now: i64) -> Vec<(String, i64, i64)> {
        let all = bans.all(now).into_iter();
        all.map(|(banned, ban)| (banned.to_string(), ban.created, ban.until))
            .collect()
    }

    fn banned(text: &str) -> Banned {
        Banned::parse(text).unwrap()
    }

    #[test]
    fn bans_are_kept_in_the_file_until_they_end() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("banlist.json");
        let bans = Bans::open(file.clone(), 100);
        let onion = "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion";
        bans.add(banned(onion), Term::Seconds(0), 10);
        bans.add(banned("1.2.3.4"), Term::Seconds(5), 10);
        bans.add(banned("2000::/8"), Term::Until(50), 10);
        bans.add(banned("1.2.3.4"), Term::Seconds(2), 11);
        let again = Bans::open(file.clone(), 1);
        let expected = [
            ("1.2.3.4/32".to_owned(), 10, 15),
            ("2000::/8".to_owned(), 10, 50),
            (onion.to_owned(), 10, 110),
        ];
        assert_eq!(listed(&again, 15), expected);
        assert_eq!(listed(&again, 16), expected[1..]);
        assert_eq!(listed(&Bans::open(file, 1), 0), expected[1..], "the file follows");
    }

    #[test]
    fn a_network_includes_its_addresses_and_is_itself_something_else() {
        let directory = tempfile::tempdir().unwrap();
        let bans = Bans::open(directory.path().join("banlist.json"), 100);
        bans.add(banned("1.2.0.0/16"), Term::Default, 10);
        let include = |text: &str, now| bans.include(&text.parse().unwrap(), now);
        assert!(include("1.2.3.4", 109));
        assert!(!include("1.2.3.4", 110));
        assert!(!include("1.3.3.4", 10));
        assert!(!bans.has(&banned("1.2.3.0/24"), 10));
        assert!(bans.has(&banned("1.2.9.9/255.255.0.0"), 10));
        assert!(!bans.remove(&banned("1.2.3.4")));
        assert!(bans.remove(&banned("1.2.0.0/16")));
        assert_eq!(listed(&bans, 10), []);
    }

    #[test]
    fn what_is_not_understood_is_dropped_and_a_damaged_file_is_empty() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("banlist.json");
        let entry = |version: i64, address: &str| json!({ "version": version, "ban_created": 0, "banned_until": 778, "address": address });
        let list = [entry(1, "aaaaaaaaa"), entry(2, "1.2.3.4"), entry(1, "1.0.0.0/8")];
        let document = json!({ "banned_nets": list }).to_string();
        for (content, count) in [
            (document.as_str(), 1),
            ("", 0),
            ("{}", 0),
            ("{\"banned_nets\": [{}]}", 0),
            (&document[..40], 0),
        ] {
            fs::write(&file, content).unwrap();
            assert_eq!(Bans::open(file.clone(), 1).all(777).len(), count, "{content}");
        }
    }

    #[test]
    fn texts_that_are_no_addresses_are_refused() {
        for text in [
            "",
            "127.0.0.1/42",
            "127.0.0.1/-1",
            "example.org",
            "0.0.0.0",
            "1.2.3.4:80",
        ] {
            assert_eq!(Banned::parse(text), None, "{text}");
        }
    }
}
