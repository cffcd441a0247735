//! What a node offers to others, as bits and by name.

use app::Args;

/// Bits with their names, in the order of the bits.
const NAMES: [(u64, &str); 6] = [
    (Services::NETWORK, "NETWORK"),
    (Services::BLOOM, "BLOOM"),
    (Services::WITNESS, "WITNESS"),
    (Services::COMPACT_FILTERS, "COMPACT_FILTERS"),
    (Services::NETWORK_LIMITED, "NETWORK_LIMITED"),
    (Services::P2P_V2, "P2P_V2"),
];

/// What a node offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Services(pub(crate) u64);

impl Services {
    /// All blocks.
    pub(crate) const NETWORK: u64 = 1;
    /// Bloom filters (BIP 111).
    const BLOOM: u64 = 1 << 2;
    /// Witnesses (BIP 144).
    pub(crate) const WITNESS: u64 = 1 << 3;
    /// Compact filters of blocks (BIP 157).
    const COMPACT_FILTERS: u64 = 1 << 6;
    /// The last 288 blocks (BIP 159).
    const NETWORK_LIMITED: u64 = 1 << 10;
    /// Encrypted connections (BIP 324).
    const P2P_V2: u64 = 1 << 11;

    /// What the options say; nothing when they ask for filters to be offered that are not kept.
    pub(super) fn new(args: &Args) -> Option<Self> {
        let mut bits = Self::NETWORK_LIMITED | Self::WITNESS;
        if args.number("prune", 0) == 0 {
            bits |= Self::NETWORK;
        }
        if args.flag("peerblockfilters", false) {
            let keeps_filters = args
                .texts("blockfilterindex")
                .last()
                .is_some_and(|kind| kind != "0");
            if !keeps_filters {
                return None;
            }
            bits |= Self::COMPACT_FILTERS;
        }
        if args.flag("peerbloomfilters", false) {
            bits |= Self::BLOOM;
        }
        if args.flag("v2transport", false) {
            bits |= Self::P2P_V2;
        }
        Some(Self(bits))
    }

    /// The names of the bits that have one.
    pub(crate) fn names(self) -> Vec<&'static str> {
        let offered = NAMES.iter().filter(|(bit, _)| self.0 & bit != 0);
        offered.map(|(_, name)| *name).collect()
    }

    /// Whether connections may be encrypted.
    pub(crate) fn has_encryption(self) -> bool {
        self.0 & Self::P2P_V2 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn services(options: &[&str]) -> Option<Vec<&'static str>> {
        let table = crate::run::option_table();
        let argv = std::iter::once("syscoind").chain(options.iter().copied());
        let args = Args::parse(table, argv.map(Into::into)).unwrap();
        Services::new(&args).map(Services::names)
    }

    #[test]
    fn options_decide_what_is_offered() {
        let rows: [(&[&str], Option<&[&str]>); 5] = [
            (&[], Some(&["NETWORK", "WITNESS", "NETWORK_LIMITED"])),
            (&["-prune=550"], Some(&["WITNESS", "NETWORK_LIMITED"])),
            (&["-peerblockfilters"], None),
            (
                &["-peerblockfilters", "-blockfilterindex"],
                Some(&["NETWORK", "WITNESS", "COMPACT_FILTERS", "NETWORK_LIMITED"]),
            ),
            (
                &["-peerbloomfilters", "-v2transport"],
                Some(&["NETWORK", "BLOOM", "WITNESS", "NETWORK_LIMITED", "P2P_V2"]),
            ),
        ];
        for (options, expected) in rows {
            assert_eq!(services(options).as_deref(), expected, "{options:?}");
        }
    }
}
