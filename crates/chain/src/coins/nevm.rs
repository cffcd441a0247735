//! What a chain knows of the NEVM beside its coins: which of the NEVM's blocks its own commit to, and which of the NEVM's
//! transactions made tokens.
//!
//! Both change with the coins, in memory and in the store.

use std::collections::BTreeMap;

use consensus::nevm::{NevmHash, NevmRoots};

/// Bytes of what is stored of a block of the NEVM.
const STORED: usize = 32 + 32 + 4;

/// What a block commits to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Committed {
    pub(super) roots: NevmRoots,
    /// The block's height: where several commit to the same, the first one counts, and only its end is the commitment's.
    pub(super) height: u32,
}

impl Committed {
    pub(super) fn to_bytes(self) -> [u8; STORED] {
        let mut bytes = [0; STORED];
        bytes[..32].copy_from_slice(&self.roots.transactions.0);
        bytes[32..64].copy_from_slice(&self.roots.receipts.0);
        bytes[64..].copy_from_slice(&self.height.to_le_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8; STORED]) -> Self {
        let hash = |place: usize| NevmHash(bytes[place..place + 32].try_into().expect("it is as long"));
        Self {
            roots: NevmRoots {
                transactions: hash(0),
                receipts: hash(32),
            },
            height: u32::from_le_bytes(bytes[64..].try_into().expect("it is as long")),
        }
    }
}

/// Changes to that.
#[derive(Debug, Default)]
pub(super) struct NevmLayer {
    /// By the NEVM's block; none if no block commits to it any more.
    committed: BTreeMap<NevmHash, Option<Committed>>,
    /// Whether a transaction of the NEVM made tokens.
    minted: BTreeMap<NevmHash, bool>,
}

impl NevmLayer {
    /// What is committed to, if this layer knows.
    pub(super) fn committed(&self, block: &NevmHash) -> Option<Option<Committed>> {
        self.committed.get(block).copied()
    }

    /// Whether a transaction of the NEVM made tokens, if this layer knows.
    pub(super) fn is_minted(&self, transaction: &NevmHash) -> Option<bool> {
        self.minted.get(transaction).copied()
    }

    pub(super) fn set_committed(&mut self, block: NevmHash, committed: Option<Committed>) {
        self.committed.insert(block, committed);
    }

    pub(super) fn set_minted(&mut self, transaction: NevmHash, is_minted: bool) {
        self.minted.insert(transaction, is_minted);
    }

    /// Takes over the changes of a layer above.
    pub(super) fn absorb(&mut self, above: Self) {
        self.committed.extend(above.committed);
        self.minted.extend(above.minted);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.committed.is_empty() && self.minted.is_empty()
    }

    /// All changes to what is committed to.
    pub(super) fn all_committed(&self) -> impl Iterator<Item = (&NevmHash, Option<Committed>)> {
        self.committed
            .iter()
            .map(|(block, committed)| (block, *committed))
    }

    /// All changes to what made tokens.
    pub(super) fn all_minted(&self) -> impl Iterator<Item = (&NevmHash, bool)> {
        self.minted
            .iter()
            .map(|(transaction, is_minted)| (transaction, *is_minted))
    }

    /// About how much memory is used, in bytes.
    pub(super) fn memory(&self) -> usize {
        // A third more than what is in them is what such maps cost.
        let committed = self.committed.len() * size_of::<(NevmHash, Option<Committed>)>();
        let minted = self.minted.len() * size_of::<(NevmHash, bool)>();
        (committed + minted) * 4 / 3
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::super::{CoinsCache, CoinsDatabase};
    use super::*;
    use crate::database::Contents;

    /// What can be done; a number says to which of the NEVM's blocks or transactions.
    #[derive(Debug, Clone)]
    enum Step {
        Commit(u8),
        Withdraw(u8, u32),
        Mint(u8, bool),
        Sync,
        Flush,
        /// The process stops without a flush, and begins again.
        Stop,
        /// A view is dropped.
        Drop,
    }

    fn any_step() -> impl Strategy<Value = Step> {
        prop_oneof![
            4 => (0_u8..6).prop_map(Step::Commit),
            4 => (0_u8..6, 1_u32..20).prop_map(|(number, height)| Step::Withdraw(number, height)),
            6 => (0_u8..6, any::<bool>()).prop_map(|(number, is_minted)| Step::Mint(number, is_minted)),
            1 => Just(Step::Sync),
            1 => Just(Step::Flush),
            1 => Just(Step::Stop),
            1 => Just(Step::Drop),
        ]
    }

    fn hash(number: u8) -> NevmHash {
        NevmHash([number; 32])
    }

    fn roots(height: u32) -> NevmRoots {
        NevmRoots {
            transactions: NevmHash([u8::try_from(height % 200).unwrap(); 32]),
            receipts: NevmHash([7; 32]),
        }
    }

    type Model = (BTreeMap<u8, u32>, BTreeMap<u8, bool>);

    fn open(directory: &TempDir) -> CoinsCache {
        let database = CoinsDatabase::open(directory.path(), [1; 4], Contents::Keep, 1 << 20).unwrap();
        CoinsCache::new(database).unwrap()
    }

    fn run(steps: Vec<Step>) {
        let directory = TempDir::new().unwrap();
        let mut cache = open(&directory);
        let mut model = Model::default();
        let mut flushed = model.clone();
        for (height, step) in (1_u32..).zip(steps) {
            let mut view = cache.view();
            match step {
                Step::Commit(number) => {
                    view.commit_to_nevm(hash(number), roots(height), height).unwrap();
                    model.0.entry(number).or_insert(height);
                }
                Step::Withdraw(number, of) => {
                    view.withdraw_from_nevm(hash(number), of).unwrap();
                    if model.0.get(&number) == Some(&of) {
                        model.0.remove(&number);
                    }
                }
                Step::Mint(number, is_minted) => {
                    view.set_minted(hash(number), is_minted);
                    model.1.insert(number, is_minted);
                }
                Step::Drop => {
                    view.commit_to_nevm(hash(1), roots(height), height).unwrap();
                    view.set_minted(hash(1), true);
                    drop(view);
                    continue;
                }
                Step::Sync | Step::Flush | Step::Stop => {}
            }
            view.commit();
            match step {
                Step::Sync => cache.sync().unwrap(),
                Step::Flush => cache.flush().unwrap(),
                Step::Stop => {
                    drop(cache);
                    cache = open(&directory);
                    model = flushed.clone();
                }
                _ => {}
            }
            if matches!(step, Step::Sync | Step::Flush) {
                flushed = model.clone();
            }
            for number in 0..6 {
                let expected = model.0.get(&number).map(|height| roots(*height));
                assert_eq!(cache.nevm_roots(&hash(number)).unwrap(), expected);
                let expected = model.1.get(&number).copied().unwrap_or_default();
                assert_eq!(cache.is_minted(&hash(number)).unwrap(), expected);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn what_is_known_of_the_nevm_is_as_in_plain_maps(steps in prop::collection::vec(any_step(), 0..40)) {
            run(steps);
        }
    }
}
