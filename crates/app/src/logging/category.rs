//! Log categories by Core's names, sets of them, and how much each may say.

use std::collections::BTreeMap;

/// The names in alphabetical order.
const NAMES: [&str; 37] = [
    "addrman",
    "bench",
    "blockstorage",
    "chainlocks",
    "cmpctblock",
    "coindb",
    "estimatefee",
    "gobject",
    "http",
    "i2p",
    "ipc",
    "leveldb",
    "libevent",
    "mempool",
    "mempoolrej",
    "mnlist",
    "mnpayments",
    "mnsync",
    "net",
    "netconn",
    "proxy",
    "prune",
    "qt",
    "rand",
    "reindex",
    "rpc",
    "scan",
    "selectcoins",
    "spork",
    "syscoin",
    "tor",
    "txpackages",
    "txreconciliation",
    "util",
    "validation",
    "walletdb",
    "zmq",
];

/// The categories that `dash` stands for.
const MASTERNODES: [&str; 7] = [
    "chainlocks",
    "gobject",
    "mnlist",
    "mnpayments",
    "mnsync",
    "netconn",
    "spork",
];

/// One category: its place among the names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Category(usize);

/// Some categories, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct CategorySet(u64);

/// The least important events that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Info,
    Debug,
    Trace,
}

/// Which categories speak, and how much.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Levels {
    pub(crate) enabled: CategorySet,
    pub(crate) verbosity: Verbosity,
    /// Categories with a verbosity of their own.
    pub(crate) exceptions: BTreeMap<Category, Verbosity>,
}

impl Category {
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..NAMES.len()).map(Self)
    }

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        NAMES.binary_search(&name).ok().map(Self)
    }

    /// The category of an event's target: its name, or its first part as in `ipc::spawn`.
    pub(crate) fn from_target(target: &str) -> Option<Self> {
        Self::from_name(target.split("::").next().unwrap_or(target))
    }

    pub(crate) fn name(self) -> &'static str {
        NAMES[self.0]
    }
}

impl CategorySet {
    pub(crate) const NONE: Self = Self(0);
    pub(crate) const ALL: Self = Self((1 << NAMES.len()) - 1);

    /// What a value of `-debug` or an argument of `logging` stands for.
    pub(crate) fn from_selector(selector: &str) -> Option<Self> {
        match selector {
            "" | "1" | "all" => Some(Self::ALL),
            "0" | "none" => Some(Self::NONE),
            "dash" => Some(MASTERNODES.into_iter().filter_map(Category::from_name).collect()),
            name => Category::from_name(name).map(|category| [category].into_iter().collect()),
        }
    }

    pub(crate) fn from_bits(bits: u64) -> Self {
        Self(bits & Self::ALL.0)
    }

    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    pub(crate) fn contains(self, category: Category) -> bool {
        self.0 & (1 << category.0) != 0
    }

    pub(crate) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl FromIterator<Category> for CategorySet {
    fn from_iter<Categories: IntoIterator<Item = Category>>(categories: Categories) -> Self {
        Self(
            categories
                .into_iter()
                .fold(0, |bits, category| bits | (1 << category.0)),
        )
    }
}

impl Verbosity {
    pub(crate) const ALL: [Self; 3] = [Self::Info, Self::Debug, Self::Trace];

    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verbosity| verbosity.name() == name)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

impl Default for Levels {
    fn default() -> Self {
        Self {
            enabled: CategorySet::NONE,
            verbosity: Verbosity::Debug,
            exceptions: BTreeMap::new(),
        }
    }
}

impl Levels {
    /// The categories whose events of this importance are written.
    pub(crate) fn speaking(&self, verbosity: Verbosity) -> CategorySet {
        let loud = |category: &Category| {
            verbosity <= self.exceptions.get(category).copied().unwrap_or(self.verbosity)
                && self.enabled.contains(*category)
        };
        Category::all().filter(loud).collect()
    }
}

/// All names, for help texts and messages.
pub(crate) fn category_names() -> &'static [&'static str] {
    &NAMES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted_and_lead_back() {
        assert!(NAMES.is_sorted());
        for category in Category::all() {
            assert_eq!(Category::from_name(category.name()), Some(category));
        }
    }

    #[test]
    fn targets_belong_to_their_first_part() {
        let rows = [
            ("ipc", Some("ipc")),
            ("ipc::spawn", Some("ipc")),
            ("ipcx", None),
            ("hyper::proto", None),
            ("", None),
        ];
        for (target, expected) in rows {
            assert_eq!(
                Category::from_target(target).map(Category::name),
                expected,
                "{target}"
            );
        }
    }

    #[test]
    fn exceptions_stand_above_the_common_verbosity() {
        let [ipc, net, rpc] = ["ipc", "net", "rpc"].map(|name| Category::from_name(name).unwrap());
        let levels = Levels {
            enabled: [ipc, net].into_iter().collect(),
            verbosity: Verbosity::Debug,
            exceptions: [
                (ipc, Verbosity::Trace),
                (net, Verbosity::Info),
                (rpc, Verbosity::Trace),
            ]
            .into(),
        };
        assert_eq!(levels.speaking(Verbosity::Debug), [ipc].into_iter().collect());
        assert_eq!(levels.speaking(Verbosity::Trace), [ipc].into_iter().collect());
        assert_eq!(levels.speaking(Verbosity::Info), [ipc, net].into_iter().collect());
    }
}
