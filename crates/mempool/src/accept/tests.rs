//! Rows of transactions, and what upstream says of them.

use std::sync::Arc;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, Sequence, Transaction, Txid, Witness};
use consensus::limits::MAX_MONEY;

use super::{PackageError, Purpose, RejectionKind, TransactionOutcome, is_child_with_parents};
use crate::config::{Config, Limits};
use crate::event::{EventKind, RemovalReason};
use crate::fee_rate::FeeRate;
use crate::pool::Mempool;
use crate::pool::tests::{Model, spend};

const NOW: u64 = 1_700_000_000;

struct Rig {
    pool: Mempool,
    model: Model,
}

impl Rig {
    fn new(config: Config) -> Self {
        Self {
            pool: Mempool::new(config),
            model: Model::new(),
        }
    }

    fn submit(&mut self, transaction: &Transaction) -> Result<Txid, (RejectionKind, String)> {
        let transaction = Arc::new(transaction.clone());
        let before = self.pool.len();
        let tested = self.pool.accept(&transaction, &self.model, NOW, Purpose::Test);
        assert_eq!(self.pool.len(), before, "a test changes nothing");
        let kept = self.pool.accept(&transaction, &self.model, NOW, Purpose::Keep);
        assert_eq!(tested, kept, "a test says what will be");
        match kept {
            Ok(accepted) => Ok(accepted.txid),
            Err(rejection) => Err((rejection.kind, rejection.to_string())),
        }
    }

    fn take(&mut self, transaction: &Transaction) -> Txid {
        self.submit(transaction).expect("it is valid and pays")
    }

    #[track_caller]
    fn check(&mut self, transaction: &Transaction, kind: RejectionKind, text: &str) {
        assert_eq!(self.submit(transaction), Err((kind, text.to_owned())));
    }
}

fn changed(transaction: &Transaction, change: impl FnOnce(&mut Transaction)) -> Transaction {
    let mut transaction = transaction.clone();
    change(&mut transaction);
    transaction
}

#[test]
fn transactions_are_refused_in_upstreams_words() {
    use RejectionKind::{Conflict, Consensus, MempoolPolicy, MissingInputs, NotStandard, PrematureSpend};

    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(100_000);
    let good = spend(&[coin], &[90_000]);
    let mut check = |transaction: &Transaction, kind, text: &str| rig.check(transaction, kind, text);
    check(
        &changed(&good, |one| one.output.clear()),
        Consensus,
        "bad-txns-vout-empty",
    );
    check(
        &changed(&good, |one| {
            one.input[0].previous_output = OutPoint::null();
            one.input[0].script_sig = vec![1, 1].into();
        }),
        Consensus,
        "coinbase",
    );
    check(
        &changed(&good, |one| one.version = Version(3)),
        NotStandard,
        "version",
    );
    check(
        &changed(&good, |one| one.version = Version(140)),
        NotStandard,
        "version",
    );
    check(
        &changed(&good, |one| one.output[0].value = Amount::from_sat(329)),
        NotStandard,
        "dust",
    );
    check(
        &changed(&good, |one| one.output[0].script_pubkey = vec![0x6a].into()),
        NotStandard,
        "tx-size-small",
    );
    check(
        &changed(&good, |one| one.lock_time = LockTime::from_consensus(1001)),
        PrematureSpend,
        "non-final",
    );
    check(
        &changed(&good, |one| one.input[0].sequence = Sequence(502)),
        PrematureSpend,
        "non-BIP68-final",
    );
    check(
        &spend(&[OutPoint::new(Txid::from_byte_array([9; 32]), 0)], &[90_000]),
        MissingInputs,
        "bad-txns-inputs-missingorspent",
    );
    check(
        &spend(&[coin], &[100_001]),
        Consensus,
        "bad-txns-in-belowout, value in (0.001) < value out (0.00100001)",
    );
    check(
        &spend(&[coin], &[99_950]),
        MempoolPolicy,
        "min relay fee not met, 50 < 96",
    );
    check(
        &changed(&good, |one| {
            one.input[0].witness = Witness::from_slice(&[vec![0x52]]);
        }),
        Consensus,
        "mandatory-script-verify-flag-failed (Witness program hash mismatch)",
    );
    check(
        &changed(&good, |one| one.input[0].witness.clear()),
        RejectionKind::WitnessStripped,
        "mandatory-script-verify-flag-failed (Witness program was passed an empty witness)",
    );
    let txid = rig.take(&good);
    rig.check(&good, Conflict, "txn-already-in-mempool");
    let other_witness = changed(&good, |one| {
        one.input[0].witness = Witness::from_slice(&[vec![1], vec![0x51]]);
    });
    rig.check(&other_witness, Conflict, "txn-same-nonwitness-data-in-mempool");
    rig.model.connect(vec![good.clone()]);
    rig.pool.remove_for_block(std::slice::from_ref(&good), NOW);
    assert!(rig.pool.get(&txid).is_none());
    rig.check(&good, Conflict, "txn-already-known");
}

#[test]
fn unusual_coins_are_spent_only_where_the_owner_allows() {
    for (requires_standard, expected) in [
        (
            true,
            Err((
                RejectionKind::InputsNotStandard,
                "bad-txns-nonstandard-inputs".to_owned(),
            )),
        ),
        (false, Ok(())),
    ] {
        let mut rig = Rig::new(Config {
            requires_standard,
            ..Config::default()
        });
        let coin = rig.model.fund(100_000);
        let known = rig.model.coins.get_mut(&coin).expect("it was just made");
        known.output.script_pubkey = vec![0x51].into();
        let transaction = changed(&spend(&[coin], &[90_000]), |one| one.input[0].witness.clear());
        assert_eq!(rig.submit(&transaction).map(|_txid| ()), expected);
    }
}

#[test]
fn the_chain_hears_of_scripts_that_blocks_need_not_run() {
    let mut rig = Rig::new(Config::default());
    let (first, second) = (rig.model.fund(100_000), rig.model.fund(100_000));
    let valid = spend(&[first], &[90_000]);
    let invalid = changed(&spend(&[second], &[90_000]), |one| {
        one.input[0].witness = Witness::from_slice(&[vec![0x52]]);
    });
    rig.take(&valid);
    rig.submit(&invalid).unwrap_err();
    assert_eq!(
        *rig.model.verified.borrow(),
        std::collections::BTreeSet::from([valid.compute_wtxid()])
    );
}

#[test]
fn coins_may_lose_the_tokens_that_they_hold_unless_there_cannot_be_so_many() {
    let mut rig = Rig::new(Config::default());
    let mut fund = |value| {
        let coin = rig.model.fund(100_000);
        let known = rig.model.coins.get_mut(&coin).expect("it was just made");
        let asset = std::num::NonZeroU64::MIN;
        known.tokens = Some(Box::new(consensus::transaction::Tokens { asset, value }));
        coin
    };
    let [one, most, more] = [1, MAX_MONEY, 1].map(&mut fund);
    rig.take(&spend(&[one], &[90_000]));
    rig.check(
        &spend(&[most, more], &[190_000]),
        RejectionKind::Consensus,
        "bad-txns-asset-inputvalues-outofrange",
    );
}

#[test]
fn young_coinbases_and_many_signatures_are_refused() {
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(100_000);
    let known = rig.model.coins.get_mut(&coin).expect("it was just made");
    (known.height, known.is_coinbase) = (902, true);
    rig.check(
        &spend(&[coin], &[90_000]),
        RejectionKind::PrematureSpend,
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99",
    );
    rig.model.height += 1;
    rig.take(&spend(&[coin], &[90_000]));

    let mut rig = Rig::new(Config {
        requires_standard: false,
        ..Config::default()
    });
    let coin = rig.model.fund(100_000_000);
    let many = |count: usize| {
        changed(&spend(&[coin], &[1_000_000]), |one| {
            one.output[0].script_pubkey = vec![0xac; count].into();
        })
    };
    rig.check(
        &many(4001),
        RejectionKind::NotStandard,
        "bad-txns-too-many-sigops, 16004",
    );
    let txid = rig.take(&many(4000));
    assert_eq!(rig.pool.get(&txid).map(|entry| entry.size), Some(16_000 * 20 / 4));
}

#[test]
fn replacements_pay_for_what_they_replace() {
    use RejectionKind::MempoolPolicy;

    let mut rig = Rig::new(Config::default());
    let (coin, other) = (rig.model.fund(100_000), rig.model.fund(100_000));
    let parent = spend(&[coin], &[99_000]);
    let txid = rig.take(&parent);
    let child = rig.take(&spend(&[OutPoint::new(txid, 0)], &[97_000]));
    let cheap = spend(&[coin], &[99_001]);
    rig.check(
        &cheap,
        MempoolPolicy,
        &format!(
            "insufficient fee, rejecting replacement {}; new feerate 0.00010406 SYS/kvB <= old feerate 0.00010416 SYS/kvB",
            cheap.compute_txid()
        ),
    );
    let less = spend(&[coin], &[97_001]);
    rig.check(
        &less,
        MempoolPolicy,
        &format!(
            "insufficient fee, rejecting replacement {}, less fees than conflicting txs; 0.00002999 < 0.00003",
            less.compute_txid()
        ),
    );
    let little = spend(&[coin], &[96_905]);
    rig.check(
        &little,
        MempoolPolicy,
        &format!(
            "insufficient fee, rejecting replacement {}, not enough additional fees to relay; 0.00000095 < 0.00000096",
            little.compute_txid()
        ),
    );
    let unconfirmed = rig.take(&spend(&[other], &[99_000]));
    let adding = spend(&[coin, OutPoint::new(unconfirmed, 0)], &[150_000]);
    rig.check(
        &adding,
        MempoolPolicy,
        &format!(
            "replacement-adds-unconfirmed, replacement {} adds unconfirmed input, idx 1",
            adding.compute_txid()
        ),
    );
    let own = spend(&[coin, OutPoint::new(txid, 0)], &[150_000]);
    rig.check(
        &own,
        RejectionKind::Consensus,
        &format!(
            "bad-txns-spends-conflicting-tx, {} spends conflicting transaction {txid}",
            own.compute_txid()
        ),
    );
    rig.pool.take_events();
    let better = rig.take(&spend(&[coin], &[96_904]));
    let kinds: Vec<_> = rig
        .pool
        .take_events()
        .iter()
        .map(|event| (event.kind, event.txid))
        .collect();
    let replaced = EventKind::Removed(RemovalReason::Replaced);
    let added = EventKind::Added { tells_of_fees: true };
    assert_eq!(kinds, [(replaced, child), (replaced, txid), (added, better)]);

    let (many, settled) = (rig.model.fund(10_000_000), rig.model.fund(100_000));
    let mut limits = rig.pool.config().limits;
    limits.descendant_count = 200;
    rig = Rig {
        pool: Mempool::new(Config {
            limits,
            ..Config::default()
        }),
        model: rig.model,
    };
    let root = rig.take(&spend(&[many], &[90_000; 100]));
    for vout in 0..100 {
        rig.take(&spend(&[OutPoint::new(root, vout)], &[80_000]));
    }
    let all = spend(&[many], &[1_000_000]);
    rig.check(
        &all,
        MempoolPolicy,
        &format!(
            "too many potential replacements, rejecting replacement {}; too many potential replacements (101 > 100)\n",
            all.compute_txid()
        ),
    );
    rig.take(&changed(&spend(&[settled], &[99_000]), |one| {
        one.input[0].sequence = Sequence::MAX;
    }));
    rig.check(
        &spend(&[settled], &[90_000]),
        MempoolPolicy,
        "txn-mempool-conflict",
    );
    let full_replacement = Config {
        full_replacement: true,
        ..Config::default()
    };
    rig = Rig {
        pool: Mempool::new(full_replacement),
        model: rig.model,
    };
    rig.take(&changed(&spend(&[settled], &[99_000]), |one| {
        one.input[0].sequence = Sequence::MAX;
    }));
    rig.take(&spend(&[settled], &[90_000]));
    assert_eq!(rig.pool.len(), 1);
}

/// A chain of transactions, each of which spends the one before it.
fn chain_of(coin: OutPoint, count: u64) -> Vec<Transaction> {
    let mut previous = coin;
    let transactions = (1..=count).map(|place| {
        let transaction = spend(&[previous], &[1_000_000 - place * 1000]);
        previous = OutPoint::new(transaction.compute_txid(), 0);
        transaction
    });
    transactions.collect()
}

#[test]
fn chains_are_as_long_as_the_limits_allow() {
    let text = |error: &str| format!("too-long-mempool-chain, {error}");
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(1_000_000);
    let chain = chain_of(coin, 26);
    for transaction in &chain[..25] {
        rig.take(transaction);
    }
    rig.check(
        &chain[25],
        RejectionKind::MempoolPolicy,
        &text("too many unconfirmed ancestors [limit: 25]"),
    );

    let limits = Limits {
        descendant_count: 2,
        ..Limits::default()
    };
    let mut rig = Rig::new(Config {
        limits,
        ..Config::default()
    });
    let coin = rig.model.fund(1_000_000);
    let parent = rig.take(&spend(&[coin], &[300_000; 3]));
    for vout in 0..2 {
        // The second child is one too many, but stands on nothing else.
        rig.take(&spend(&[OutPoint::new(parent, vout)], &[200_000]));
    }
    rig.check(
        &spend(&[OutPoint::new(parent, 2)], &[200_000]),
        RejectionKind::MempoolPolicy,
        &text(&format!("too many descendants for tx {parent} [limit: 2]")),
    );

    let limits = Limits {
        ancestor_size: 250,
        ..Limits::default()
    };
    let mut rig = Rig::new(Config {
        limits,
        ..Config::default()
    });
    let coin = rig.model.fund(1_000_000);
    let chain = chain_of(coin, 3);
    rig.take(&chain[0]);
    rig.take(&chain[1]);
    rig.check(
        &chain[2],
        RejectionKind::MempoolPolicy,
        &text("exceeds ancestor size limit [limit: 250]"),
    );
}

#[test]
fn a_full_pool_drops_what_pays_least_and_asks_for_more_until_time_has_passed() {
    let mut rig = Rig::new(Config {
        max_usage: 20_000,
        ..Config::default()
    });
    let mut rejections = 0;
    for place in 0..40_u64 {
        let coin = rig.model.fund(100_000);
        let transaction = spend(&[coin], &[99_000 - place * 100]);
        let result = rig
            .pool
            .accept(&Arc::new(transaction), &rig.model, NOW, Purpose::Keep);
        rejections += u64::from(result.is_err());
        assert!(rig.pool.usage() <= 20_000);
    }
    assert_eq!(rejections, 0, "each pays more than those before");
    let paying = rig
        .pool
        .iter()
        .last()
        .expect("there is room for some")
        .fee
        .to_sat();
    assert!(paying > 1000, "the first ones were dropped");
    let minimum = rig.pool.minimum_rate(NOW);
    assert!(minimum > FeeRate::per_kvb(10_000), "{minimum}");
    let coin = rig.model.fund(100_000);
    rig.check(
        &spend(&[coin], &[99_000]),
        RejectionKind::MempoolPolicy,
        &format!("mempool min fee not met, 1000 < {}", minimum.fee(96)),
    );
    rig.pool.remove_for_block(&[], NOW);
    assert_eq!(rig.pool.minimum_rate(NOW + 10 * 24 * 60 * 60), FeeRate::ZERO);
}

#[test]
fn transactions_expire_with_what_stands_on_them() {
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(1_000_000);
    for transaction in chain_of(coin, 3) {
        rig.take(&transaction);
    }
    rig.pool.limit_size(NOW + 336 * 60 * 60);
    assert_eq!(rig.pool.len(), 3);
    rig.pool.limit_size(NOW + 336 * 60 * 60 + 1);
    assert!(rig.pool.is_empty());
}

#[test]
fn what_is_prioritised_counts_as_paid() {
    let mut rig = Rig::new(Config::default());
    let coin = rig.model.fund(100_000);
    let free = spend(&[coin], &[100_000]);
    rig.check(
        &free,
        RejectionKind::MempoolPolicy,
        "min relay fee not met, 0 < 96",
    );
    rig.pool.prioritise(free.compute_txid(), 96);
    let txid = rig.take(&free);
    assert_eq!(
        rig.pool.prioritised().next().and_then(|one| one.modified_fee),
        Some(96)
    );
    rig.pool.prioritise(txid, i64::MAX);
    rig.pool.prioritise(txid, -i64::MAX);
    rig.pool.prioritise(txid, 0);
    assert_eq!(rig.pool.delta(&txid), 0, "the sum went no higher than it can");
}

fn shared(transactions: &[Transaction]) -> Vec<Arc<Transaction>> {
    transactions.iter().cloned().map(Arc::new).collect()
}

#[test]
fn packages_are_refused_as_a_whole_in_upstreams_words() {
    let mut rig = Rig::new(Config::default());
    let (coin, other) = (rig.model.fund(1_000_000), rig.model.fund(1_000_000));
    let chain = chain_of(coin, 26);
    let test = |rig: &mut Rig, package: &[Transaction]| {
        let result = rig.pool.test_package(&shared(package), &rig.model, NOW);
        result.error.map(|error| error.to_string())
    };
    assert_eq!(test(&mut rig, &chain[..25]), None);
    assert_eq!(
        test(&mut rig, &chain).as_deref(),
        Some("package-too-many-transactions")
    );
    let reversed = [chain[1].clone(), chain[0].clone()];
    assert_eq!(test(&mut rig, &reversed).as_deref(), Some("package-not-sorted"));
    let conflicting = [chain[0].clone(), spend(&[coin], &[500_000])];
    assert_eq!(
        test(&mut rig, &conflicting).as_deref(),
        Some("conflict-in-package")
    );
    assert!(rig.pool.is_empty());

    for transaction in &chain[..24] {
        rig.take(transaction);
    }
    assert_eq!(
        test(&mut rig, &chain[24..]).as_deref(),
        Some("package-mempool-limits, possibly too many unconfirmed ancestors [limit: 25]")
    );
    let replacing = [spend(&[coin], &[1000]), spend(&[other], &[900_000])];
    assert_eq!(test(&mut rig, &replacing).as_deref(), Some("transaction failed"));

    let submit = |rig: &mut Rig, package: &[Transaction]| {
        rig.pool.submit_package(&shared(package), &rig.model, NOW).error
    };
    let unrelated = [spend(&[other], &[900_000]), chain[0].clone()];
    assert_eq!(
        submit(&mut rig, &unrelated),
        Some(PackageError::NotChildWithParents)
    );
    assert_eq!(
        submit(&mut rig, &unrelated[..1]),
        Some(PackageError::NotChildWithParents)
    );
    let parent = spend(&[other], &[900_000]);
    let unknown = OutPoint::new(Txid::from_byte_array([9; 32]), 0);
    let child = spend(&[OutPoint::new(parent.compute_txid(), 0), unknown], &[800_000]);
    assert_eq!(
        submit(&mut rig, &[parent, child]),
        Some(PackageError::MissingParents)
    );
}

#[test]
fn of_a_package_with_a_bad_script_those_before_it_are_told_of() {
    let mut rig = Rig::new(Config::default());
    let coins = [(); 3].map(|()| rig.model.fund(100_000));
    let [first, second, third] = coins.map(|coin| spend(&[coin], &[90_000]));
    let bad = changed(&second, |one| {
        one.input[0].witness = Witness::from_slice(&[vec![0x52]]);
    });
    let package = shared(&[first.clone(), bad.clone(), third.clone()]);
    let tested = rig.pool.test_package(&package, &rig.model, NOW);
    assert_eq!(tested.error, Some(PackageError::Transaction));
    let outcome = |one: &Transaction| tested.transactions.get(&one.compute_wtxid());
    assert!(matches!(outcome(&first), Some(TransactionOutcome::Accepted(_))));
    assert!(matches!(outcome(&bad), Some(TransactionOutcome::Rejected(_))));
    assert!(outcome(&third).is_none(), "it was not looked at");
    assert!(rig.pool.is_empty());
}

#[test]
fn packages_to_submit_are_a_child_and_parents_that_know_nothing_of_one_another() {
    let coin = |number| OutPoint::new(Txid::from_byte_array([number; 32]), 0);
    let output = |transaction: &Transaction| OutPoint::new(transaction.compute_txid(), 0);
    let [first, second] = [1, 2].map(|number| spend(&[coin(number)], &[1_000]));
    let child = spend(&[output(&first), output(&second), coin(3)], &[500]);
    let heir = spend(&[output(&first)], &[900]);
    let child_of_both = spend(&[output(&first), output(&heir)], &[500]);
    for (package, expected) in [
        (vec![&first, &second, &child], true),
        (vec![&second, &first, &child], true),
        (vec![&first, &child], true),
        (vec![], false),
        (vec![&child], false),
        (vec![&child, &first], false),
        (vec![&first, &second, &heir], false),
        (vec![&first, &heir, &child_of_both], false),
    ] {
        let owned: Vec<Transaction> = package.into_iter().cloned().collect();
        assert_eq!(is_child_with_parents(&shared(&owned)), expected, "{owned:?}");
    }
}

#[test]
fn a_child_pays_for_its_parent_when_the_pool_asks_for_more() {
    let mut rig = Rig::new(Config {
        max_usage: 20_000,
        ..Config::default()
    });
    for place in 0..30 {
        let coin = rig.model.fund(100_000);
        rig.take(&spend(&[coin], &[98_000 - place * 10]));
    }
    let coin = rig.model.fund(1_000_000);
    let parent = spend(&[coin], &[999_800]);
    let asked = rig.pool.minimum_rate(NOW).fee(96);
    rig.check(
        &parent,
        RejectionKind::MempoolPolicy,
        &format!("mempool min fee not met, 200 < {asked}"),
    );
    let child_paying = |units: u64| spend(&[OutPoint::new(parent.compute_txid(), 0)], &[999_800 - units]);
    let poor = shared(&[parent.clone(), child_paying(300)]);
    assert_eq!(
        rig.pool.submit_package(&poor, &rig.model, NOW).error,
        Some(PackageError::FeeTooLow)
    );
    let package = shared(&[parent.clone(), child_paying(50_000)]);
    let result = rig.pool.submit_package(&package, &rig.model, NOW);
    assert_eq!(result.error, None);
    let Some(TransactionOutcome::Accepted(accepted)) = result.transactions.get(&parent.compute_wtxid())
    else {
        panic!("the parent is in: {result:?}");
    };
    assert_eq!(accepted.effective_rate, FeeRate::of(50_200_i64, 192));
    assert_eq!(accepted.effective_includes.len(), 2);
    let again = rig.pool.submit_package(&package, &rig.model, NOW);
    assert!(matches!(
        again.transactions.get(&parent.compute_wtxid()),
        Some(TransactionOutcome::InPool { .. })
    ));
}

#[test]
fn miners_take_a_poor_parent_for_its_rich_child() {
    let mut rig = Rig::new(Config::default());
    let (one, other) = (rig.model.fund(1_000_000), rig.model.fund(1_000_000));
    let parent = rig.take(&spend(&[one], &[999_800]));
    let child = rig.take(&spend(&[OutPoint::new(parent, 0)], &[900_000]));
    let middle = rig.take(&spend(&[other], &[990_000]));
    let limits = crate::SelectionLimits::new(1001, 0);
    let selected = |rig: &Rig, limits: &crate::SelectionLimits| -> Vec<Txid> {
        let selected = rig.pool.select_for_block(limits);
        selected.into_iter().map(|one| one.txid).collect()
    };
    assert_eq!(selected(&rig, &limits), [parent, child, middle]);
    let small = crate::SelectionLimits {
        max_weight: 4000 + 500,
        ..limits
    };
    assert_eq!(selected(&rig, &small), [middle]);
    let picky = crate::SelectionLimits {
        min_rate: FeeRate::per_kvb(200_000),
        ..limits
    };
    assert_eq!(selected(&rig, &picky), [parent, child]);
    rig.pool.prioritise(middle, 10_000_000);
    assert_eq!(selected(&rig, &limits), [middle, parent, child]);
}

#[test]
fn lists_go_by_depth_and_what_each_pays_itself_whatever_it_counts_as() {
    let mut rig = Rig::new(Config::default());
    let coins: Vec<OutPoint> = (0..4).map(|_| rig.model.fund(1_000_000)).collect();
    let rich = rig.take(&spend(&[coins[0]], &[900_000]));
    let poor = rig.take(&spend(&[coins[1]], &[999_000]));
    let poor_child = rig.take(&spend(&[OutPoint::new(rich, 0)], &[899_000]));
    let rich_child = rig.take(&spend(&[OutPoint::new(poor, 0)], &[980_000]));
    let mut twins = [coins[2], coins[3]].map(|coin| rig.take(&spend(&[coin], &[950_000])));
    twins.sort_unstable();
    rig.pool.prioritise(poor, 10_000_000);
    let listed: Vec<Txid> = rig.pool.iter().map(|entry| entry.txid).collect();
    assert_eq!(listed, [rich, twins[1], twins[0], poor, rich_child, poor_child]);
}

#[test]
fn scripts_that_only_relay_refuses_are_not_standard() {
    let mut rig = Rig::new(Config {
        requires_standard: false,
        ..Config::default()
    });
    let coin = rig.model.fund(100_000);
    let known = rig.model.coins.get_mut(&coin).expect("it was just made");
    known.output.script_pubkey = vec![0x51].into();
    let push = PushBytesBuf::try_from(vec![7]).expect("short");
    let unclean = changed(&spend(&[coin], &[90_000]), |one| {
        one.input[0].witness.clear();
        one.input[0].script_sig = Builder::new().push_slice(push).push_slice([1, 2]).into_script();
    });
    rig.check(
        &unclean,
        RejectionKind::NotStandard,
        "non-mandatory-script-verify-flag (Data push larger than necessary)",
    );
}
