//! Whether chains that are known to be invalid have more work than the active one.

use bitcoin::Work;
use consensus::work::block_work;

use super::{BlockTree, EntryId};

/// How many blocks an invalid chain must be ahead, by the work of the tip, before that is more than an accident.
const MARGIN: usize = 6;

impl BlockTree {
    /// Whether a chain that is known to be invalid has the work of more than six blocks more than the active one: either
    /// this node or most miners are wrong.
    #[must_use]
    pub fn is_outdone_by_invalid(&self) -> bool {
        let (Some(tip), Some(invalid)) = (self.tip(), self.best_invalid) else {
            return false;
        };
        let tip = self.entry(tip);
        let own = block_work(tip.header.bits);
        let margin: Work = (0..MARGIN).fold(tip.chain_work, |work, _| work + own);
        self.entry(invalid).chain_work > margin
    }

    pub(super) fn consider_invalid(&mut self, id: EntryId) {
        let entry = self.entry(id);
        let best_work = self.best_invalid.map(|best| self.entry(best).chain_work);
        if !entry.is_sound() && best_work.is_none_or(|best| best < entry.chain_work) {
            self.best_invalid = Some(id);
        }
    }

    /// Looks for it anew, after some are not taken to be invalid any more.
    pub(super) fn find_best_invalid(&mut self) {
        self.best_invalid = None;
        for number in 0..self.entries.len() {
            self.consider_invalid(EntryId(u32::try_from(number).expect("ids have 32 bits")));
        }
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::block::{Header, Version};
    use bitcoin::hashes::Hash as _;
    use bitcoin::{BlockHash, CompactTarget, TxMerkleNode};

    use super::*;

    /// Adds so many blocks of the same work after one of the tree, or the first ones, and gives the last.
    fn grow(tree: &mut BlockTree, parent: Option<EntryId>, count: u32, salt: u32) -> EntryId {
        let mut last = parent;
        for number in 0..count {
            let header = Header {
                version: Version::ONE,
                prev_blockhash: last.map_or(BlockHash::all_zeros(), |id| tree.entry(id).hash),
                merkle_root: TxMerkleNode::all_zeros(),
                time: number,
                bits: CompactTarget::from_consensus(0x207f_ffff),
                nonce: salt,
            };
            last = Some(tree.add_header(header));
        }
        last.expect("there is one at least")
    }

    /// A tree whose active chain has two blocks, with another chain after the first that has `count` blocks.
    fn forked(count: u32) -> (BlockTree, EntryId) {
        let mut tree = BlockTree::default();
        let genesis = grow(&mut tree, None, 1, 0);
        let tip = grow(&mut tree, Some(genesis), 1, 1);
        let first = grow(&mut tree, Some(genesis), 1, 2);
        grow(&mut tree, Some(first), count - 1, 3);
        tree.set_tip(tip);
        (tree, first)
    }

    #[test]
    fn only_an_invalid_chain_that_is_far_ahead_outdoes_the_active_one() {
        for (count, expected) in [(7, false), (8, true)] {
            let (mut tree, first) = forked(count);
            assert!(!tree.is_outdone_by_invalid(), "nothing is invalid yet");
            tree.fail(first);
            assert_eq!(tree.is_outdone_by_invalid(), expected, "{count}");
            tree.forgive(first);
            assert!(!tree.is_outdone_by_invalid(), "nothing is invalid any more");
        }
    }

    #[test]
    fn what_is_doubted_again_is_not_invalid() {
        let (mut tree, first) = forked(8);
        let genesis = tree.entry(first).parent.expect("it has one");
        let second = grow(&mut tree, Some(first), 9, 7);
        tree.fail(first);
        assert!(tree.is_outdone_by_invalid());
        tree.doubt_after(genesis);
        assert!(!tree.is_outdone_by_invalid(), "nothing is known to be invalid");
        assert_eq!(tree.best_header(), Some(second));
        // What is invalid by itself lets nothing after it be doubted.
        tree.fail(first);
        tree.doubt_after(first);
        assert!(tree.is_outdone_by_invalid());
    }

    #[test]
    fn headers_that_follow_an_invalid_block_count() {
        let (mut tree, first) = forked(2);
        tree.fail(first);
        let last = grow(&mut tree, Some(first), 6, 4);
        assert!(!tree.is_outdone_by_invalid());
        grow(&mut tree, Some(last), 1, 5);
        assert!(tree.is_outdone_by_invalid());
    }

    #[test]
    fn the_active_chain_can_catch_up() {
        let (mut tree, first) = forked(8);
        tree.fail(first);
        let tip = tree.tip().expect("there is one");
        let higher = grow(&mut tree, Some(tip), 1, 6);
        tree.set_tip(higher);
        assert!(!tree.is_outdone_by_invalid());
    }
}
