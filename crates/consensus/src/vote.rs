//! How miners vote for rules with the bits of their blocks' versions (BIP 9).

use bitcoin::block::Version;

use crate::params::{Deployment, DeploymentStart, Params, VersionBitsDeployment};

/// What a version that votes begins with: 001.
const TOP_BITS: i32 = 0x2000_0000;

/// The bits that say whether a version votes.
const TOP_MASK: i32 = 0b111 << 29;

/// How far the voting for a rule is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ThresholdState {
    /// It has not started.
    Defined,
    /// Miners vote.
    Started,
    /// Enough of them have, and the rule will hold soon.
    LockedIn,
    /// The rule holds.
    Active,
    /// Too few of them have: the rule will never hold.
    Failed,
}

impl ThresholdState {
    /// The name that RPC results use.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Defined => "defined",
            Self::Started => "started",
            Self::LockedIn => "locked_in",
            Self::Active => "active",
            Self::Failed => "failed",
        }
    }
}

/// What a vote needs to know of the blocks before.
pub trait VotingChain {
    /// The median time past of the block of this height, in seconds since 1970.
    fn median_time_past(&self, height: u32) -> u32;

    /// The version of the block of this height.
    fn version(&self, height: u32) -> Version;

    /// The state of the vote with this bit in the window that begins at `first`, if it is still known.
    fn known_state(&self, _bit: u8, _first: u32) -> Option<ThresholdState> {
        None
    }

    /// Takes note of the state of the vote with this bit in the window that begins at `first`. It follows from the blocks
    /// before, and so never changes.
    fn note_state(&self, _bit: u8, _first: u32, _state: ThresholdState) {}
}

/// Whether a version votes for what has this bit.
#[must_use]
pub fn votes_for(version: Version, bit: u8) -> bool {
    let version = version.to_consensus();
    version & TOP_MASK == TOP_BITS && version & (1 << bit) != 0
}

/// How far the voting for a rule is in the block of this height, by the blocks before it.
///
/// All blocks between two multiples of the window have the same state. Blocks are read of those windows alone whose state
/// the chain does not know.
///
/// # Consensus
/// BIP 9 <https://bips.dev/9/>, with the height before which no rule holds, and without failing in a window that has
/// enough votes.
pub fn threshold_state(
    deployment: &Deployment,
    height: u32,
    chain: &impl VotingChain,
    params: &Params,
) -> ThresholdState {
    let start = match deployment.start {
        DeploymentStart::AlwaysActive => return ThresholdState::Active,
        DeploymentStart::NeverActive => return ThresholdState::Failed,
        DeploymentStart::At(start) => start,
    };
    let window = params.miner_confirmation_window;
    let last = height / window;
    let known = (1..=last).rev().find_map(|number| {
        let state = chain.known_state(deployment.bit, number * window)?;
        Some((number, state))
    });
    let (known, mut state) = known.unwrap_or((0, ThresholdState::Defined));
    for first in (known + 1..=last).map(|number| number * window) {
        let time = i64::from(chain.median_time_past(first - 1));
        state = match state {
            ThresholdState::Defined if time >= start => ThresholdState::Started,
            ThresholdState::Started => {
                let votes = (first - window..first)
                    .filter(|height| votes_for(chain.version(*height), deployment.bit));
                if votes.count() >= params.rule_change_threshold as usize {
                    ThresholdState::LockedIn
                } else if time >= deployment.timeout {
                    ThresholdState::Failed
                } else {
                    ThresholdState::Started
                }
            }
            ThresholdState::LockedIn if first >= deployment.minimum_activation_height => {
                ThresholdState::Active
            }
            other => other,
        };
        chain.note_state(deployment.bit, first, state);
    }
    state
}

/// The version of a block of this height whose miner votes for all rules that are voted for, without a chain's number.
pub fn voting_version(height: u32, chain: &impl VotingChain, params: &Params) -> Version {
    let bits = VersionBitsDeployment::ALL
        .into_iter()
        .map(|which| params.deployment(which))
        .filter(|deployment| {
            let state = threshold_state(deployment, height, chain, params);
            matches!(state, ThresholdState::Started | ThresholdState::LockedIn)
        })
        .fold(TOP_BITS, |version, deployment| version | 1 << deployment.bit);
    Version::from_consensus(bits)
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::network::Network;

    /// A chain whose blocks are a second apart, and of which these vote.
    struct Votes<F> {
        votes: F,
        /// The states of windows; none where the chain forgets them.
        known: Option<RefCell<BTreeMap<u32, ThresholdState>>>,
        /// How many versions were read.
        read: Cell<u32>,
    }

    impl<F> Votes<F> {
        fn forgetful(votes: F) -> Self {
            Self {
                votes,
                known: None,
                read: Cell::new(0),
            }
        }

        fn remembering(votes: F) -> Self {
            Self {
                known: Some(RefCell::default()),
                ..Self::forgetful(votes)
            }
        }
    }

    impl<F: Fn(u32) -> bool> VotingChain for Votes<F> {
        fn median_time_past(&self, height: u32) -> u32 {
            1000 + height
        }

        fn known_state(&self, _bit: u8, first: u32) -> Option<ThresholdState> {
            self.known.as_ref()?.borrow().get(&first).copied()
        }

        fn note_state(&self, _bit: u8, first: u32, state: ThresholdState) {
            if let Some(known) = &self.known {
                let before = known.borrow_mut().insert(first, state);
                assert_eq!(before, None, "the window at {first} is counted once");
            }
        }

        fn version(&self, height: u32) -> Version {
            self.read.set(self.read.get() + 1);
            Version::from_consensus(if (self.votes)(height) {
                0x3000_0000
            } else {
                0x2000_0000
            })
        }
    }

    /// The states of regtest's windows, the first nine of them, after `-vbparams`.
    fn check(option: &str, votes: impl Fn(u32) -> bool, expected: &str) {
        let mut params = Params::new(Network::Regtest);
        params.set_version_bits(option).expect("well-formed");
        let chain = Votes::forgetful(votes);
        let deployment = *params.deployment(VersionBitsDeployment::TestDummy);
        let states: Vec<&str> = (0..9)
            .map(|window| {
                let [first, last] = [window * 144, window * 144 + 143]
                    .map(|height| threshold_state(&deployment, height, &chain, &params));
                assert_eq!(first, last, "{option} window {window}");
                &first.name()[..1]
            })
            .collect();
        assert_eq!(states.concat(), expected, "{option}");
    }

    #[test]
    fn rules_hold_two_windows_after_enough_votes() {
        check("testdummy:0:999999", |_| true, "dslaaaaaa");
        check("testdummy:0:999999", |height| height >= 288, "dsslaaaaa");
        check("testdummy:0:999999", |_| false, "dssssssss");
        check("testdummy:0:999999:1000", |_| true, "dslllllaa");
        check("testdummy:0:999999:432", |_| true, "dslaaaaaa");
        check("testdummy:0:999999:433", |_| true, "dsllaaaaa");
        check("testdummy:-1:0", |_| false, "aaaaaaaaa");
        check("testdummy:-2:0", |_| true, "fffffffff");
    }

    #[test]
    fn votings_start_and_end_by_the_median_time() {
        // The last block of the second window has the time 1287, that of the third 1431.
        check("testdummy:1287:999999", |_| true, "ddslaaaaa");
        check("testdummy:1288:999999", |_| true, "dddslaaaa");
        check("testdummy:0:1431", |_| false, "dssffffff");
        check("testdummy:0:1432", |_| false, "dsssfffff");
        // Enough votes count, even in the window in which the voting ends.
        check("testdummy:0:1000", |_| true, "dslaaaaaa");
    }

    #[test]
    fn thresholds_are_exact() {
        check(
            "testdummy:0:999999",
            |height| (144..144 + 108).contains(&height),
            "dslaaaaaa",
        );
        check(
            "testdummy:0:999999",
            |height| (144..144 + 107).contains(&height),
            "dssssssss",
        );
    }

    #[test]
    fn what_is_known_of_a_window_is_not_counted_again() {
        let mut params = Params::new(Network::Regtest);
        params
            .set_version_bits("testdummy:0:999999999")
            .expect("well-formed");
        let deployment = *params.deployment(VersionBitsDeployment::TestDummy);
        let chain = Votes::remembering(|_| false);
        let counted_for = |height| {
            let before = chain.read.get();
            let state = threshold_state(&deployment, height, &chain, &params);
            assert_eq!(state, ThresholdState::Started, "{height}");
            chain.read.get() - before
        };
        // The first window tells nothing of votes: they begin after it.
        assert_eq!(counted_for(144 * 1000), 144 * 999);
        assert_eq!(counted_for(144 * 1000 + 143), 0);
        assert_eq!(counted_for(144 * 1001), 144);
        assert_eq!(counted_for(144 * 500), 0);
    }

    proptest! {
        #[test]
        fn states_are_the_same_whatever_is_remembered(
            votes in prop::collection::vec(prop::bool::weighted(0.75), 144 * 6),
            heights in prop::collection::vec(0_u32..144 * 6, 1..20),
            timeout in 1000_i64..2000,
        ) {
            let mut params = Params::new(Network::Regtest);
            let option = format!("testdummy:1100:{timeout}:300");
            params.set_version_bits(&option).expect("well-formed");
            let deployment = *params.deployment(VersionBitsDeployment::TestDummy);
            let voted = |height: u32| votes[height as usize];
            let remembering = Votes::remembering(voted);
            for height in heights {
                let forgetful = Votes::forgetful(voted);
                prop_assert_eq!(
                    threshold_state(&deployment, height, &remembering, &params),
                    threshold_state(&deployment, height, &forgetful, &params),
                    "{}", height
                );
            }
        }
    }

    #[test]
    fn versions_vote_only_if_they_begin_as_votes_do() {
        for (version, expected) in [
            (0x3000_0000, true),
            (0x2000_0000, false),
            (0x1000_0000, false),
            (0x7000_0000, false),
        ] {
            assert_eq!(
                votes_for(Version::from_consensus(version), 28),
                expected,
                "{version:x}"
            );
        }
    }
}
