//! Adding what keys and descriptors say of outputs, and dropping what nobody needs.

use std::collections::BTreeSet;

use bitcoin::psbt::{Output, Psbt};
use bitcoin::secp256k1::Secp256k1;
use bitcoin::taproot::{TapLeafHash, TapNodeHash, TaprootSpendInfo};
use bitcoin::{PublicKey, Script, XOnlyPublicKey};
use consensus::script::{SignatureChecker, SignatureVersion};
use encoding::{Address, ScriptKind};

use crate::creator::{Creator, DummyCreator};
use crate::data::SignatureData;
use crate::keys::{Keys, key_id};
use crate::solve::produce;

/// Adds what is known of outputs: the scripts behind hashes, keys and where they come from.
pub fn update_outputs(psbt: &mut Psbt, keys: &Keys) {
    for (output, spendable) in psbt.outputs.iter_mut().zip(&psbt.unsigned_tx.output) {
        let mut data = data_of(output);
        produce(keys, &NeverSigns, &spendable.script_pubkey, &mut data);
        if let ScriptKind::Taproot(key) = ScriptKind::of(&spendable.script_pubkey)
            && let Some(tree) = keys.taproot_tree(&key)
        {
            output.tap_tree = Some(tree);
        }
        take(output, data);
    }
}

/// Finds out which scripts and keys an output needs, and signs nothing.
struct NeverSigns;

impl Creator for NeverSigns {
    fn ecdsa(&self, _: &Keys, _: &[u8], _: &Script, _: SignatureVersion) -> Option<Vec<u8>> {
        None
    }

    fn taproot_key(&self, _: &Keys, _: &[u8; 32], _: Option<TapNodeHash>) -> Option<Vec<u8>> {
        None
    }

    fn taproot_output(&self, _: &Keys, _: &[u8; 32]) -> Option<Vec<u8>> {
        None
    }

    fn taproot_script(&self, _: &Keys, _: &[u8; 32], _: TapLeafHash) -> Option<Vec<u8>> {
        None
    }

    fn checker(&self) -> &dyn SignatureChecker {
        &DummyCreator
    }
}

/// What an output says of its spending.
fn data_of(output: &Output) -> SignatureData {
    let mut data = SignatureData {
        redeem_script: output.redeem_script.clone(),
        witness_script: output.witness_script.clone(),
        ..SignatureData::default()
    };
    for (key, source) in &output.bip32_derivation {
        let key = key.serialize().to_vec();
        data.keys.insert(key_id(&key), (key, Some(source.clone())));
    }
    for (key, (leaves, source)) in &output.tap_key_origins {
        let leaves: BTreeSet<TapLeafHash> = leaves.iter().copied().collect();
        data.taproot
            .keys
            .insert(key.serialize(), (leaves, source.clone()));
    }
    data.taproot.internal_key = output.tap_internal_key.map(|key| key.serialize());
    if let (Some(internal), Some(tree)) = (output.tap_internal_key, &output.tap_tree) {
        let info = TaprootSpendInfo::from_node_info(
            &Secp256k1::verification_only(),
            internal,
            tree.node_info().clone(),
        );
        data.taproot.add_scripts(&info);
    }
    data
}

/// Keeps in an output what is known of it. What is there stands.
fn take(output: &mut Output, data: SignatureData) {
    output.redeem_script = output.redeem_script.take().or(data.redeem_script);
    output.witness_script = output.witness_script.take().or(data.witness_script);
    for (key, source) in data.keys.into_values() {
        if let (Ok(key), Some(source)) = (PublicKey::from_slice(&key), source) {
            output.bip32_derivation.entry(key.inner).or_insert(source);
        }
    }
    let x_only = |key: &[u8; 32]| XOnlyPublicKey::from_slice(key).ok();
    let internal = data.taproot.internal_key.as_ref().and_then(x_only);
    output.tap_internal_key = internal.or(output.tap_internal_key);
    for (key, (leaves, source)) in data.taproot.keys {
        if let Some(key) = x_only(&key) {
            let entry = (leaves.into_iter().collect(), source);
            output.tap_key_origins.entry(key).or_insert(entry);
        }
    }
}

/// Drops the transactions that inputs spend outputs of, if signatures of all inputs cover the amounts of all of them: all
/// spend witness outputs of version 1 or above.
pub fn drop_previous_transactions(psbt: &mut Psbt) {
    let covers_amounts = |output: &bitcoin::TxOut| {
        let address = Address::from_script(&output.script_pubkey);
        address.is_some_and(|address| address.witness_program().is_some_and(|(version, _)| version > 0))
    };
    if psbt
        .inputs
        .iter()
        .all(|input| input.witness_utxo.as_ref().is_some_and(covers_amounts))
    {
        for input in &mut psbt.inputs {
            input.non_witness_utxo = None;
        }
    }
}
