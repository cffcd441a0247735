//! Partially signed transactions (BIP 174 and 371): signing, completing, merging and joining them.

use std::collections::BTreeMap;

use bitcoin::psbt::{Input, Psbt};
use bitcoin::taproot::ControlBlock;
use bitcoin::{Amount, PublicKey, ScriptBuf, Transaction, TxOut, Witness, XOnlyPublicKey, ecdsa, taproot};
use consensus::script::{ScriptFlags, SpendingTransaction, verify_script};
use thiserror::Error;

use crate::creator::{Creator, SignatureHashType, SpentOutputs, TransactionCreator};
use crate::data::SignatureData;
use crate::keys::{Keys, key_id};
use crate::solve::produce;

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

/// Signs what can be signed, and makes final what is complete if that is wanted. Whether all inputs are complete is the
/// answer.
pub fn sign_psbt(psbt: &mut Psbt, keys: &Keys, hash_type: SignatureHashType, finish: Finish) -> bool {
    let transaction = psbt.unsigned_tx.clone();
    let known: Vec<Option<TxOut>> = (0..psbt.inputs.len())
        .map(|index| spent_output(psbt, index))
        .collect();
    let are_known = if known.iter().all(Option::is_some) {
        SpentOutputs::All
    } else {
        SpentOutputs::Some
    };
    let nothing = TxOut {
        value: Amount::ZERO,
        script_pubkey: ScriptBuf::new(),
    };
    let spent: Vec<TxOut> = known
        .iter()
        .map(|output| output.clone().unwrap_or_else(|| nothing.clone()))
        .collect();
    let Ok(spending) = SpendingTransaction::new(&transaction, &spent) else {
        return false;
    };
    let mut is_complete = true;
    for (index, output) in known.iter().enumerate() {
        let creator = TransactionCreator::with_some(&spending, are_known, index, hash_type);
        let (Some(creator), Some(output)) = (creator, output) else {
            is_complete = false;
            continue;
        };
        is_complete &= sign_input(&mut psbt.inputs[index], keys, output, &creator, finish);
    }
    is_complete
}

fn is_final(input: &Input, output: &TxOut, creator: &TransactionCreator<'_>) -> bool {
    verify_script(
        &input.final_script_sig.clone().unwrap_or_default(),
        &output.script_pubkey,
        &input.final_script_witness.clone().unwrap_or_default(),
        ScriptFlags::STANDARD,
        creator.checker(),
    )
    .is_ok()
}

fn sign_input(
    input: &mut Input,
    keys: &Keys,
    output: &TxOut,
    creator: &TransactionCreator<'_>,
    finish: Finish,
) -> bool {
    if is_final(input, output, creator) {
        return true;
    }
    let mut data = data_of(input);
    data.has_witness = false;
    let is_complete = produce(keys, creator, &output.script_pubkey, &mut data);
    // Nobody has shown that an output without its transaction is the one that is spent; a witness's signature says so.
    if input.non_witness_utxo.is_none() && !data.has_witness {
        return false;
    }
    if data.has_witness {
        input.witness_utxo = Some(output.clone());
    }
    if finish == Finish::Partial {
        data.is_complete = false;
    }
    take(input, data);
    is_complete
}

/// What an input says of its signing.
fn data_of(input: &Input) -> SignatureData {
    let mut data = SignatureData {
        script_sig: input.final_script_sig.clone().unwrap_or_default(),
        witness: input.final_script_witness.clone().unwrap_or_default().to_vec(),
        is_complete: input.final_script_sig.is_some() || input.final_script_witness.is_some(),
        ..SignatureData::default()
    };
    if data.is_complete {
        return data;
    }
    for (key, signature) in &input.partial_sigs {
        let key = key.to_bytes();
        data.signatures.insert(key_id(&key), (key, signature.to_vec()));
    }
    for (key, source) in &input.bip32_derivation {
        let key = key.serialize().to_vec();
        data.keys.insert(key_id(&key), (key, Some(source.clone())));
    }
    data.redeem_script.clone_from(&input.redeem_script);
    data.witness_script.clone_from(&input.witness_script);
    data.sha256 = input.sha256_preimages.clone();
    data.hash256 = input.hash256_preimages.clone();
    data.ripemd160 = input.ripemd160_preimages.clone();
    data.hash160 = input.hash160_preimages.clone();
    let taproot = &mut data.taproot;
    taproot.key_signature = input.tap_key_sig.map(bitcoin::taproot::Signature::to_vec);
    for ((key, leaf), signature) in &input.tap_script_sigs {
        let place = (key.serialize(), *leaf);
        taproot.script_signatures.insert(place, signature.to_vec());
    }
    taproot.internal_key = input.tap_internal_key.map(|key| key.serialize());
    taproot.merkle_root = input.tap_merkle_root;
    for (control, leaf) in &input.tap_scripts {
        let controls = taproot.scripts.entry(leaf.clone()).or_default();
        controls.insert(control.serialize());
    }
    for (key, (leaves, source)) in &input.tap_key_origins {
        let entry = (leaves.iter().copied().collect(), source.clone());
        taproot.keys.insert(key.serialize(), entry);
    }
    data
}

/// Keeps in an input what is known after its signing.
fn take(input: &mut Input, data: SignatureData) {
    if data.is_complete {
        input.partial_sigs.clear();
        input.bip32_derivation.clear();
        input.redeem_script = None;
        input.witness_script = None;
        if !data.script_sig.is_empty() {
            input.final_script_sig = Some(data.script_sig);
        }
        if !data.witness.is_empty() {
            input.final_script_witness = Some(Witness::from_slice(&data.witness));
        }
        return;
    }
    for (key, signature) in data.signatures.into_values() {
        let pair = (
            PublicKey::from_slice(&key),
            ecdsa::Signature::from_slice(&signature),
        );
        if let (Ok(key), Ok(signature)) = pair {
            input.partial_sigs.entry(key).or_insert(signature);
        }
    }
    input.redeem_script = input.redeem_script.take().or(data.redeem_script);
    input.witness_script = input.witness_script.take().or(data.witness_script);
    for (key, source) in data.keys.into_values() {
        if let (Ok(key), Some(source)) = (PublicKey::from_slice(&key), source) {
            input.bip32_derivation.entry(key.inner).or_insert(source);
        }
    }
    take_taproot(input, data.taproot);
}

fn take_taproot(input: &mut Input, taproot: crate::data::TaprootData) {
    let signature = |bytes: Vec<u8>| taproot::Signature::from_slice(&bytes).ok();
    input.tap_key_sig = taproot.key_signature.and_then(signature).or(input.tap_key_sig);
    let x_only = |key: &[u8; 32]| XOnlyPublicKey::from_slice(key).ok();
    for ((key, leaf), bytes) in taproot.script_signatures {
        if let (Some(key), Some(signature)) = (x_only(&key), signature(bytes)) {
            input.tap_script_sigs.entry((key, leaf)).or_insert(signature);
        }
    }
    let internal = taproot.internal_key.as_ref().and_then(x_only);
    input.tap_internal_key = internal.or(input.tap_internal_key);
    input.tap_merkle_root = taproot.merkle_root.or(input.tap_merkle_root);
    for (leaf, controls) in taproot.scripts {
        let controls = controls
            .iter()
            .filter_map(|control| ControlBlock::decode(control).ok());
        for control in controls {
            input.tap_scripts.entry(control).or_insert_with(|| leaf.clone());
        }
    }
    for (key, (leaves, source)) in taproot.keys {
        if let Some(key) = x_only(&key) {
            let entry = (leaves.into_iter().collect(), source);
            input.tap_key_origins.entry(key).or_insert(entry);
        }
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

/// Adds to a transaction what others know of the same one.
///
/// # Errors
/// [`PsbtError::Mismatch`] if it is not the same.
pub fn combine(psbt: &mut Psbt, other: Psbt) -> Result<(), PsbtError> {
    if psbt.unsigned_tx.compute_txid() != other.unsigned_tx.compute_txid() {
        return Err(PsbtError::Mismatch);
    }
    psbt.combine(other).map_err(|_| PsbtError::Mismatch)
}

/// Makes one transaction of several, with all their inputs and outputs, without signatures. The highest version and the
/// lowest lock time stand.
///
/// # Errors
/// [`PsbtError::SharedInput`] if two have the same input.
pub fn join(psbts: Vec<Psbt>) -> Result<Psbt, PsbtError> {
    let version = |psbt: &Psbt| psbt.unsigned_tx.version.0.cast_unsigned();
    let version = psbts.iter().map(version).max().unwrap_or(1).max(1);
    let lock_time = psbts
        .iter()
        .map(|psbt| psbt.unsigned_tx.lock_time.to_consensus_u32());
    let lock_time = lock_time.min().unwrap_or(u32::MAX);
    let mut joined = Psbt {
        unsigned_tx: Transaction {
            version: bitcoin::transaction::Version(version.cast_signed()),
            lock_time: bitcoin::absolute::LockTime::from_consensus(lock_time),
            input: Vec::new(),
            output: Vec::new(),
        },
        version: 0,
        xpub: BTreeMap::new(),
        proprietary: BTreeMap::new(),
        unknown: BTreeMap::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    for psbt in psbts {
        for (input, mut known) in psbt.unsigned_tx.input.into_iter().zip(psbt.inputs) {
            if joined.unsigned_tx.input.contains(&input) {
                return Err(PsbtError::SharedInput(input.previous_output.to_string()));
            }
            known.partial_sigs.clear();
            known.final_script_sig = None;
            known.final_script_witness = None;
            joined.unsigned_tx.input.push(input);
            joined.inputs.push(known);
        }
        joined.unsigned_tx.output.extend(psbt.unsigned_tx.output);
        joined.outputs.extend(psbt.outputs);
        for (key, value) in psbt.unknown {
            joined.unknown.entry(key).or_insert(value);
        }
    }
    Ok(joined)
}

#[cfg(test)]
mod tests;
