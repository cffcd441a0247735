//! Signing inputs, and keeping what is known of them afterwards.

use bitcoin::psbt::{Input, Psbt};
use bitcoin::taproot::ControlBlock;
use bitcoin::{Amount, PublicKey, ScriptBuf, TxOut, Witness, XOnlyPublicKey, ecdsa, taproot};
use consensus::script::{ScriptFlags, SpendingTransaction, verify_script};

use super::{Finish, spent_output};
use crate::creator::{Creator, SignatureHashType, SpentOutputs, TransactionCreator};
use crate::data::{Missing, SignatureData};
use crate::keys::{Keys, key_id};
use crate::solve::produce;

/// The outputs that inputs spend, as far as they are known.
pub(super) struct Known {
    pub(super) outputs: Vec<Option<TxOut>>,
    /// The same, with nothing where they are not known.
    filled: Vec<TxOut>,
}

impl Known {
    pub(super) fn of(psbt: &Psbt) -> Self {
        let outputs: Vec<Option<TxOut>> = (0..psbt.inputs.len())
            .map(|index| spent_output(psbt, index))
            .collect();
        let nothing = TxOut {
            value: Amount::ZERO,
            script_pubkey: ScriptBuf::new(),
        };
        let filled = outputs
            .iter()
            .map(|output| output.clone().unwrap_or_else(|| nothing.clone()))
            .collect();
        Self { outputs, filled }
    }

    /// What signs the inputs of a transaction.
    pub(super) fn spending<'a>(&'a self, transaction: &'a bitcoin::Transaction) -> Spending<'a> {
        let are_known = match self.outputs.iter().all(Option::is_some) {
            true => SpentOutputs::All,
            false => SpentOutputs::Some,
        };
        Spending {
            transaction: SpendingTransaction::new(transaction, &self.filled)
                .expect("there are as many outputs as inputs"),
            are_known,
        }
    }
}

/// A transaction whose inputs can be signed.
pub(super) struct Spending<'a> {
    transaction: SpendingTransaction<'a>,
    are_known: SpentOutputs,
}

impl Spending<'_> {
    pub(super) fn creator(
        &self,
        index: usize,
        hash_type: SignatureHashType,
    ) -> Option<TransactionCreator<'_>> {
        TransactionCreator::with_some(&self.transaction, self.are_known, index, hash_type)
    }
}

/// Signs what can be signed, and makes final what is complete if that is wanted. Whether all inputs are complete is the
/// answer.
pub fn sign_psbt(psbt: &mut Psbt, keys: &Keys, hash_type: SignatureHashType, finish: Finish) -> bool {
    let transaction = psbt.unsigned_tx.clone();
    let known = Known::of(psbt);
    let spending = known.spending(&transaction);
    let mut is_complete = true;
    for (index, output) in known.outputs.iter().enumerate() {
        let (Some(creator), Some(output)) = (spending.creator(index, hash_type), output) else {
            is_complete = false;
            continue;
        };
        let signed = sign_input(&mut psbt.inputs[index], keys, output, &creator, finish);
        is_complete &= signed.is_complete;
    }
    is_complete
}

/// Whether an input spends its output as it is.
pub(super) fn is_final(input: &Input, output: &TxOut, creator: &dyn Creator) -> bool {
    verify_script(
        &input.final_script_sig.clone().unwrap_or_default(),
        &output.script_pubkey,
        &input.final_script_witness.clone().unwrap_or_default(),
        ScriptFlags::STANDARD,
        creator.checker(),
    )
    .is_ok()
}

/// What signing an input came to.
#[derive(Debug, Default)]
pub(super) struct SignedInput {
    pub(super) is_complete: bool,
    pub(super) missing: Missing,
}

pub(super) fn sign_input(
    input: &mut Input,
    keys: &Keys,
    output: &TxOut,
    creator: &dyn Creator,
    finish: Finish,
) -> SignedInput {
    if is_final(input, output, creator) {
        return SignedInput {
            is_complete: true,
            missing: Missing::default(),
        };
    }
    let mut data = data_of(input);
    data.has_witness = false;
    let is_complete = produce(keys, creator, &output.script_pubkey, &mut data);
    // Nobody has shown that an output without its transaction is the one that is spent; a witness's signature says so.
    if input.non_witness_utxo.is_none() && !data.has_witness {
        return SignedInput::default();
    }
    if data.has_witness {
        input.witness_utxo = Some(output.clone());
    }
    if finish == Finish::Partial {
        data.is_complete = false;
    }
    let missing = std::mem::take(&mut data.missing);
    take(input, data);
    SignedInput { is_complete, missing }
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
