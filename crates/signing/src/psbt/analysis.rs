//! What a partially signed transaction still needs, and what it will come to.

use bitcoin::psbt::{Input, Psbt};
use bitcoin::{Transaction, TxOut};
use consensus::limits::money_range;
use consensus::script::is_unspendable;
use thiserror::Error;

use super::sign::{Known, is_final, sign_input};
use super::{Finish, extract};
use crate::creator::{Creator, DummyCreator, SignatureHashType};
use crate::data::Missing;
use crate::keys::Keys;

/// Who does what next (BIP 174).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Makes the transaction.
    Creator,
    /// Adds what is known of inputs and outputs.
    Updater,
    /// Signs.
    Signer,
    /// Makes final what has its signatures.
    Finalizer,
    /// Makes the signed transaction.
    Extractor,
}

impl Role {
    /// The name in RPC methods.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Creator => "creator",
            Self::Updater => "updater",
            Self::Signer => "signer",
            Self::Finalizer => "finalizer",
            Self::Extractor => "extractor",
        }
    }
}

/// How far an input is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InputAnalysis {
    /// Whether the output that it spends is known.
    pub has_output: bool,
    /// Whether it spends the output as it is.
    pub is_final: bool,
    /// What it lacks.
    pub missing: Missing,
    /// Who must have it next.
    pub next: Role,
}

/// How far a transaction is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Analysis {
    /// Its inputs.
    pub inputs: Vec<InputAnalysis>,
    /// What it pays, below zero if it spends too much; none if not all outputs that it spends are known.
    pub fee: Option<i64>,
    /// What it will look like when it is complete, with signatures that are none, and the outputs that it spends; none if
    /// that cannot be known yet.
    pub estimate: Option<(Transaction, Vec<TxOut>)>,
    /// Who must have it next.
    pub next: Role,
}

/// Why a transaction can never be complete, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InvalidPsbt {
    /// There are not as many coins.
    #[error("PSBT is not valid. Input {0} has invalid value")]
    InputValue(usize),
    /// The output is not there.
    #[error("PSBT is not valid. Input {0} specifies invalid prevout")]
    NoSuchOutput(usize),
    /// Nobody can spend the output.
    #[error("PSBT is not valid. Input {0} spends unspendable output")]
    Unspendable(usize),
    /// There are not as many coins.
    #[error("PSBT is not valid. Output amount invalid")]
    OutputValue,
}

/// Finds out how far a transaction is.
///
/// # Errors
/// [`InvalidPsbt`] if it can never be complete.
pub fn analyze(psbt: &Psbt) -> Result<Analysis, InvalidPsbt> {
    let known = Known::of(psbt);
    let total_in = total_in(psbt, &known)?;
    let spending = known.spending(&psbt.unsigned_tx);
    let mut signed = psbt.clone();
    let inputs: Vec<InputAnalysis> = signed
        .inputs
        .iter_mut()
        .zip(&known.outputs)
        .enumerate()
        .map(|(index, (input, output))| {
            let creator = spending.creator(index, SignatureHashType::ALL);
            analyze_input(
                input,
                output.as_ref(),
                creator.as_ref().map(|creator| creator as &dyn Creator),
            )
        })
        .collect();
    let next = inputs.iter().map(|input| input.next).min();
    let mut analysis = Analysis {
        inputs,
        fee: None,
        estimate: None,
        next: next.unwrap_or(Role::Extractor),
    };
    let spent: Option<Vec<TxOut>> = known.outputs.iter().cloned().collect();
    if let Some(spent) = spent {
        let total_out = psbt.unsigned_tx.output.iter().try_fold(0_u64, |total, output| {
            let total = total.checked_add(output.value.to_sat())?;
            (money_range(output.value.to_sat()) && money_range(total)).then_some(total)
        });
        let total_out = total_out.ok_or(InvalidPsbt::OutputValue)?;
        analysis.fee = Some(total_in.cast_signed() - total_out.cast_signed());
        analysis.estimate = estimate(&mut signed, &spent).map(|transaction| (transaction, spent));
    }
    Ok(analysis)
}

/// The sum of the outputs that are known.
fn total_in(psbt: &Psbt, known: &Known) -> Result<u64, InvalidPsbt> {
    let mut total: u64 = 0;
    for (index, output) in known.outputs.iter().enumerate() {
        let Some(output) = output else {
            let vout = psbt.unsigned_tx.input[index].previous_output.vout;
            let previous = psbt.inputs[index].non_witness_utxo.as_ref();
            if previous.is_some_and(|previous| vout as usize >= previous.output.len()) {
                return Err(InvalidPsbt::NoSuchOutput(index));
            }
            continue;
        };
        let value = output.value.to_sat();
        total = total.saturating_add(value);
        if !money_range(value) || !money_range(total) {
            return Err(InvalidPsbt::InputValue(index));
        }
        if is_unspendable(&output.script_pubkey) {
            return Err(InvalidPsbt::Unspendable(index));
        }
    }
    Ok(total)
}

fn analyze_input(input: &mut Input, output: Option<&TxOut>, creator: Option<&dyn Creator>) -> InputAnalysis {
    let told = |is_final, missing, next| InputAnalysis {
        has_output: output.is_some(),
        is_final,
        missing,
        next,
    };
    let (Some(output), Some(creator)) = (output, creator) else {
        return told(false, Missing::default(), Role::Updater);
    };
    if is_final(input, output, creator) {
        return told(true, Missing::default(), Role::Extractor);
    }
    let signed = sign_input(input, &Keys::default(), output, creator, Finish::Final);
    if signed.is_complete {
        return told(false, Missing::default(), Role::Finalizer);
    }
    let missing = signed.missing;
    let lacks_signatures_alone = missing.keys.is_empty()
        && missing.redeem_script.is_none()
        && missing.witness_script.is_none()
        && !missing.signatures.is_empty();
    let next = if lacks_signatures_alone {
        Role::Signer
    } else {
        Role::Updater
    };
    told(false, missing, next)
}

/// The complete transaction, if all that is missing are signatures.
fn estimate(psbt: &mut Psbt, spent: &[TxOut]) -> Option<Transaction> {
    for (input, output) in psbt.inputs.iter_mut().zip(spent) {
        let signed = sign_input(input, &Keys::default(), output, &DummyCreator, Finish::Final);
        if !signed.is_complete {
            return None;
        }
    }
    Some(extract(psbt))
}
