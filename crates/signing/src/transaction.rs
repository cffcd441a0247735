//! Signing all inputs of a transaction.

use std::collections::HashMap;

use bitcoin::{Amount, OutPoint, ScriptBuf, Transaction, TxIn, TxOut, Witness};
use consensus::limits::MAX_MONEY;
use consensus::script::{ScriptError, ScriptFlags, SpendingTransaction, verify_script};
use thiserror::Error;

use crate::creator::{SignatureHashType, SpentOutputs, TransactionCreator};
use crate::data::SignatureData;
use crate::extract::data_of_input;
use crate::keys::Keys;
use crate::solve::produce;

/// Why an input cannot spend its output, in upstream's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InputError {
    /// There is no such coin.
    #[error("Input not found or already spent")]
    NotFound,
    /// The signature covers an amount that nobody said.
    #[error("Missing amount")]
    MissingAmount,
    /// Nothing was signed.
    #[error("Unable to sign input, invalid stack size (possibly missing key)")]
    InvalidStack,
    /// Not all that must sign did.
    #[error("CHECK(MULTI)SIG failing with non-zero signature (possibly need more signatures)")]
    NullFail,
    /// Another reason.
    #[error(transparent)]
    Script(ScriptError),
}

impl From<ScriptError> for InputError {
    fn from(error: ScriptError) -> Self {
        match error {
            ScriptError::InvalidStackOperation => Self::InvalidStack,
            ScriptError::SigNullFail => Self::NullFail,
            error => Self::Script(error),
        }
    }
}

/// The outputs that a transaction spends; what is not known is nothing.
pub(crate) fn spent_outputs(
    transaction: &Transaction,
    coins: &HashMap<OutPoint, TxOut>,
) -> (Vec<TxOut>, SpentOutputs) {
    let nothing = TxOut {
        value: Amount::ZERO,
        script_pubkey: ScriptBuf::new(),
    };
    let coin = |input: &TxIn| coins.get(&input.previous_output);
    let are_known = if transaction.input.iter().all(|input| coin(input).is_some()) {
        SpentOutputs::All
    } else {
        SpentOutputs::Some
    };
    let spent = transaction.input.iter();
    let spent = spent.map(|input| coin(input).unwrap_or(&nothing).clone());
    (spent.collect(), are_known)
}

/// Signs what can be signed, and says which inputs cannot spend their outputs, by their places.
///
/// A coin of [`MAX_MONEY`] is one whose amount is not known.
pub fn sign_transaction(
    transaction: &mut Transaction,
    keys: &Keys,
    coins: &HashMap<OutPoint, TxOut>,
    hash_type: SignatureHashType,
) -> Vec<(usize, InputError)> {
    // Signatures cover neither scripts of inputs nor witnesses.
    let unsigned = transaction.clone();
    let (spent, are_known) = spent_outputs(&unsigned, coins);
    let spending = SpendingTransaction::new(&unsigned, &spent).expect("there are as many outputs as inputs");
    let mut errors = Vec::new();
    for index in 0..unsigned.input.len() {
        let creator = TransactionCreator::with_some(&spending, are_known, index, hash_type)
            .expect("the transaction has such an input");
        let input = &mut transaction.input[index];
        let outcome = match coins.get(&input.previous_output) {
            None => Err(InputError::NotFound),
            Some(coin) => {
                // A signature of an output that is not there would be of nothing.
                let is_signed = !hash_type.is_single() || index < unsigned.output.len();
                sign_input(input, keys, coin, &creator, is_signed)
            }
        };
        if let Err(error) = outcome {
            errors.push((index, error));
        }
    }
    errors
}

fn sign_input(
    input: &mut TxIn,
    keys: &Keys,
    coin: &TxOut,
    creator: &TransactionCreator<'_>,
    is_signed: bool,
) -> Result<(), InputError> {
    use crate::creator::Creator as _;

    let mut data = data_of_input(input, &coin.script_pubkey, creator.checker());
    if is_signed {
        produce(keys, creator, &coin.script_pubkey, &mut data);
    }
    update(input, data);
    if coin.value.to_sat() == MAX_MONEY && !input.witness.is_empty() {
        return Err(InputError::MissingAmount);
    }
    verify_script(
        &input.script_sig,
        &coin.script_pubkey,
        &input.witness,
        ScriptFlags::STANDARD,
        creator.checker(),
    )
    .map_err(InputError::from)
}

fn update(input: &mut TxIn, data: SignatureData) {
    input.script_sig = data.script_sig;
    input.witness = Witness::from_slice(&data.witness);
}

/// Puts together what variants of a transaction have of an input, given the coins that it spends. `None` says that the
/// input's coin is not known.
#[must_use]
pub fn combine_input(
    variants: &[Transaction],
    index: usize,
    coins: &HashMap<OutPoint, TxOut>,
) -> Option<TxIn> {
    let first = variants.first()?;
    let mut input = first.input.get(index)?.clone();
    let coin = coins.get(&input.previous_output)?;
    let script = &coin.script_pubkey;
    let mut data = SignatureData::default();
    for variant in variants {
        let (spent, _) = spent_outputs(variant, coins);
        let spending = SpendingTransaction::new(variant, &spent).ok()?;
        if let Some(checker) = spending.checker(index) {
            data.merge(data_of_input(&variant.input[index], script, &checker));
        }
    }
    let (spent, are_known) = spent_outputs(first, coins);
    let spending = SpendingTransaction::new(first, &spent).ok()?;
    let creator = TransactionCreator::with_some(&spending, are_known, index, SignatureHashType::ALL)?;
    produce(&Keys::default(), &creator, script, &mut data);
    update(&mut input, data);
    Some(input)
}

#[cfg(test)]
mod tests;
