//! `tx_valid.json` and `tx_invalid.json`.

use std::collections::HashMap;

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Amount, OutPoint, Transaction, TxOut};
use consensus::limits::MAX_MONEY;
use consensus::script::{ConsensusScriptError, ScriptFlags, SpendingTransaction, verify_script};
use consensus::transaction::check_transaction;
use serde_json::Value;

use crate::{assembly, flags, text, vectors};

/// The largest amount of the chain that the vectors are of.
const BITCOINS_MAX_MONEY: u64 = 2_100_000_000_000_000;

/// The outputs that a row says to be there.
fn outputs(row: &[Value]) -> HashMap<OutPoint, TxOut> {
    let rows = row[0].as_array().expect("an array");
    rows.iter()
        .map(|output| {
            let output = output.as_array().expect("an array");
            let number = output[1].as_i64().expect("a number");
            let place = OutPoint {
                txid: text(&output[0]).parse().expect("a hash"),
                // The output of a coinbase's input is number -1.
                vout: u32::try_from(number & 0xffff_ffff).expect("it was masked"),
            };
            let output = TxOut {
                value: Amount::from_sat(
                    output
                        .get(3)
                        .map_or(0, |amount| amount.as_u64().expect("an amount")),
                ),
                script_pubkey: assembly::parse(text(&output[2])),
            };
            (place, output)
        })
        .collect()
}

/// A transaction and what it spends.
struct Spend {
    transaction: Transaction,
    spent: Vec<TxOut>,
}

impl Spend {
    fn new(transaction: Transaction, row: &[Value]) -> Self {
        let outputs = outputs(row);
        let spent = transaction
            .input
            .iter()
            .map(|input| outputs[&input.previous_output].clone())
            .collect();
        Self { transaction, spent }
    }

    /// Whether all inputs are valid with these rules, as the interpreter and the library say.
    fn is_valid(&self, flags: ScriptFlags) -> bool {
        let spending = SpendingTransaction::new(&self.transaction, &self.spent).expect("one for each");
        (0..self.spent.len()).all(|input| {
            let interpreter = verify_script(
                &self.transaction.input[input].script_sig,
                &self.spent[input].script_pubkey,
                &self.transaction.input[input].witness,
                flags,
                &spending.checker(input).expect("an input"),
            );
            let library = spending.verify_consensus(input, flags);
            let interpreter = interpreter.map_err(ConsensusScriptError::Refused);
            assert_eq!(interpreter, library, "input {input} with {flags:?}");
            library.is_ok()
        })
    }
}

#[test]
fn valid_transactions_are_valid_with_all_rules_but_those_that_are_named() {
    let all = flags::all().fold(ScriptFlags::NONE, ScriptFlags::union);
    for row in vectors("tx_valid.json.gz") {
        let transaction: Transaction = deserialize_hex(text(&row[1])).expect("a transaction");
        check_transaction(&transaction).unwrap_or_else(|error| panic!("{error}: {row:?}"));
        let spend = Spend::new(transaction, &row);
        let excluded = flags::parse(text(&row[2]));
        assert!(spend.is_valid(flags::trimmed(all.without(excluded))), "{row:?}");
        for flag in flags::all() {
            let fewer = flags::trimmed(all.without(excluded | flag));
            assert!(spend.is_valid(fewer), "without {flag:?}: {row:?}");
            // None is named that would not forbid it.
            if excluded.contains(flag) {
                let more = flags::filled(all.without(excluded.without(flag)));
                assert!(!spend.is_valid(more), "with {flag:?}: {row:?}");
            }
        }
    }
}

#[test]
fn invalid_transactions_are_invalid_by_the_rules_that_are_named() {
    let mut n_bad = 0;
    for row in vectors("tx_invalid.json.gz") {
        let read = deserialize_hex::<Transaction>(text(&row[1]));
        if text(&row[2]) == "BADTX" {
            n_bad += 1;
            if let Ok(transaction) = read {
                let total: u64 = transaction
                    .output
                    .iter()
                    .map(|output| output.value.to_sat())
                    .sum();
                let is_bitcoins_limit = (BITCOINS_MAX_MONEY + 1..=MAX_MONEY).contains(&total);
                assert_eq!(
                    check_transaction(&transaction).is_ok(),
                    is_bitcoins_limit,
                    "{row:?}"
                );
            }
            continue;
        }
        let transaction = read.expect("a transaction");
        check_transaction(&transaction).unwrap_or_else(|error| panic!("{error}: {row:?}"));
        let spend = Spend::new(transaction, &row);
        let named = flags::parse(text(&row[2]));
        assert!(!spend.is_valid(flags::filled(named)), "{row:?}");
        for flag in flags::all() {
            assert!(
                !spend.is_valid(flags::filled(named | flag)),
                "with {flag:?}: {row:?}"
            );
            // Each that is named is needed.
            if named.contains(flag) {
                assert!(
                    spend.is_valid(flags::trimmed(named.without(flag))),
                    "without {flag:?}: {row:?}"
                );
            }
        }
    }
    assert!(n_bad > 5);
}
