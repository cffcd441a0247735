mod analysis;
mod vectors;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::hex::FromHex as _;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, TxIn};
use consensus::script::{ScriptFlags, SpendingTransaction};
use consensus::{Network, Params};
use encoding::SecretKey;
use encoding::descriptor::{Checksum, Descriptor};
use proptest::prelude::*;

use super::*;
use crate::creator::SignatureHashType;
use crate::keys::Keys;

fn secrets() -> [SecretKey; 2] {
    [1, 2].map(|byte| SecretKey {
        scalar: bitcoin::secp256k1::SecretKey::from_slice(&[byte; 32]).unwrap(),
        is_compressed: true,
    })
}

/// A transaction that spends outputs of all kinds, each of which needs both keys or the first.
fn psbt() -> (Psbt, Keys) {
    let chain = Params::new(Network::Regtest).address;
    let [a, b] = secrets().map(|key| key.public_key(&bitcoin::secp256k1::Secp256k1::new()).to_string());
    let x_only = [&a[2..], &b[2..]];
    let descriptors = [
        format!("pkh({a})"),
        format!("sh(multi(2,{a},{b}))"),
        format!("wpkh({b})"),
        format!("sh(wsh(multi(2,{a},{b})))"),
        format!("wsh(and_v(v:pk({a}),older(3)))"),
        format!("tr({})", x_only[0]),
        format!(
            "tr({},multi_a(2,{},{}))",
            "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0", x_only[0], x_only[1]
        ),
    ];
    let mut keys = Keys::default();
    let mut previous = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input: vec![TxIn::default()],
        output: Vec::new(),
    };
    for descriptor in &descriptors {
        let descriptor = Descriptor::parse(descriptor, &chain, Checksum::Optional).unwrap();
        let expansion = descriptor.expand(0).unwrap();
        previous.output.push(TxOut {
            value: Amount::from_sat(9000),
            script_pubkey: expansion.outputs[0].clone(),
        });
        keys.add_expansion(expansion);
    }
    let spending = Transaction {
        input: (0..7)
            .map(|vout| TxIn {
                previous_output: OutPoint::new(previous.compute_txid(), vout),
                sequence: Sequence::from_height(3),
                ..TxIn::default()
            })
            .collect(),
        output: previous.output[..1].to_vec(),
        ..previous.clone()
    };
    let mut psbt = Psbt::from_unsigned_tx(spending).unwrap();
    for input in &mut psbt.inputs {
        input.non_witness_utxo = Some(previous.clone());
    }
    (psbt, keys)
}

fn signed_with(secret: SecretKey) -> Psbt {
    let (mut psbt, mut keys) = psbt();
    keys.add_secret(secret);
    assert!(!sign_psbt(
        &mut psbt,
        &keys,
        SignatureHashType::DEFAULT,
        Finish::Partial
    ));
    // What is written is read as it was.
    let read = Psbt::deserialize(&psbt.serialize()).unwrap();
    assert_eq!(read, psbt);
    read
}

#[test]
fn two_signers_complete_a_transaction_and_the_library_agrees() {
    let [first, second] = secrets();
    let mut combined = signed_with(first);
    assert!(
        combined
            .inputs
            .iter()
            .all(|input| input.final_script_witness.is_none())
    );
    combine(&mut combined, signed_with(second)).unwrap();
    let nobody = Keys::default();
    assert!(sign_psbt(
        &mut combined,
        &nobody,
        SignatureHashType::ALL,
        Finish::Final
    ));
    assert!(combined.inputs.iter().all(|input| input.partial_sigs.is_empty()));
    // Again, nothing changes.
    let before = combined.clone();
    assert!(sign_psbt(
        &mut combined,
        &nobody,
        SignatureHashType::ALL,
        Finish::Final
    ));
    assert_eq!(combined, before);
    let transaction = extract(&combined);
    let spent: Vec<TxOut> = (0..7)
        .map(|index| spent_output(&combined, index).unwrap())
        .collect();
    let spending = SpendingTransaction::new(&transaction, &spent).unwrap();
    for index in 0..7 {
        let verdict = spending.verify_consensus(index, ScriptFlags::MANDATORY);
        assert!(verdict.is_ok(), "input {index}: {verdict:?}");
    }
}

#[test]
fn an_output_of_another_transaction_is_not_signed() {
    let (mut psbt, mut keys) = psbt();
    for secret in secrets() {
        keys.add_secret(secret);
    }
    if let Some(previous) = &mut psbt.inputs[0].non_witness_utxo {
        previous.output[0].value = Amount::from_sat(1);
    }
    // Without its transaction, only an output for a witness is.
    let output = spent_output(&psbt, 1);
    psbt.inputs[1].non_witness_utxo = None;
    psbt.inputs[1].witness_utxo = output;
    assert_eq!(spent_output(&psbt, 0), None);
    assert!(!sign_psbt(
        &mut psbt,
        &keys,
        SignatureHashType::DEFAULT,
        Finish::Final
    ));
    for input in &psbt.inputs[..2] {
        assert!(input.final_script_sig.is_none() && input.partial_sigs.is_empty());
    }
    assert!(psbt.inputs[2].final_script_witness.is_some());
}

#[test]
fn what_cannot_be_put_together_is_refused() {
    let (first, _) = psbt();
    let mut second = first.clone();
    assert_eq!(
        join(vec![first.clone(), second.clone()], |_| 0),
        Err(PsbtError::SharedInput(
            first.unsigned_tx.input[0].previous_output.to_string()
        ))
    );
    second.unsigned_tx.lock_time = LockTime::from_consensus(9);
    assert_eq!(
        combine(&mut first.clone(), second.clone()),
        Err(PsbtError::Mismatch)
    );
    for input in &mut second.unsigned_tx.input {
        input.previous_output.vout += 7;
    }
    let joined = join(vec![second, first], |_| 0).unwrap();
    assert_eq!((joined.inputs.len(), joined.outputs.len()), (14, 2));
    assert_eq!(joined.unsigned_tx.lock_time, LockTime::ZERO);
}
