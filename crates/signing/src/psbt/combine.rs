//! Putting together what several signers know of the same transaction.

use std::collections::BTreeMap;

use bitcoin::psbt::{Input, Output, Psbt};

use super::PsbtError;

/// Adds to a transaction what others know of the same one. Where they say something else, it is left as it is.
///
/// # Errors
/// [`PsbtError::Mismatch`] if it is not the same.
pub fn combine(psbt: &mut Psbt, other: Psbt) -> Result<(), PsbtError> {
    if psbt.unsigned_tx.compute_txid() != other.unsigned_tx.compute_txid() {
        return Err(PsbtError::Mismatch);
    }
    for (input, other) in psbt.inputs.iter_mut().zip(other.inputs) {
        combine_input(input, other);
    }
    for (output, other) in psbt.outputs.iter_mut().zip(other.outputs) {
        combine_output(output, other);
    }
    add(&mut psbt.xpub, other.xpub);
    add(&mut psbt.proprietary, other.proprietary);
    add(&mut psbt.unknown, other.unknown);
    Ok(())
}

fn combine_input(input: &mut Input, other: Input) {
    keep(&mut input.non_witness_utxo, other.non_witness_utxo);
    keep(&mut input.witness_utxo, other.witness_utxo);
    add(&mut input.partial_sigs, other.partial_sigs);
    keep(&mut input.sighash_type, other.sighash_type);
    keep(&mut input.redeem_script, other.redeem_script);
    keep(&mut input.witness_script, other.witness_script);
    add(&mut input.bip32_derivation, other.bip32_derivation);
    keep(&mut input.final_script_sig, other.final_script_sig);
    keep(&mut input.final_script_witness, other.final_script_witness);
    add(&mut input.ripemd160_preimages, other.ripemd160_preimages);
    add(&mut input.sha256_preimages, other.sha256_preimages);
    add(&mut input.hash160_preimages, other.hash160_preimages);
    add(&mut input.hash256_preimages, other.hash256_preimages);
    keep(&mut input.tap_key_sig, other.tap_key_sig);
    add(&mut input.tap_script_sigs, other.tap_script_sigs);
    add(&mut input.tap_scripts, other.tap_scripts);
    add(&mut input.tap_key_origins, other.tap_key_origins);
    keep(&mut input.tap_internal_key, other.tap_internal_key);
    keep(&mut input.tap_merkle_root, other.tap_merkle_root);
    add(&mut input.proprietary, other.proprietary);
    add(&mut input.unknown, other.unknown);
}

fn combine_output(output: &mut Output, other: Output) {
    keep(&mut output.redeem_script, other.redeem_script);
    keep(&mut output.witness_script, other.witness_script);
    add(&mut output.bip32_derivation, other.bip32_derivation);
    keep(&mut output.tap_internal_key, other.tap_internal_key);
    keep(&mut output.tap_tree, other.tap_tree);
    add(&mut output.tap_key_origins, other.tap_key_origins);
    add(&mut output.proprietary, other.proprietary);
    add(&mut output.unknown, other.unknown);
}

fn keep<T>(own: &mut Option<T>, other: Option<T>) {
    if own.is_none() {
        *own = other;
    }
}

fn add<K: Ord, V>(own: &mut BTreeMap<K, V>, other: BTreeMap<K, V>) {
    for (key, value) in other {
        own.entry(key).or_insert(value);
    }
}
