//! Bitcoin Core's own script library, which decides what is valid.

use bitcoin::TxOut;
use bitcoinconsensus::{Error, Utxo};
use thiserror::Error as ThisError;

use super::flags::ScriptFlags;

/// Why the library does not say that an input is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ThisError)]
pub enum ConsensusScriptError {
    /// The scripts were run, and may not spend the output. The library gives no reason.
    #[error("the script does not allow the spend")]
    Refused,
    /// The bytes are no transaction.
    #[error("the transaction cannot be read")]
    Transaction,
    /// There are bytes after the transaction.
    #[error("the transaction ends before its bytes do")]
    TrailingBytes,
    /// The transaction has no such input, or no output that it spends was given.
    #[error("there is no such input")]
    Input,
    /// There are more or less outputs that are spent than there are inputs.
    #[error("there are not as many spent outputs as inputs")]
    SpentOutputs,
    /// A rule is asked for that is not of blocks, or witnesses without BIP 16.
    #[error("the library does not know these rules")]
    Flags,
}

/// Whether an input may spend its output, as Bitcoin Core's library says; it is asked at any time from any thread.
///
/// `transaction` is serialised with its witnesses. `spent` are the outputs that it spends, in the order of its inputs.
/// What this costs grows with the size of the transaction for each of its inputs: see
/// `docs/decisions/0009-script-verification.md`.
///
/// # Consensus
/// This is the rule: where another interpreter says otherwise, that one is wrong.
///
/// # Errors
/// [`ConsensusScriptError::Refused`] if the input is invalid; the others mean that the question was wrong.
pub fn verify_consensus(
    transaction: &[u8],
    spent: &[TxOut],
    input: usize,
    flags: ScriptFlags,
) -> Result<(), ConsensusScriptError> {
    let output = spent.get(input).ok_or(ConsensusScriptError::Input)?;
    // The library ends the process if it is asked this.
    if flags.contains(ScriptFlags::WITNESS) && !flags.contains(ScriptFlags::P2SH) {
        return Err(ConsensusScriptError::Flags);
    }
    let script = output.script_pubkey.as_bytes();
    let amount = output.value.to_sat();
    // Only what spends a taproot output commits to all outputs that are spent. Without them, the library neither copies
    // nor hashes them for each input.
    let is_taproot = flags.contains(ScriptFlags::TAPROOT) && output.script_pubkey.is_p2tr();
    let result = if is_taproot {
        let outputs: Vec<Utxo> = spent.iter().map(to_library).collect();
        bitcoinconsensus::verify_with_flags(script, amount, transaction, Some(&outputs), input, flags.bits())
    } else {
        let flags = flags.without(ScriptFlags::TAPROOT);
        bitcoinconsensus::verify_with_flags(script, amount, transaction, None, input, flags.bits())
    };
    result.map_err(from_library)
}

/// An output as the library takes it, which must not outlive the output.
fn to_library(output: &TxOut) -> Utxo {
    let script = output.script_pubkey.as_bytes();
    Utxo {
        script_pubkey: script.as_ptr(),
        script_pubkey_len: u32::try_from(script.len())
            .expect("scripts are shorter than blocks, which 32 bits count"),
        value: output.value.to_sat().cast_signed(),
    }
}

fn from_library(error: Error) -> ConsensusScriptError {
    match error {
        Error::ERR_SCRIPT => ConsensusScriptError::Refused,
        Error::ERR_TX_INDEX => ConsensusScriptError::Input,
        Error::ERR_TX_SIZE_MISMATCH => ConsensusScriptError::TrailingBytes,
        Error::ERR_TX_DESERIALIZE => ConsensusScriptError::Transaction,
        Error::ERR_SPENT_OUTPUTS_REQUIRED | Error::ERR_SPENT_OUTPUTS_MISMATCH => {
            ConsensusScriptError::SpentOutputs
        }
        Error::ERR_INVALID_FLAGS | Error::ERR_AMOUNT_REQUIRED => ConsensusScriptError::Flags,
    }
}
