//! Rules that miners have voted for and this program does not know.

use consensus::Params;
use consensus::version::{AUX_POW_BIT, NEVM_BIT};
use consensus::vote::{ThresholdState, votes_for, voting_version};

use crate::headers::VotesBefore;
use crate::tree::{BlockTree, EntryId};

/// The bits below this one can be of votes; the chain's number is in those above.
const VOTING_BITS: u8 = 16;

/// How far votes are, by their bit.
type States = [ThresholdState; VOTING_BITS as usize];

/// The votes in the active chain with bits that no rule has which this program knows.
///
/// They are counted as those for known rules are, and begin with the chain. Each window of blocks is counted once.
#[derive(Debug, Default)]
pub struct UnknownVotes {
    /// For each window of the active chain that is full: its last block, and how far votes are in the next one.
    windows: Vec<(EntryId, States)>,
}

impl UnknownVotes {
    /// The bits of votes that are won, with whether what they are for holds in the block after the tip or will after the
    /// window that goes on.
    pub fn won(&mut self, tree: &BlockTree, params: &Params) -> Vec<(u8, ThresholdState)> {
        let window = params.miner_confirmation_window;
        let blocks = tree.tip().map_or(0, |tip| tree.entry(tip).height + 1);
        let full = (blocks / window) as usize;
        let last_of = |number: usize| {
            let number = u32::try_from(number).expect("there are fewer windows than blocks");
            tree.active(number * window + window - 1)
        };
        // What was counted of blocks that were taken back is forgotten.
        self.windows.truncate(full);
        while let Some((last, _)) = self.windows.last()
            && last_of(self.windows.len() - 1) != Some(*last)
        {
            self.windows.pop();
        }
        for number in self.windows.len()..full {
            let last = last_of(number).expect("the window is full");
            let before = self.windows.last().map(|(_, states)| *states);
            self.windows
                .push((last, after_window(tree, params, last, before)));
        }
        let Some((_, states)) = self.windows.last() else {
            return Vec::new();
        };
        let won = (0..VOTING_BITS).zip(*states);
        won.filter(|(_, state)| matches!(state, ThresholdState::LockedIn | ThresholdState::Active))
            .collect()
    }
}

/// How far votes are after the window that ends with a block, in which they were as far as `before`.
fn after_window(tree: &BlockTree, params: &Params, last: EntryId, before: Option<States>) -> States {
    let Some(before) = before else {
        return [ThresholdState::Started; VOTING_BITS as usize];
    };
    let mut votes = [0; VOTING_BITS as usize];
    let height = tree.entry(last).height;
    let window = params.miner_confirmation_window;
    let known = {
        let first = height + 1 - window;
        let chain = VotesBefore { tree, last };
        voting_version(first, &chain, params)
    };
    for id in tree.chain(last).take(window as usize) {
        let version = tree.entry(id).header.version;
        for bit in 0..VOTING_BITS {
            if votes_for(version, bit) && !votes_for(known, bit) && !has_other_meaning(bit) {
                votes[usize::from(bit)] += 1;
            }
        }
    }
    std::array::from_fn(|bit| match before[bit] {
        ThresholdState::Started if votes[bit] >= params.rule_change_threshold => ThresholdState::LockedIn,
        ThresholdState::LockedIn => ThresholdState::Active,
        state => state,
    })
}

/// Whether a bit says something of the block itself.
fn has_other_meaning(bit: u8) -> bool {
    (1 << bit) & (AUX_POW_BIT | NEVM_BIT) != 0
}

#[cfg(test)]
mod tests {
    use bitcoin::block::{Header, Version};
    use bitcoin::hashes::Hash as _;
    use bitcoin::{BlockHash, CompactTarget, TxMerkleNode};
    use consensus::Network;

    use super::*;

    /// Lets the active chain be these versions, so many blocks of each.
    fn extend(tree: &mut BlockTree, versions: &[(i32, u32)]) {
        for (version, count) in versions {
            for _ in 0..*count {
                let tip = tree.tip().map(|tip| tree.entry(tip));
                let (previous, height) =
                    tip.map_or((BlockHash::all_zeros(), 0), |tip| (tip.hash, tip.height));
                let id = tree.add_header(Header {
                    version: Version::from_consensus(*version),
                    prev_blockhash: previous,
                    merkle_root: TxMerkleNode::all_zeros(),
                    time: height,
                    bits: CompactTarget::from_consensus(0x207f_ffff),
                    nonce: 0,
                });
                tree.set_tip(id);
            }
        }
    }

    const PLAIN: i32 = 0x2000_0000;

    fn check(versions: &[(i32, u32)], expected: &[(u8, ThresholdState)]) {
        let params = Params::new(Network::Regtest);
        let mut tree = BlockTree::default();
        extend(&mut tree, versions);
        assert_eq!(
            UnknownVotes::default().won(&tree, &params),
            expected,
            "{versions:x?}"
        );
    }

    #[test]
    fn votes_are_won_by_enough_blocks_of_a_window() {
        use ThresholdState::{Active, LockedIn};
        let vote = PLAIN | 1 << 15;
        let window = |votes| [(vote, votes), (PLAIN, 144 - votes)];
        check(&[(PLAIN, 144), window(108)[0], window(108)[1]], &[(15, LockedIn)]);
        check(&[(PLAIN, 144), window(107)[0], window(107)[1]], &[]);
        check(&[(PLAIN, 144), (vote, 143)], &[]);
        check(&[(PLAIN, 144), (vote, 144), (PLAIN, 143)], &[(15, LockedIn)]);
        check(&[(PLAIN, 144), (vote, 144), (PLAIN, 144)], &[(15, Active)]);
        // The first window is before the voting.
        check(&[(vote, 144), (PLAIN, 144)], &[]);
    }

    #[test]
    fn what_is_no_vote_for_an_unknown_rule_does_not_count() {
        // Merge mining, NEVM data, the chain's number, the rule that is there for tests, and no vote at all.
        for version in [
            PLAIN | AUX_POW_BIT,
            PLAIN | NEVM_BIT,
            PLAIN | 16 << 16,
            PLAIN | 1 << 28,
            0x1000_8000,
        ] {
            check(&[(PLAIN, 144), (version, 144)], &[]);
        }
    }

    #[test]
    fn windows_that_were_taken_back_are_counted_anew() {
        let params = Params::new(Network::Regtest);
        let (mut tree, mut votes) = (BlockTree::default(), UnknownVotes::default());
        extend(&mut tree, &[(PLAIN, 150)]);
        let fork = tree.tip().expect("there is one");
        assert_eq!(votes.won(&tree, &params), []);
        extend(&mut tree, &[(PLAIN | 2, 150)]);
        assert_eq!(votes.won(&tree, &params), [(1, ThresholdState::LockedIn)]);
        tree.set_tip(fork);
        assert_eq!(votes.won(&tree, &params), []);
        extend(&mut tree, &[(PLAIN | 4, 300)]);
        assert_eq!(votes.won(&tree, &params), [(2, ThresholdState::Active)]);
    }
}
