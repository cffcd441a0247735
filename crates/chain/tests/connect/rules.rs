//! Each rule about coins at its edge.

use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxOut, Witness, transaction};
use chain::connect::{ConnectError, ConnectFailure, ScriptChecker};
use consensus::Activation;
use consensus::limits::MAX_MONEY;
use consensus::transaction::Coin;

use crate::support::{HEIGHT, Rig, block, coin, coinbase, output, spend, subsidy};

const MISSING: &str = "bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent";
const LOCKED: &str = "bad-txns-nonfinal, contains a non-BIP68-final transaction";
const OVERWRITES: &str = "bad-txns-BIP30, tried to overwrite transaction";

/// What the first output of a transaction is spent by.
fn first_of(transaction: &Transaction) -> OutPoint {
    OutPoint::new(transaction.compute_txid(), 0)
}

#[test]
fn a_coin_is_spent_once_and_after_it_was_made() {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, 5, false));
    let first = spend(&[outpoint], 10);
    let second = spend(&[first_of(&first)], 9);
    rig.connect(vec![first.clone(), second.clone()], 1).unwrap();
    assert_eq!(rig.refusal(vec![second.clone(), first.clone()]), MISSING);
    let again = spend(&[outpoint], 9);
    assert_eq!(rig.refusal(vec![first.clone(), again]), MISSING);
    let again = spend(&[first_of(&first)], 8);
    assert_eq!(rig.refusal(vec![first, second, again]), MISSING);
}

#[test]
fn what_can_never_be_spent_is_no_coin() {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, 5, false));
    let mut first = spend(&[outpoint], 10);
    first.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0x6a]);
    let second = spend(&[first_of(&first)], 10);
    assert_eq!(rig.refusal(vec![first, second]), MISSING);
}

#[test]
fn coinbases_are_spent_after_a_hundred_blocks() {
    let mut rig = Rig::new();
    let mature = rig.coin(1, coin(10, HEIGHT - 100, true));
    let immature = rig.coin(2, coin(10, HEIGHT - 99, true));
    rig.connect(vec![spend(&[mature], 10)], 0).unwrap();
    assert_eq!(
        rig.refusal(vec![spend(&[mature, immature], 10)]),
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99"
    );
    let own = first_of(&coinbase(subsidy()));
    assert_eq!(
        rig.refusal(vec![spend(&[own], 10)]),
        "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 0"
    );
}

#[test]
fn fees_go_to_the_coinbase_to_the_last_unit() {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(1000, 5, false));
    let connected = rig.connect(vec![spend(&[outpoint], 990)], 10).unwrap();
    assert_eq!(connected.fees, Amount::from_sat(10));
    assert_eq!(connected.undo.transactions[0].coins, [coin(1000, 5, false)]);
    let error = rig.connect(vec![spend(&[outpoint], 990)], 11).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad-cb-amount, coinbase pays too much (actual=2500000011 vs limit=2500000010)"
    );
    let error = rig.connect(vec![spend(&[outpoint], 1001)], 0).unwrap_err();
    assert_eq!(
        error.to_string(),
        "bad-txns-in-belowout, value in (0.00001) < value out (0.00001001)"
    );
}

#[test]
fn fees_together_are_no_more_than_the_largest_amount() {
    let mut rig = Rig::new();
    let large = rig.coin(1, coin(MAX_MONEY, 5, false));
    let small = rig.coin(2, coin(1, 5, false));
    rig.connect(vec![spend(&[large], 1), spend(&[small], 0)], 0)
        .unwrap();
    assert_eq!(
        rig.refusal(vec![spend(&[large], 0), spend(&[small], 0)]),
        "bad-txns-accumulated-fee-outofrange, accumulated fee in the block out of range"
    );
}

#[test]
fn no_output_takes_the_place_of_one_that_is_not_spent() {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, 5, false));
    let mut transaction = spend(&[outpoint], 5);
    transaction.output.push(output(5, &[0x51]));
    rig.connect(vec![transaction.clone()], 0).unwrap();
    let second = OutPoint::new(transaction.compute_txid(), 1);
    let add = |rig: &mut Rig| {
        rig.cache
            .add(second, coin(5, 5, false), chain::coins::Overwrite::Never)
            .unwrap();
    };
    add(&mut rig);
    assert_eq!(rig.refusal(vec![transaction.clone()]), OVERWRITES);
    // To spend it in the same block, before, does not help.
    let before = spend(&[second], 5);
    assert_eq!(rig.refusal(vec![before, transaction.clone()]), OVERWRITES);
    // Nor is it another rule that counts which is broken before.
    let nothing = OutPoint::new(first_of(&transaction).txid, 7);
    let before = spend(&[nothing], 5);
    assert_eq!(rig.refusal(vec![before, transaction.clone()]), OVERWRITES);
    rig.cache.spend(&second).unwrap();
    rig.connect(vec![transaction], 0).unwrap();
    // A coinbase is a transaction too.
    let own = first_of(&coinbase(subsidy()));
    rig.cache
        .add(own, coin(5, 5, true), chain::coins::Overwrite::Never)
        .unwrap();
    assert_eq!(rig.refusal(Vec::new()), OVERWRITES);
}

/// Whether a coin made 10 blocks before can be spent with this sequence.
fn check_locks(version: i32, sequence: u32, expected: Result<(), &str>) {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, HEIGHT - 10, false));
    let mut transaction = spend(&[outpoint], 10);
    transaction.version = transaction::Version(version);
    transaction.input[0].sequence = Sequence(sequence);
    let found = rig.connect(vec![transaction], 0).map(|_connected| ());
    let found = found.map_err(|error| error.to_string());
    assert_eq!(found, expected.map_err(str::to_owned), "{version} {sequence:x}");
}

#[test]
fn relative_locks_hold_until_their_last_block_and_second() {
    check_locks(2, 10, Ok(()));
    check_locks(2, 11, Err(LOCKED));
    check_locks(1, 11, Ok(()));
    check_locks(2, 1 << 31 | 11, Ok(()));
    // Ten minutes a block: from the median before the coin's block to that before this one are 6,000 seconds, which is
    // 11 times 512 and a rest.
    check_locks(2, 1 << 22 | 11, Ok(()));
    check_locks(2, 1 << 22 | 12, Err(LOCKED));
    // A coin of this very block.
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, 5, false));
    let first = spend(&[outpoint], 10);
    let mut second = spend(&[first_of(&first)], 10);
    second.input[0].sequence = Sequence(0);
    rig.connect(vec![first.clone(), second.clone()], 0).unwrap();
    second.input[0].sequence = Sequence(1);
    assert_eq!(rig.refusal(vec![first, second]), LOCKED);
}

#[test]
fn signature_operations_cost_no_more_than_eighty_thousand() {
    let mut rig = Rig::new();
    let script = |count: usize| ScriptBuf::from_bytes(vec![0xac; count]);
    let revealed = |rig: &mut Rig, number: u8, count: usize| {
        let output = TxOut {
            value: Amount::from_sat(10),
            script_pubkey: script(count).to_p2wsh(),
        };
        let outpoint = rig.coin(
            number,
            Coin {
                output,
                ..coin(10, 5, false)
            },
        );
        let mut transaction = spend(&[outpoint], 10);
        transaction.input[0].witness = Witness::from_slice(&[script(count).as_bytes()]);
        transaction
    };
    // Shown in an output, an operation costs 4.
    let outpoint = rig.coin(1, coin(10, 5, false));
    let mut shown = spend(&[outpoint], 10);
    shown.output[0].script_pubkey = script(19_000);
    let enough = revealed(&mut rig, 2, 3999);
    let one_more = revealed(&mut rig, 3, 1);
    let two_more = revealed(&mut rig, 4, 2);
    rig.connect(vec![shown.clone(), enough.clone(), one_more], 0)
        .unwrap();
    assert_eq!(
        rig.refusal(vec![shown, enough, two_more]),
        "bad-blk-sigops, too many sigops"
    );
}

#[test]
fn transactions_of_another_era_are_named() {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, 5, false));
    let mut transaction = spend(&[outpoint], 10);
    transaction.version = transaction::Version(141);
    let txid = transaction.compute_txid();
    let error = rig.connect(vec![transaction], 0).unwrap_err();
    let ConnectFailure::Invalid(error @ ConnectError::Kind { .. }) = error else {
        panic!("{error}");
    };
    assert!(error.to_string().ends_with(&txid.to_string()), "{error}");
}

#[test]
fn changes_of_masternodes_are_refused_and_registrations_looked_into() {
    let mut rig = Rig::new();
    let outpoint = rig.coin(1, coin(10, 5, false));
    for (version, data, reason) in [
        (80, vec![0x6a, 1, 7], "bad-protx-payload"),
        (83, vec![0x6a, 2, 9, 0], "bad-protx-version"),
    ] {
        let mut transaction = spend(&[outpoint], 10);
        transaction.version = transaction::Version(version);
        transaction.output.push(output(0, &data));
        assert_eq!(rig.refusal(vec![transaction]), reason);
    }
    // Owner and voter agree to lock up a coin of another key, and nobody does more than that.
    rig.params.set_masternode_collateral(0);
    let key = |byte| [&[0, 20][..], &[byte; 20]].concat();
    let locked = Coin::new(output(0, &key(9)), 5, false);
    let locked = rig.coin(2, locked);
    let transaction = spend(&[outpoint], 10);
    let data = [
        &[2, 0, 0, 0, 0, 0][..],
        &serialize(&locked),
        &[0; 18],
        &[1; 20],
        &[2; 48],
        &[3; 20],
        &[0, 0, 22],
        &key(4),
        sha256d::Hash::hash(&serialize(&outpoint)).as_byte_array(),
        &[0],
    ]
    .concat();
    let mut registration = transaction;
    registration.version = transaction::Version(80);
    let push = [&[0x6a, 0x4c, u8::try_from(data.len()).unwrap()][..], &data].concat();
    registration.output.push(output(0, &push));
    rig.connect(vec![registration.clone()], 0).unwrap();
    rig.cache.spend(&locked).unwrap();
    assert_eq!(rig.refusal(vec![registration]), "bad-protx-collateral");
}

/// Adds an output of so many units that says that the first output holds 600 tokens, which coins are burnt for.
fn hold_tokens(transaction: &mut Transaction, version: i32, units: u64) {
    transaction.version = transaction::Version(version);
    let data = [0x6a, 7, 1, 0x86, 0xc3, 0x40, 1, 0, 53];
    transaction.output.push(output(units, &data));
}

#[test]
fn tokens_are_made_and_spent_with_their_coins() {
    let mut rig = Rig::new();
    rig.params.set_dip3("100:100").unwrap();
    let outpoint = rig.coin(1, coin(1000, 5, false));
    let mut burn = spend(&[outpoint], 400);
    hold_tokens(&mut burn, 139, 600);
    let mut send = spend(&[first_of(&burn)], 400);
    hold_tokens(&mut send, 142, 0);
    let connected = rig.connect(vec![burn.clone(), send.clone()], 0).unwrap();
    let spent = connected.undo.transactions[1].coins[0].tokens.clone().unwrap();
    assert_eq!((spent.asset.get(), spent.value), (123_456, 600));
    let mut more = spend(&[first_of(&send)], 400);
    hold_tokens(&mut more, 142, 0);
    more.output[1].script_pubkey = vec![0x6a, 7, 1, 0x86, 0xc3, 0x40, 1, 0, 54].into();
    assert_eq!(
        rig.refusal(vec![burn.clone(), send.clone(), more]),
        "bad-txns-asset-io-mismatch"
    );
    // A transaction of another version loses them.
    let mut rig = Rig::new();
    rig.params.set_dip3("100:100").unwrap();
    rig.coin(1, coin(1000, 5, false));
    let lost = spend(&[first_of(&send)], 400);
    rig.connect(vec![burn, send, lost], 0).unwrap();
}

#[test]
fn scripts_that_were_verified_by_the_rules_of_the_block_do_not_run_again() {
    let mut rig = Rig::new();
    let refused = Coin::new(output(10, &[0x00]), 5, false);
    let outpoint = rig.coin(1, refused);
    let transaction = spend(&[outpoint], 10);
    let invalid = block(vec![transaction.clone()], subsidy());
    let checker = ScriptChecker::new(1).unwrap();
    let connect = |rig: &mut Rig| rig.connect_block(&invalid, Some(&checker));
    connect(&mut rig).unwrap_err();
    // What was said is believed, which shows that nothing ran.
    checker.cache().add(transaction.compute_wtxid());
    connect(&mut rig).unwrap();
    // Another block may know fewer rules.
    rig.params.heights.csv = Activation::at(HEIGHT + 1);
    connect(&mut rig).unwrap_err();
    rig.params.heights.csv = Activation::at(HEIGHT);
    connect(&mut rig).unwrap();
    checker.cache().resize(0);
    connect(&mut rig).unwrap_err();
}

#[test]
fn scripts_run_on_any_number_of_threads_unless_they_are_assumed_to_be_valid() {
    let mut rig = Rig::new();
    let count: u8 = 60;
    let refused = 37;
    let outpoints: Vec<OutPoint> = (0..count)
        .map(|number| {
            let script = if number == refused { [0x00] } else { [0x51] };
            let output = output(10, &script);
            rig.coin(
                number,
                Coin {
                    output,
                    ..coin(10, 5, false)
                },
            )
        })
        .collect();
    let valid: Vec<_> = outpoints
        .chunks(6)
        .filter(|chunk| !chunk.contains(&outpoints[usize::from(refused)]))
        .map(|chunk| spend(chunk, 60))
        .collect();
    let invalid: Vec<_> = outpoints.chunks(6).map(|chunk| spend(chunk, 60)).collect();
    let failing = invalid[usize::from(refused) / 6].compute_txid();
    let valid = block(valid, subsidy());
    let invalid = block(invalid, subsidy());
    rig.connect_block(&invalid, None).unwrap();
    for threads in [1, 2, 5] {
        let checker = ScriptChecker::new(threads).unwrap();
        for _turn in 0..3 {
            rig.connect_block(&valid, Some(&checker)).unwrap();
            let error = rig.connect_block(&invalid, Some(&checker)).unwrap_err();
            let ConnectFailure::Invalid(ConnectError::Script(failure)) = error else {
                panic!("{error}");
            };
            assert_eq!((failure.txid, failure.input), (failing, usize::from(refused) % 6));
        }
    }
}
