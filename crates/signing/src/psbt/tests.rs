mod analysis;
mod vectors;

use bitcoin::absolute::LockTime;
use bitcoin::hashes::{Hash as _, hash160, ripemd160, sha256, sha256d};
use bitcoin::hex::FromHex as _;
use bitcoin::psbt::raw::Key;
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

#[test]
fn preimages_are_kept_whatever_hash_they_have() {
    let (mut psbt, _keys) = psbt();
    let input = &mut psbt.inputs[1];
    input
        .ripemd160_preimages
        .insert(ripemd160::Hash::all_zeros(), vec![1]);
    input
        .ripemd160_preimages
        .insert(ripemd160::Hash::hash(&[1]), vec![1]);
    input.sha256_preimages.insert(sha256::Hash::all_zeros(), vec![]);
    input
        .hash160_preimages
        .insert(hash160::Hash::all_zeros(), vec![3; 300]);
    input
        .hash256_preimages
        .insert(sha256d::Hash::all_zeros(), vec![4]);
    psbt.inputs[2]
        .hash256_preimages
        .insert(sha256d::Hash::all_zeros(), vec![5]);
    let bytes = write(&psbt);
    assert!(Psbt::deserialize(&bytes).is_err(), "the library takes them too");
    assert_eq!(read(&bytes).unwrap(), psbt);
}

#[test]
fn what_is_wrong_with_a_field_is_said_in_upstreams_words() {
    let check = |of_output: bool, kind: u8, key: usize, value: &[u8], expected: &str| {
        let (mut psbt, _keys) = psbt();
        let unknown = match of_output {
            true => &mut psbt.outputs[0].unknown,
            false => &mut psbt.inputs[0].unknown,
        };
        let key = Key {
            type_value: kind,
            key: vec![2; key],
        };
        unknown.insert(key, value.to_vec());
        assert_eq!(read(&psbt.serialize()).unwrap_err().to_string(), expected);
    };
    let input = |kind, key, value: usize, expected: &str| check(false, kind, key, &vec![1; value], expected);
    let short = "Size of key was not the expected size for the type";
    input(0x0a, 19, 1, &format!("{short} ripemd160 preimage"));
    input(0x0b, 33, 1, &format!("{short} sha256 preimage"));
    input(0x0c, 0, 1, &format!("{short} hash160 preimage"));
    input(0x0d, 31, 1, &format!("{short} hash256 preimage"));
    input(
        0x13,
        1,
        64,
        "Input Taproot key signature key is more than one byte type",
    );
    input(
        0x13,
        0,
        63,
        "Input Taproot key path signature is shorter than 64 bytes",
    );
    input(
        0x13,
        0,
        66,
        "Input Taproot key path signature is longer than 65 bytes",
    );
    input(0x14, 63, 64, "Input Taproot script signature key is not 65 bytes");
    input(
        0x14,
        64,
        63,
        "Input Taproot script path signature is shorter than 64 bytes",
    );
    input(
        0x14,
        64,
        66,
        "Input Taproot script path signature is longer than 65 bytes",
    );
    input(0x15, 32, 2, "Taproot leaf script key is not at least 34 bytes");
    let odd = "Input Taproot leaf script key's control block size is not valid";
    input(0x15, 34, 2, odd);
    input(0x15, 33, 0, "Input Taproot leaf script must be at least 1 byte");
    input(0x16, 33, 5, "Input Taproot BIP32 keypath key is not at 33 bytes");
    input(
        0x17,
        1,
        32,
        "Input Taproot internal key key is more than one byte type",
    );
    input(
        0x18,
        1,
        32,
        "Input Taproot merkle root key is more than one byte type",
    );
    let output = |kind, key, value: &[u8], expected: &str| check(true, kind, key, value, expected);
    output(
        0x05,
        1,
        &[1; 32],
        "Output Taproot internal key key is more than one byte type",
    );
    output(
        0x06,
        1,
        &[0, 0xc0, 0],
        "Output Taproot tree key is more than one byte type",
    );
    output(
        0x07,
        31,
        &[1; 5],
        "Output Taproot BIP32 keypath key is not at 33 bytes",
    );
    output(0x06, 0, &[], "Output Taproot tree must not be empty");
    let deep = "Output Taproot tree has as leaf greater than Taproot maximum depth";
    output(0x06, 0, &[129, 0xc0, 0], deep);
    let version = "Output Taproot tree has a leaf with an invalid leaf version";
    output(0x06, 0, &[0, 0xc1, 0], version);
    output(0x06, 0, &[1, 0xc0, 0], "Output Taproot tree is malformed");
    output(
        0x06,
        0,
        &[1, 0xc0, 0, 2, 0xc0, 0, 1, 0xc0, 0],
        "Output Taproot tree is malformed",
    );
}
