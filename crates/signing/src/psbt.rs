//! Partially signed transactions (BIP 174 and 371): reading, signing, completing, merging, joining and judging them.

mod analysis;
mod combine;
mod fields;
mod join;
mod read;
mod sign;
mod update;
mod write;

use bitcoin::psbt::Psbt;
use bitcoin::{Transaction, TxOut};
use thiserror::Error;

pub use analysis::{Analysis, InputAnalysis, InvalidPsbt, Role, analyze};
pub use combine::combine;
pub use join::join;
pub use read::{ReadPsbtError, read};
pub use sign::sign_psbt;
pub use update::{drop_previous_transactions, update_outputs};
pub use write::{signatures, write};

/// Whether what is complete is kept as an input's final script and witness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finish {
    /// It is, and what it was made of is dropped.
    Final,
    /// It is kept in parts, so that others can add to it.
    Partial,
}

/// Why transactions cannot be put together, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum PsbtError {
    /// They are not the same transaction.
    #[error("PSBTs not compatible (different transactions)")]
    Mismatch,
    /// They share an input.
    #[error("Input {0} exists in multiple PSBTs")]
    SharedInput(String),
}

/// The output that an input spends, if it is known and is the one that the transaction names.
#[must_use]
pub fn spent_output(psbt: &Psbt, index: usize) -> Option<TxOut> {
    let input = psbt.inputs.get(index)?;
    let outpoint = psbt.unsigned_tx.input.get(index)?.previous_output;
    match (&input.non_witness_utxo, &input.witness_utxo) {
        (Some(previous), _) => {
            let is_it = previous.compute_txid() == outpoint.txid;
            let output = previous.output.get(outpoint.vout as usize);
            output.filter(|_| is_it).cloned()
        }
        (None, output) => output.clone(),
    }
}

/// The transaction with the final scripts and witnesses of its inputs.
#[must_use]
pub fn extract(psbt: &Psbt) -> Transaction {
    let mut transaction = psbt.unsigned_tx.clone();
    for (input, signed) in transaction.input.iter_mut().zip(&psbt.inputs) {
        input.script_sig = signed.final_script_sig.clone().unwrap_or_default();
        input.witness = signed.final_script_witness.clone().unwrap_or_default();
    }
    transaction
}

#[cfg(test)]
mod tests;
