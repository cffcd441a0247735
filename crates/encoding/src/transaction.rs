//! Transactions as hexadecimal digits.
//!
//! A transaction without inputs is written without a witness, which the `bitcoin` crate does otherwise, and read in
//! either way that its first bytes can be understood.

use bitcoin::consensus::encode::{self, Decodable, Encodable};
use bitcoin::hashes::{Hash as _, sha256d};
use bitcoin::{Transaction, TxIn, TxOut, Wtxid};
use consensus::limits::MAX_SCRIPT_SIZE;
use consensus::transaction::{TransactionKind, decode_transaction, parse_allocation};

use crate::assembly::{decode_hex, has_valid_operations};
use crate::hex;

/// How the bytes of a transaction may be understood, where they can be in two ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Either way, whichever makes sense.
    Either,
    /// As one that may have a witness.
    Witness,
    /// As one without a witness, and perhaps without inputs.
    NoWitness,
}

/// A transaction's bytes, with its witness if it has one.
#[must_use]
pub fn to_bytes(transaction: &Transaction) -> Vec<u8> {
    if has_witness(transaction) {
        encode::serialize(transaction)
    } else {
        stripped_bytes(transaction)
    }
}

/// A transaction's bytes without its witness.
#[must_use]
pub fn stripped_bytes(transaction: &Transaction) -> Vec<u8> {
    let mut bytes = Vec::new();
    let parts: [&dyn DynEncode; 4] = [
        &transaction.version,
        &transaction.input,
        &transaction.output,
        &transaction.lock_time,
    ];
    for part in parts {
        part.encode_to(&mut bytes);
    }
    bytes
}

/// What can be appended to bytes.
trait DynEncode {
    fn encode_to(&self, bytes: &mut Vec<u8>);
}

impl<T: Encodable> DynEncode for T {
    fn encode_to(&self, bytes: &mut Vec<u8>) {
        self.consensus_encode(bytes)
            .expect("writing to memory does not fail");
    }
}

/// A transaction's digits, with its witness if it has one.
#[must_use]
pub fn to_hex(transaction: &Transaction) -> String {
    hex::to_hex(&to_bytes(transaction))
}

/// The hash of a transaction with its witness.
#[must_use]
pub fn witness_hash(transaction: &Transaction) -> Wtxid {
    Wtxid::from_raw_hash(sha256d::Hash::hash(&to_bytes(transaction)))
}

/// Whether any input has a witness.
#[must_use]
pub fn has_witness(transaction: &Transaction) -> bool {
    transaction.input.iter().any(|input| !input.witness.is_empty())
}

/// Reads a transaction from digits.
#[must_use]
pub fn from_hex(text: &str, form: Form) -> Option<Transaction> {
    from_bytes(&decode_hex(text)?, form)
}

/// Reads a transaction from bytes, all of them. Where they can be understood in two ways, the one whose scripts make
/// sense is taken, and otherwise the one with a witness.
#[must_use]
pub fn from_bytes(bytes: &[u8], form: Form) -> Option<Transaction> {
    let extended = || (form != Form::NoWitness).then(|| read_extended(bytes)).flatten();
    let stripped = || (form != Form::Witness).then(|| read_stripped(bytes)).flatten();
    match extended() {
        Some(transaction) if makes_sense(&transaction) => Some(transaction),
        extended => match stripped() {
            Some(transaction) if makes_sense(&transaction) || extended.is_none() => Some(transaction),
            _ => extended,
        },
    }
}

fn read_extended(mut bytes: &[u8]) -> Option<Transaction> {
    let transaction = decode_transaction(&mut bytes).ok()?;
    bytes.is_empty().then_some(transaction)
}

fn read_stripped(mut bytes: &[u8]) -> Option<Transaction> {
    let reader = &mut bytes;
    let transaction = Transaction {
        version: Decodable::consensus_decode(reader).ok()?,
        input: Vec::<TxIn>::consensus_decode(reader).ok()?,
        output: Vec::<TxOut>::consensus_decode(reader).ok()?,
        lock_time: Decodable::consensus_decode(reader).ok()?,
    };
    let is_readable = !TransactionKind::of(&transaction).is_asset() || parse_allocation(&transaction).is_ok();
    (bytes.is_empty() && is_readable).then_some(transaction)
}

fn makes_sense(transaction: &Transaction) -> bool {
    let is_sane = |script: &bitcoin::Script| has_valid_operations(script) && script.len() <= MAX_SCRIPT_SIZE;
    let are_inputs_sane =
        transaction.is_coinbase() || transaction.input.iter().all(|input| is_sane(&input.script_sig));
    are_inputs_sane
        && transaction
            .output
            .iter()
            .all(|output| is_sane(&output.script_pubkey))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BLANK: &str = "02000000000000000000";
    const NO_INPUTS: &str = "02000000000100e1f5050000000001510000 0000";

    #[test]
    fn transactions_without_inputs_are_written_without_a_witness() {
        for digits in [BLANK.to_owned(), NO_INPUTS.replace(' ', "")] {
            let transaction = from_hex(&digits, Form::Either).unwrap();
            assert!(transaction.input.is_empty());
            assert_eq!(to_hex(&transaction), digits);
            assert_eq!(
                witness_hash(&transaction).to_raw_hash(),
                transaction.compute_txid().to_raw_hash()
            );
            assert_eq!(from_hex(&digits, Form::NoWitness), Some(transaction));
        }
        assert_eq!(from_hex(&NO_INPUTS.replace(' ', ""), Form::Witness), None);
    }

    /// Bytes that can be understood as an input with a witness and an output, and as an output alone.
    fn ambiguous(script_sig: &str) -> String {
        let script_sig_length = script_sig.len() / 2;
        let script_length = 46 + script_sig_length;
        // The hash of the transaction that is spent is also an amount, a script's length, and a push of all that follows.
        let hash = format!(
            "00000000000000{:02x}{:02x}{}",
            script_length,
            script_length - 1,
            "00".repeat(23)
        );
        let input = format!("01{hash}00000000{script_sig_length:02x}{script_sig}ffffffff");
        format!("020000000001{input}0100000000000000000001 01aa00000000").replace(' ', "")
    }

    #[test]
    fn bytes_that_can_be_understood_in_two_ways_are_so_understood_that_they_make_sense() {
        let inputs = |script_sig, form| from_hex(&ambiguous(script_sig), form).unwrap().input.len();
        assert_eq!(inputs("", Form::Either), 1);
        assert_eq!(inputs("", Form::NoWitness), 0);
        assert_eq!(inputs("ff", Form::Either), 0);
        assert_eq!(inputs("ff", Form::Witness), 1);
    }

    #[test]
    fn what_is_no_transaction_is_not_read() {
        for text in [
            "".to_owned(),
            "0".to_owned(),
            format!("{BLANK}00"),
            BLANK[2..].to_owned(),
        ] {
            assert_eq!(from_hex(&text, Form::Either), None, "{text}");
        }
        // One that moves tokens and does not say how.
        assert_eq!(from_hex(&BLANK.replacen("02", "8e", 1), Form::Either), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_transaction_or_not(bytes: Vec<u8>) {
            for form in [Form::Either, Form::Witness, Form::NoWitness] {
                if let Some(transaction) = from_bytes(&bytes, form) {
                    prop_assert_eq!(from_bytes(&to_bytes(&transaction), Form::Either).is_some(), true);
                }
            }
        }
    }
}
