//! The pool beside a chain that is a model, and what must hold of it whatever happened.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness, Wtxid};
use consensus::nevm::{NevmHash, NevmRoots};
use consensus::transaction::{Coin, made_coins};
use consensus::{Network, Params};
use proptest::prelude::*;

use super::usage::{LINK, entry_usage};
use super::{Entry, Mempool, Totals};
use crate::accept::Purpose;
use crate::config::{Config, Limits};
use crate::dump::Dump;
use crate::event::{Event, EventKind};
use crate::mining::SelectionLimits;
use crate::reorg::{DisconnectedTransactions, Fate};
use crate::view::{ChainReadError, ChainView, Tip};

/// A block's transactions, and the coins that they spend.
type Connected = (Vec<Transaction>, Vec<(OutPoint, Coin)>);

/// A chain of which only coins and times are known.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) coins: HashMap<OutPoint, Coin>,
    pub(crate) height: u32,
    blocks: Vec<Connected>,
    made: u32,
    /// The transactions whose scripts it heard to be valid.
    pub(crate) verified: RefCell<BTreeSet<Wtxid>>,
    /// What blocks of the NEVM hold that are known.
    pub(crate) nevm: HashMap<NevmHash, NevmRoots>,
    pub(crate) minted: BTreeSet<NevmHash>,
    pub(crate) params: Params,
}

impl ChainView for Model {
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainReadError> {
        Ok(self.coins.get(outpoint).cloned())
    }

    fn nevm_roots(&self, block: &NevmHash) -> Result<Option<NevmRoots>, ChainReadError> {
        Ok(self.nevm.get(block).copied())
    }

    fn is_minted(&self, transaction: &NevmHash) -> Result<bool, ChainReadError> {
        Ok(self.minted.contains(transaction))
    }

    fn params(&self) -> &Params {
        &self.params
    }

    fn tip(&self) -> Tip {
        Tip {
            height: self.height,
            median_time_past: self.median_time_past(self.height),
        }
    }

    fn scripts_verified(&self, wtxid: Wtxid) {
        self.verified.borrow_mut().insert(wtxid);
    }

    fn median_time_past(&self, height: u32) -> u32 {
        1_600_000_000 + height * 600
    }
}

/// The script that all coins have: whoever says what it is may spend them.
pub(crate) fn anyone() -> ScriptBuf {
    ScriptBuf::new_p2wsh(&ScriptBuf::from_bytes(vec![0x51]).wscript_hash())
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            coins: HashMap::new(),
            height: 1000,
            blocks: Vec::new(),
            made: 0,
            verified: RefCell::default(),
            nevm: HashMap::new(),
            minted: BTreeSet::new(),
            params: Params::new(Network::Regtest),
        }
    }

    /// A coin of the chain that is worth so much.
    pub(crate) fn fund(&mut self, units: u64) -> OutPoint {
        self.made += 1;
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&self.made.to_be_bytes());
        let outpoint = OutPoint::new(Txid::from_byte_array(hash), 0);
        let output = TxOut {
            value: Amount::from_sat(units),
            script_pubkey: anyone(),
        };
        let coin = Coin::new(output, 500, false);
        self.coins.insert(outpoint, coin);
        outpoint
    }

    /// Connects a block with these transactions.
    pub(crate) fn connect(&mut self, transactions: Vec<Transaction>) {
        self.height += 1;
        let mut spent = Vec::new();
        for transaction in &transactions {
            let txid = transaction.compute_txid();
            for input in &transaction.input {
                let coin = self
                    .coins
                    .remove(&input.previous_output)
                    .expect("blocks spend what is there");
                spent.push((input.previous_output, coin));
            }
            for (vout, coin) in (0..).zip(made_coins(transaction, self.height)) {
                self.coins.insert(OutPoint { txid, vout }, coin);
            }
        }
        self.blocks.push((transactions, spent));
    }

    /// Disconnects the last block, and gives its transactions.
    pub(crate) fn disconnect(&mut self) -> Option<Vec<Transaction>> {
        let (transactions, spent) = self.blocks.pop()?;
        self.height -= 1;
        self.coins.extend(spent);
        for transaction in &transactions {
            let txid = transaction.compute_txid();
            for vout in (0..).take(transaction.output.len()) {
                self.coins.remove(&OutPoint { txid, vout });
            }
        }
        Some(transactions)
    }
}

/// A transaction that spends these and makes outputs of so much. It may be replaced.
pub(crate) fn spend(inputs: &[OutPoint], units: &[u64]) -> Transaction {
    let input = inputs.iter().map(|outpoint| TxIn {
        previous_output: *outpoint,
        script_sig: ScriptBuf::new(),
        sequence: Sequence(0xffff_fffd),
        witness: Witness::from_slice(&[vec![0x51]]),
    });
    let output = units.iter().map(|units| TxOut {
        value: Amount::from_sat(*units),
        script_pubkey: anyone(),
    });
    Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: input.collect(),
        output: output.collect(),
    }
}

fn recomputed(pool: &Mempool, entry: &Entry, others: &BTreeSet<Txid>) -> Totals {
    let mut totals = pool.sum(others);
    totals.add(&entry.own());
    totals
}

/// Everything that is kept of sums and links is as if it was computed anew.
fn check_invariants(pool: &Mempool, model: &Model) {
    let mut links = 0;
    let mut inputs = 0;
    for entry in pool.entries.values() {
        let txid = &entry.txid;
        assert_eq!(
            entry.parents,
            pool.parents_of(&entry.transaction),
            "parents of {txid}"
        );
        for parent in &entry.parents {
            assert!(
                pool.entry(parent).children.contains(txid),
                "{parent} knows {txid}"
            );
        }
        for child in &entry.children {
            assert!(pool.entry(child).parents.contains(txid), "{child} knows {txid}");
        }
        assert_eq!(entry.ancestors, recomputed(pool, entry, &pool.ancestors(txid)));
        assert_eq!(
            entry.descendants,
            recomputed(pool, entry, &pool.descendants(txid))
        );
        assert!(entry.ancestors.count <= pool.config.limits.ancestor_count);
        assert!(entry.ancestors.size <= pool.config.limits.ancestor_size);
        assert_eq!(entry.delta, pool.delta(txid));
        assert!(pool.orders.contains(entry), "orders know {txid}");
        for input in &entry.transaction.input {
            let outpoint = &input.previous_output;
            assert_eq!(
                pool.spent.get(outpoint),
                Some(txid),
                "{txid} alone spends {outpoint}"
            );
            let is_there = pool.get(&outpoint.txid).is_some() || model.coins.contains_key(outpoint);
            assert!(is_there, "{txid} is no orphan");
        }
        links += entry.parents.len();
        inputs += entry.transaction.input.len();
    }
    let entries = || pool.entries.values();
    assert_eq!(pool.spent.len(), inputs);
    assert_eq!(pool.by_wtxid.len(), pool.len());
    assert_eq!(pool.orders.sizes(), [pool.len(); 3]);
    assert_eq!(pool.size, entries().map(|entry| entry.size).sum::<u64>());
    assert_eq!(pool.fees, entries().map(|entry| entry.fee).sum::<Amount>());
    let usage: usize = entries().map(|entry| entry_usage(&entry.transaction)).sum();
    assert_eq!(pool.usage, usage + 2 * LINK * links);
    assert!(pool.unbroadcast.iter().all(|txid| pool.get(txid).is_some()));
}

/// A block that miners make of the pool is one that a chain could have.
fn check_selection(pool: &Mempool, model: &Model, limits: &SelectionLimits) {
    let mut made: BTreeSet<OutPoint> = BTreeSet::new();
    let mut weight = limits.reserved_weight;
    let mut chosen = BTreeSet::new();
    for selected in pool.select_for_block(limits) {
        assert!(chosen.insert(selected.txid), "{} is chosen once", selected.txid);
        for input in &selected.transaction.input {
            let outpoint = &input.previous_output;
            assert!(made.remove(outpoint) || model.coins.contains_key(outpoint));
        }
        let outputs = (0..).take(selected.transaction.output.len());
        made.extend(outputs.map(|vout| OutPoint::new(selected.txid, vout)));
        weight += selected.transaction.weight().to_wu();
    }
    assert!(weight <= limits.max_weight);
}

#[derive(Debug, Clone)]
enum Operation {
    Accept { inputs: Vec<u16>, outputs: u8, fee: u32 },
    Prioritise { which: u16, delta: i32 },
    Block { share: u8 },
    Conflict { which: u16 },
    Reorg { depth: u8, lost: u8, fate: Fate },
    Expire { which: u16 },
    Trim { share: u8 },
}

fn operation() -> impl Strategy<Value = Operation> {
    let accept = (
        proptest::collection::vec(any::<u16>(), 1..4),
        1..4_u8,
        200..20_000_u32,
    )
        .prop_map(|(inputs, outputs, fee)| Operation::Accept { inputs, outputs, fee });
    prop_oneof![
        30 => accept,
        3 => (any::<u16>(), any::<i32>()).prop_map(|(which, delta)| Operation::Prioritise { which, delta }),
        2 => any::<u8>().prop_map(|share| Operation::Block { share }),
        1 => any::<u16>().prop_map(|which| Operation::Conflict { which }),
        2 => (1..4_u8, any::<u8>(), any::<bool>()).prop_map(|(depth, lost, is_wanted)| {
            let fate = if is_wanted { Fate::Return } else { Fate::Gone };
            Operation::Reorg { depth, lost, fate }
        }),
        1 => any::<u16>().prop_map(|which| Operation::Expire { which }),
        1 => (100..255_u8).prop_map(|share| Operation::Trim { share }),
    ]
}

struct Rig {
    pool: Mempool,
    model: Model,
    now: u64,
    followed: BTreeSet<Txid>,
    next_event: u64,
}

impl Rig {
    /// Something that may be spent, of the chain or the pool, be it spent in the pool or not.
    fn outpoint(&self, which: u16) -> (OutPoint, u64) {
        let mut all: Vec<(OutPoint, u64)> = self
            .model
            .coins
            .iter()
            .map(|(outpoint, coin)| (*outpoint, coin.output.value.to_sat()))
            .collect();
        for entry in self.pool.entries.values() {
            for (vout, output) in (0..).zip(&entry.transaction.output) {
                all.push((OutPoint::new(entry.txid, vout), output.value.to_sat()));
            }
        }
        all.sort_unstable();
        all[usize::from(which) % all.len()]
    }

    fn txid(&self, which: u16) -> Option<Txid> {
        let mut all: Vec<&Txid> = self.pool.entries.keys().collect();
        all.sort_unstable();
        (!all.is_empty()).then(|| *all[usize::from(which) % all.len()])
    }

    fn connect(&mut self, transactions: Vec<Transaction>) {
        self.pool.remove_for_block(&transactions, self.now);
        self.model.connect(transactions);
    }

    fn apply(&mut self, operation: &Operation) {
        self.now += 7;
        match operation {
            Operation::Accept { inputs, outputs, fee } => {
                let inputs: Vec<(OutPoint, u64)> = inputs.iter().map(|which| self.outpoint(*which)).collect();
                let total: u64 = inputs.iter().map(|(_, units)| units).sum();
                let each = total.saturating_sub(u64::from(*fee)) / u64::from(*outputs);
                let outpoints: Vec<OutPoint> = inputs.iter().map(|(outpoint, _)| *outpoint).collect();
                let transaction = Arc::new(spend(&outpoints, &vec![each; usize::from(*outputs)]));
                let tested = self
                    .pool
                    .accept(&transaction, &self.model, self.now, Purpose::Test);
                let kept = self
                    .pool
                    .accept(&transaction, &self.model, self.now, Purpose::Keep);
                if kept
                    .as_ref()
                    .err()
                    .is_none_or(|rejection| rejection.reason != "mempool full")
                {
                    assert_eq!(tested, kept);
                }
            }
            Operation::Prioritise { which, delta } => {
                if let Some(txid) = self.txid(*which) {
                    self.pool.prioritise(txid, i64::from(*delta) >> 16);
                    self.pool.add_unbroadcast(txid);
                }
            }
            Operation::Block { share } => {
                let limits = SelectionLimits {
                    max_weight: 4000 + u64::from(*share) * 200,
                    ..SelectionLimits::new(self.model.height + 1, 0)
                };
                check_selection(&self.pool, &self.model, &limits);
                let selected = self.pool.select_for_block(&limits);
                self.connect(
                    selected
                        .iter()
                        .map(|selected| (*selected.transaction).clone())
                        .collect(),
                );
            }
            Operation::Conflict { which } => {
                let (outpoint, units) = self.outpoint(*which);
                if self.model.coins.contains_key(&outpoint) {
                    self.connect(vec![spend(&[outpoint], &[units.saturating_sub(1)])]);
                }
            }
            Operation::Reorg { depth, lost, fate } => {
                let mut disconnected = DisconnectedTransactions::default();
                let mut first = Vec::new();
                for _ in 0..*depth {
                    if let Some(transactions) = self.model.disconnect() {
                        self.pool.block_disconnected(&transactions, &mut disconnected);
                        first = transactions;
                    }
                }
                if lost % 2 == 0 {
                    // The other branch begins with a part of what this one began with.
                    first.truncate(usize::from(*lost) % (first.len() + 1));
                    disconnected.remove_block(&first);
                    self.connect(first);
                }
                self.pool
                    .update_for_reorg(disconnected, *fate, &self.model, self.now)
                    .expect("the model can be read");
            }
            Operation::Expire { which } => {
                let oldest = self.txid(*which).map(|txid| self.pool.entry(&txid).time);
                self.pool.expire(oldest.unwrap_or(0));
            }
            Operation::Trim { share } => {
                let most = self.pool.usage() * usize::from(*share) / 255;
                self.pool.trim(most);
                assert!(self.pool.usage() <= most);
            }
        }
    }

    /// Whoever follows the events knows what is in the pool.
    fn follow(&mut self) {
        for Event {
            sequence, kind, txid, ..
        } in self.pool.take_events()
        {
            assert_eq!(sequence, self.next_event);
            self.next_event += 1;
            let is_news = match kind {
                EventKind::Added { .. } => self.followed.insert(txid),
                EventKind::Removed(_) => self.followed.remove(&txid),
            };
            assert!(is_news, "{txid}: {kind:?}");
        }
        assert_eq!(self.next_event, self.pool.next_sequence());
        assert!(
            self.followed
                .iter()
                .eq(self.pool.entries.keys().collect::<BTreeSet<_>>())
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn whatever_happens_sums_orders_and_links_are_as_if_computed_anew(
        operations in proptest::collection::vec(operation(), 1..80),
        full_replacement: bool,
    ) {
        let limits = Limits { ancestor_count: 5, descendant_count: 6, ..Limits::default() };
        let config = Config { limits, full_replacement, max_usage: 40_000, ..Config::default() };
        let mut model = Model::new();
        for place in 0..12 {
            model.fund(100_000 + place * 10_000);
        }
        let mut rig = Rig { pool: Mempool::new(config), model, now: 1_700_000_000, followed: BTreeSet::new(), next_event: 1 };
        for operation in &operations {
            rig.apply(operation);
            rig.follow();
            check_invariants(&rig.pool, &rig.model);
            let mut bytes = Vec::new();
            let dump = rig.pool.dump();
            dump.write(&mut bytes).expect("memory takes it");
            prop_assert_eq!(Dump::read(&mut bytes.as_slice()).expect("it was just written"), dump);
        }
    }

    #[test]
    fn dumps_of_any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let dump = [1_u64.to_le_bytes().as_slice(), &bytes].concat();
        if let Ok(dump) = Dump::read(&mut dump.as_slice()) {
            let mut again = Vec::new();
            dump.write(&mut again).expect("memory takes it");
            prop_assert_eq!(Dump::read(&mut again.as_slice()).expect("it was just written"), dump);
        }
    }
}

#[test]
fn a_file_with_a_transaction_without_inputs_is_read_and_written() {
    let mut bytes = Vec::new();
    bytes.extend(1_u64.to_le_bytes());
    bytes.extend(1_u64.to_le_bytes());
    // Its version, no input, no outputs, its lock time.
    bytes.extend([2, 0, 0, 0, 0, 0, 7, 0, 0, 0]);
    // When it came, what was added to its fee, and nothing else.
    bytes.extend([0; 8 + 8 + 2]);
    let dump = Dump::read(&mut bytes.as_slice()).unwrap();
    assert_eq!(dump.transactions.len(), 1);
    let mut written = Vec::new();
    dump.write(&mut written).unwrap();
    assert_eq!(written, bytes);
}
