//! The order in which blocks come does not matter.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use std::collections::BTreeSet;

use chain::{ChainstateManager, Rebuild, RejectionKind, Verification};
use proptest::prelude::*;
use tempfile::TempDir;

use crate::support::{COINS, Node, Plan, base, coins_hash, expected_coins, grow, open, tip};

#[derive(Debug, Clone)]
enum Step {
    /// So many blocks come.
    Blocks(usize),
    /// The user takes a block for invalid.
    Invalidate(prop::sample::Index),
    /// The user takes back all that was said.
    ReconsiderAll,
    Precious(prop::sample::Index),
    Flush,
    /// The process ends without a flush, and begins anew.
    Stop(Rebuild),
}

fn any_plan() -> impl Strategy<Value = Plan> {
    let back = prop_oneof![5 => Just(0), 2 => 1_usize..4, 1 => 4_usize..20];
    (back, prop::collection::btree_set(0..COINS, 0..3))
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (1_usize..6).prop_map(Step::Blocks),
        2 => any::<prop::sample::Index>().prop_map(Step::Invalidate),
        2 => Just(Step::ReconsiderAll),
        1 => any::<prop::sample::Index>().prop_map(Step::Precious),
        1 => Just(Step::Flush),
        3 => prop_oneof![
            6 => Just(Rebuild::Nothing),
            1 => Just(Rebuild::Coins),
            1 => Just(Rebuild::Everything),
        ].prop_map(Step::Stop),
    ]
}

struct Run {
    directory: TempDir,
    manager: Option<ChainstateManager>,
    nodes: Vec<Node>,
    /// Blocks that were given and not taken yet, because of what is before them.
    waiting: BTreeSet<usize>,
    /// Blocks that were taken.
    taken: BTreeSet<usize>,
    /// Whether the user said that some block is invalid.
    is_any_invalidated: bool,
}

impl Run {
    fn new(plans: &[Plan]) -> Self {
        let directory = base().copy();
        Self {
            manager: Some(open(directory.path(), Rebuild::Nothing)),
            directory,
            nodes: grow(plans),
            waiting: BTreeSet::new(),
            taken: BTreeSet::new(),
            is_any_invalidated: false,
        }
    }

    fn manager(&self) -> &ChainstateManager {
        self.manager.as_ref().unwrap()
    }

    /// Gives all blocks that wait, for as long as any of them are taken.
    fn give(&mut self) {
        loop {
            let waiting: Vec<_> = self.waiting.iter().copied().collect();
            let taken: Vec<_> = waiting
                .into_iter()
                .filter(|number| self.give_one(*number))
                .collect();
            if taken.is_empty() {
                break;
            }
            for number in taken {
                self.waiting.remove(&number);
                self.taken.insert(number);
            }
        }
    }

    fn give_one(&self, number: usize) -> bool {
        let node = &self.nodes[number];
        let verdict = self.manager().process_block(&node.block).unwrap().verdict;
        let Some(Err(rejection)) = verdict else {
            return true;
        };
        let parent_is_there = node.parent.is_none_or(|parent| self.taken.contains(&parent));
        match rejection.kind {
            RejectionKind::MissingParent => assert!(!parent_is_there, "{rejection}"),
            RejectionKind::InvalidParent | RejectionKind::CachedInvalid => {
                assert!(!node.is_valid || self.is_any_invalidated, "{rejection}");
            }
            _ => {
                // The coin that was spent twice, or the one that was made of it.
                let reasons = ["bad-txns-inputs-missingorspent", "bad-txns-BIP30"];
                assert!(reasons.contains(&rejection.reason.as_str()), "{rejection}");
                assert!(!node.is_valid);
                return true;
            }
        }
        false
    }

    fn find(&self, number: usize) -> Option<chain::tree::EntryId> {
        self.manager().tree().find(&self.nodes[number].hash)
    }

    fn reconsider_all(&mut self) {
        for number in 0..self.nodes.len() {
            if let Some(id) = self.find(number) {
                self.manager().reconsider_block(id).unwrap();
            }
        }
        self.is_any_invalidated = false;
        self.give();
    }

    fn run(&mut self, step: &Step, coming: &mut Vec<usize>) {
        match step {
            Step::Blocks(count) => {
                for _block in 0..*count {
                    self.waiting.extend(coming.pop());
                    self.give();
                }
            }
            Step::Invalidate(index) => {
                if let Some(id) = self.find(index.index(self.nodes.len())) {
                    self.is_any_invalidated = true;
                    self.manager().invalidate_block(id).unwrap();
                    let tree = self.manager().tree();
                    assert!(!tree.is_active(id) && !tree.entry(id).is_sound());
                }
            }
            Step::ReconsiderAll => self.reconsider_all(),
            Step::Precious(index) => {
                if let Some(id) = self.find(index.index(self.nodes.len())) {
                    self.manager().precious_block(id).unwrap();
                }
            }
            Step::Flush => self.manager().flush().unwrap(),
            Step::Stop(rebuild) => {
                self.manager = None;
                self.manager = Some(open(self.directory.path(), *rebuild));
            }
        }
    }

    /// Checks that the tip is one of the best that are there.
    fn check_tip(&self) {
        let (height, hash) = tip(self.manager());
        let best = self.taken.iter().map(|number| &self.nodes[*number]);
        let best: Vec<_> = best.filter(|node| node.is_valid).collect();
        let highest = best.iter().map(|node| node.height).max();
        if !self.is_any_invalidated {
            assert_eq!(height, highest.unwrap_or(height));
        }
        let is_valid = best.iter().any(|node| node.hash == hash);
        assert!(is_valid || hash == base().blocks.last().unwrap().header.block_hash());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_best_valid_chain_is_the_active_one(
        plans in prop::collection::vec(any_plan(), 1..24),
        steps in prop::collection::vec(any_step(), 0..12),
        order: [u64; 24],
    ) {
        let mut run = Run::new(&plans);
        let mut coming: Vec<_> = (0..plans.len()).collect();
        coming.sort_by_key(|number| order[*number]);
        for step in &steps {
            run.run(step, &mut coming);
            run.check_tip();
        }
        run.waiting.extend(coming);
        run.give();
        run.reconsider_all();
        run.check_tip();
        let valid = |number: &usize| run.nodes[*number].is_valid;
        prop_assert!((0..run.nodes.len()).filter(valid).all(|number| run.taken.contains(&number)));
        let hash = coins_hash(run.manager());
        prop_assert_eq!(&hash, &expected_coins(&run.nodes, tip(run.manager()).1));
        prop_assert_eq!(run.manager().verify_chain(4, 20).unwrap(), Verification::Sound);
        prop_assert_eq!(coins_hash(run.manager()), hash);
    }
}
