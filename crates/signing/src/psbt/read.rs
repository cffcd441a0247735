//! Reading, with the checks that upstream makes.

use bitcoin::psbt::{self, Psbt};
use thiserror::Error;

use super::fields::{put_preimages, take_preimages};

/// Why bytes are no partially signed transaction, in upstream's words where it has some of its own.
#[derive(Debug, Error)]
pub enum ReadPsbtError {
    /// They go on after it.
    #[error("extra data after PSBT")]
    ExtraData,
    /// An input has a transaction that it does not spend.
    #[error("Non-witness UTXO does not match outpoint hash")]
    OtherTransaction,
    /// An input spends an output that its transaction does not have.
    #[error("Input specifies output index that does not exist")]
    NoSuchOutput,
    /// They begin otherwise.
    #[error("Invalid PSBT magic bytes")]
    Magic,
    /// They have no transaction.
    #[error("No unsigned transaction was provided")]
    NoTransaction,
    /// They have a transaction that is signed.
    #[error("Unsigned tx does not have empty scriptSigs and scriptWitnesses.")]
    SignedTransaction,
    /// A field is not as it should be.
    #[error("{0}")]
    Field(String),
    /// Another reason.
    #[error(transparent)]
    Malformed(psbt::Error),
}

impl From<psbt::Error> for ReadPsbtError {
    fn from(error: psbt::Error) -> Self {
        use psbt::Error::{
            InvalidMagic, InvalidSeparator, MustHaveUnsignedTx, TapTree, Taproot, UnsignedTxHasScriptSigs,
            UnsignedTxHasScriptWitnesses,
        };
        match error {
            InvalidMagic | InvalidSeparator => Self::Magic,
            MustHaveUnsignedTx => Self::NoTransaction,
            UnsignedTxHasScriptSigs | UnsignedTxHasScriptWitnesses => Self::SignedTransaction,
            // Its leaves were looked at before, each by itself.
            TapTree(_) | Taproot("Tree not in DFS order") => {
                Self::Field("Output Taproot tree is malformed".to_owned())
            }
            error => Self::Malformed(error),
        }
    }
}

/// Reads a partially signed transaction.
///
/// # Errors
/// [`ReadPsbtError`] if it is none.
pub fn read(bytes: &[u8]) -> Result<Psbt, ReadPsbtError> {
    let taken = take_preimages(bytes)?;
    let mut rest = taken.as_ref().map_or(bytes, |(kept, _)| kept);
    let mut psbt = Psbt::deserialize_from_reader(&mut rest)?;
    if !rest.is_empty() {
        return Err(ReadPsbtError::ExtraData);
    }
    if let Some((_, preimages)) = taken {
        put_preimages(&mut psbt, preimages);
    }
    for (input, spending) in psbt.inputs.iter().zip(&psbt.unsigned_tx.input) {
        let Some(previous) = &input.non_witness_utxo else {
            continue;
        };
        if previous.compute_txid() != spending.previous_output.txid {
            return Err(ReadPsbtError::OtherTransaction);
        }
        if spending.previous_output.vout as usize >= previous.output.len() {
            return Err(ReadPsbtError::NoSuchOutput);
        }
    }
    Ok(psbt)
}
