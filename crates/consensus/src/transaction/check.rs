//! What holds for a transaction whatever the chain is.

use std::collections::HashSet;

use bitcoin::Transaction;
use thiserror::Error;

use crate::error::TransactionResult;
use crate::limits::{MAX_BLOCK_WEIGHT, MAX_MONEY, WITNESS_SCALE_FACTOR, money_range};

/// A transaction that can be valid in no chain. It is shown as upstream's reject reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum TransactionError {
    /// It spends nothing.
    #[error("bad-txns-vin-empty")]
    NoInputs,
    /// It pays nobody.
    #[error("bad-txns-vout-empty")]
    NoOutputs,
    /// Without witnesses it is larger than a block may be.
    #[error("bad-txns-oversize")]
    Oversize,
    /// An output is below zero (CVE-2010-5139).
    #[error("bad-txns-vout-negative")]
    NegativeOutput,
    /// An output is above the largest amount.
    #[error("bad-txns-vout-toolarge")]
    OutputTooLarge,
    /// The outputs together are above the largest amount.
    #[error("bad-txns-txouttotal-toolarge")]
    OutputsTooLarge,
    /// It spends an output twice (CVE-2018-17144).
    #[error("bad-txns-inputs-duplicate")]
    DuplicateInputs,
    /// A coinbase's script has less than 2 or more than 100 bytes.
    #[error("bad-cb-length")]
    CoinbaseLength,
    /// It spends what a coinbase spends, and is none.
    #[error("bad-txns-prevout-null")]
    NullInput,
}

impl TransactionError {
    /// How grave it is.
    #[must_use]
    pub fn result(&self) -> TransactionResult {
        TransactionResult::Consensus
    }

    /// Upstream's reject reason.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        crate::error::reject_reason(self)
    }
}

/// Checks what holds for a transaction whatever the chain is: upstream's `CheckTransaction`.
///
/// # Errors
/// [`TransactionError`] with the first rule that is broken.
pub fn check_transaction(transaction: &Transaction) -> Result<(), TransactionError> {
    if transaction.input.is_empty() {
        return Err(TransactionError::NoInputs);
    }
    if transaction.output.is_empty() {
        return Err(TransactionError::NoOutputs);
    }
    if transaction.base_size() as u64 * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT {
        return Err(TransactionError::Oversize);
    }
    check_outputs(transaction)?;
    if spends_twice(transaction) {
        return Err(TransactionError::DuplicateInputs);
    }
    if transaction.is_coinbase() {
        if !(2..=100).contains(&transaction.input[0].script_sig.len()) {
            return Err(TransactionError::CoinbaseLength);
        }
    } else if transaction
        .input
        .iter()
        .any(|input| input.previous_output.is_null())
    {
        return Err(TransactionError::NullInput);
    }
    Ok(())
}

fn spends_twice(transaction: &Transaction) -> bool {
    let outpoints = transaction.input.iter().map(|input| input.previous_output);
    match transaction.input.len() {
        0 | 1 => false,
        count => {
            let mut spent = HashSet::with_capacity(count);
            !outpoints.into_iter().all(|outpoint| spent.insert(outpoint))
        }
    }
}

fn check_outputs(transaction: &Transaction) -> Result<(), TransactionError> {
    let mut total = 0_u64;
    for output in &transaction.output {
        let units = output.value.to_sat();
        // Amounts are signed where upstream reads them.
        if units > i64::MAX.unsigned_abs() {
            return Err(TransactionError::NegativeOutput);
        }
        if units > MAX_MONEY {
            return Err(TransactionError::OutputTooLarge);
        }
        total += units;
        if !money_range(total) {
            return Err(TransactionError::OutputsTooLarge);
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) mod tests {
    use bitcoin::absolute::LockTime;
    use bitcoin::hashes::Hash;
    use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, TxIn, TxOut, Txid, Witness, transaction::Version};

    use super::*;

    /// An input that spends an output of this number.
    pub(crate) fn input(number: u32) -> TxIn {
        TxIn {
            previous_output: OutPoint {
                txid: Txid::from_byte_array([7; 32]),
                vout: number,
            },
            script_sig: ScriptBuf::new(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        }
    }

    /// An output of so many units.
    pub(crate) fn output(units: u64) -> TxOut {
        TxOut {
            value: Amount::from_sat(units),
            script_pubkey: ScriptBuf::from_bytes(vec![0x51]),
        }
    }

    /// A transaction that breaks no rule.
    pub(crate) fn transaction() -> Transaction {
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![input(0)],
            output: vec![output(1)],
        }
    }

    fn check(change: impl FnOnce(&mut Transaction)) -> Result<(), String> {
        let mut transaction = transaction();
        change(&mut transaction);
        check_transaction(&transaction).map_err(|error| error.reject_reason())
    }

    fn coinbase(transaction: &mut Transaction, length: usize) {
        transaction.input[0].previous_output = OutPoint::null();
        transaction.input[0].script_sig = ScriptBuf::from_bytes(vec![0; length]);
    }

    #[test]
    fn transactions_at_the_limits_are_accepted() {
        assert_eq!(check(|_| ()), Ok(()));
        assert_eq!(
            check(|transaction| transaction.output = vec![output(MAX_MONEY), output(0)]),
            Ok(())
        );
        assert_eq!(check(|transaction| transaction.input.push(input(1))), Ok(()));
        assert_eq!(check(|transaction| coinbase(transaction, 2)), Ok(()));
        assert_eq!(check(|transaction| coinbase(transaction, 100)), Ok(()));
        assert_eq!(check(|transaction| fill(transaction, 1_000_000)), Ok(()));
    }

    fn fill(transaction: &mut Transaction, size: usize) {
        transaction.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0; 900_000]);
        let missing = size - transaction.base_size();
        transaction.output[0].script_pubkey = ScriptBuf::from_bytes(vec![0; 900_000 + missing]);
        assert_eq!(transaction.base_size(), size);
    }

    #[test]
    fn each_broken_rule_has_its_reason() {
        for (change, reason) in [
            (
                (|transaction| transaction.input.clear()) as fn(&mut Transaction),
                "bad-txns-vin-empty",
            ),
            (|transaction| transaction.output.clear(), "bad-txns-vout-empty"),
            (|transaction| fill(transaction, 1_000_001), "bad-txns-oversize"),
            (
                |transaction| transaction.output.push(output(u64::MAX)),
                "bad-txns-vout-negative",
            ),
            (
                |transaction| transaction.output.push(output(1 << 63)),
                "bad-txns-vout-negative",
            ),
            (
                |transaction| transaction.output.push(output((1 << 63) - 1)),
                "bad-txns-vout-toolarge",
            ),
            (
                |transaction| transaction.output.push(output(MAX_MONEY + 1)),
                "bad-txns-vout-toolarge",
            ),
            (
                |transaction| transaction.output.push(output(MAX_MONEY)),
                "bad-txns-txouttotal-toolarge",
            ),
            (
                |transaction| transaction.input.extend([input(1), input(0)]),
                "bad-txns-inputs-duplicate",
            ),
            (|transaction| coinbase(transaction, 1), "bad-cb-length"),
            (|transaction| coinbase(transaction, 101), "bad-cb-length"),
            (
                |transaction| {
                    coinbase(transaction, 2);
                    transaction.input.push(input(0));
                },
                "bad-txns-prevout-null",
            ),
        ] {
            assert_eq!(check(change), Err(reason.to_owned()));
        }
    }
}
