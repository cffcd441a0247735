//! How far transactions are said to be.

use super::*;

#[test]
fn a_transaction_goes_from_role_to_role() {
    let (complete, keys) = psbt();
    let mut bare = complete.clone();
    for input in &mut bare.inputs {
        input.non_witness_utxo = None;
    }
    let analysis = analyze(&bare).unwrap();
    assert_eq!((analysis.next, analysis.fee), (Role::Updater, None));
    assert!(analysis.inputs.iter().all(|input| !input.has_output));

    // Outputs without keys and scripts: some hashes are missing.
    let analysis = analyze(&complete).unwrap();
    assert_eq!((analysis.next, analysis.fee), (Role::Updater, Some(6 * 9000)));
    assert_eq!(analysis.inputs[0].missing.keys.len(), 1);
    assert!(analysis.inputs[1].missing.redeem_script.is_some());
    assert!(analysis.inputs[4].missing.witness_script.is_some());
    assert!(analysis.estimate.is_none());

    // All is known, and nobody has signed; what taproot lacks is not told.
    let mut updated = complete;
    sign_psbt(&mut updated, &keys, SignatureHashType::ALL, Finish::Partial);
    let analysis = analyze(&updated).unwrap();
    for input in &analysis.inputs[..4] {
        assert_eq!(input.next, Role::Signer, "{input:?}");
        assert!(!input.missing.signatures.is_empty());
    }
    let (estimate, spent) = analysis.estimate.unwrap();
    assert_eq!(spent.len(), 7);

    let mut all = keys;
    for secret in secrets() {
        all.add_secret(secret);
    }
    assert!(sign_psbt(
        &mut updated,
        &all,
        SignatureHashType::DEFAULT,
        Finish::Partial
    ));
    assert_eq!(analyze(&updated).unwrap().next, Role::Finalizer);
    assert!(sign_psbt(
        &mut updated,
        &all,
        SignatureHashType::DEFAULT,
        Finish::Final
    ));
    let analysis = analyze(&updated).unwrap();
    assert_eq!(analysis.next, Role::Extractor);
    assert!(analysis.inputs.iter().all(|input| input.is_final));
    let signed = extract(&updated);
    // The last one's estimate is for its key, which nobody has.
    for (input, estimate) in signed.input.iter().zip(&estimate.input).take(6) {
        let size = |input: &TxIn| input.script_sig.len() + input.witness.size();
        let difference = size(input).abs_diff(size(estimate));
        assert!(difference < 4, "{} {}", size(input), size(estimate));
    }
}

#[test]
fn what_can_never_be_complete_is_named() {
    let unsigned = |value: u64, script: ScriptBuf| {
        let (mut psbt, _) = psbt();
        psbt.inputs[1].non_witness_utxo = None;
        psbt.inputs[1].witness_utxo = Some(TxOut {
            value: Amount::from_sat(value),
            script_pubkey: script,
        });
        analyze(&psbt).unwrap_err().to_string()
    };
    let some = ScriptBuf::from_hex("51").unwrap();
    assert_eq!(
        unsigned(u64::MAX, some.clone()),
        "PSBT is not valid. Input 1 has invalid value"
    );
    assert_eq!(
        unsigned(consensus::limits::MAX_MONEY, some),
        "PSBT is not valid. Input 1 has invalid value"
    );
    assert_eq!(
        unsigned(1, ScriptBuf::from_hex("6a").unwrap()),
        "PSBT is not valid. Input 1 spends unspendable output"
    );
    let (mut psbt, _) = psbt();
    psbt.unsigned_tx.input[2].previous_output.vout = 7;
    assert_eq!(
        analyze(&psbt).unwrap_err().to_string(),
        "PSBT is not valid. Input 2 specifies invalid prevout"
    );
    psbt.unsigned_tx.input[2].previous_output.vout = 2;
    psbt.unsigned_tx.output[0].value = Amount::from_sat(u64::MAX);
    assert_eq!(
        analyze(&psbt).unwrap_err().to_string(),
        "PSBT is not valid. Output amount invalid"
    );
}

#[test]
fn outputs_are_told_what_descriptors_say() {
    let (mut psbt, keys) = psbt();
    psbt.unsigned_tx.output = spent_transaction(&psbt).output;
    psbt.outputs = vec![bitcoin::psbt::Output::default(); 7];
    update_outputs(&mut psbt, &keys);
    let outputs = &psbt.outputs;
    assert_eq!(outputs[0].bip32_derivation.len(), 1);
    assert!(outputs[1].redeem_script.is_some() && outputs[1].bip32_derivation.len() == 2);
    assert!(outputs[3].redeem_script.is_some() && outputs[3].witness_script.is_some());
    assert!(outputs[5].tap_internal_key.is_some() && outputs[5].tap_tree.is_none());
    let tree = outputs[6].tap_tree.as_ref().unwrap();
    assert_eq!(tree.script_leaves().count(), 1);
    assert_eq!(outputs[6].tap_key_origins.len(), 3);
    let bytes = psbt.serialize();
    assert_eq!(read(&bytes).unwrap(), psbt);
    let mut again = psbt.clone();
    update_outputs(&mut again, &keys);
    assert_eq!(again, psbt, "a second time, nothing is new");

    let mut nameless = psbt.clone();
    nameless.outputs = vec![bitcoin::psbt::Output::default(); 7];
    update_outputs(&mut nameless, &keys.without_sources());
    assert!(
        nameless
            .outputs
            .iter()
            .all(|output| output.bip32_derivation.is_empty())
    );
}

fn spent_transaction(psbt: &Psbt) -> Transaction {
    psbt.inputs[0].non_witness_utxo.clone().unwrap()
}

#[test]
fn previous_transactions_are_dropped_where_all_amounts_are_signed() {
    let (mut psbt, _) = psbt();
    let outputs: Vec<_> = (0..7).map(|index| spent_output(&psbt, index)).collect();
    for (input, output) in psbt.inputs.iter_mut().zip(outputs) {
        input.witness_utxo = output;
    }
    let mut mixed = psbt.clone();
    drop_previous_transactions(&mut mixed);
    assert_eq!(mixed, psbt);
    psbt.inputs.drain(..5);
    psbt.unsigned_tx.input.drain(..5);
    drop_previous_transactions(&mut psbt);
    assert!(psbt.inputs.iter().all(|input| input.non_witness_utxo.is_none()));
}

#[test]
fn the_shuffled_are_still_with_their_own() {
    let (first, _) = psbt();
    let mut second = first.clone();
    for input in &mut second.unsigned_tx.input {
        input.previous_output.vout += 7;
    }
    let joined = join(vec![first, second], |bound| bound / 2).unwrap();
    let order: Vec<u32> = joined
        .unsigned_tx
        .input
        .iter()
        .map(|input| input.previous_output.vout)
        .collect();
    assert!(!order.is_sorted(), "{order:?}");
    let mut sorted = order;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..14).collect::<Vec<_>>());
}

#[test]
fn what_is_known_stands_when_others_say_otherwise() {
    let (known, _) = psbt();
    let mut other = known.clone();
    other.inputs[2].witness_utxo = spent_output(&other, 2);
    other.inputs[1].redeem_script = ScriptBuf::from_hex("51").ok();
    let unknown = bitcoin::psbt::raw::Key {
        type_value: 0x77,
        key: vec![1],
    };
    other.unknown.insert(unknown.clone(), vec![2]);
    let mut combined = known;
    combine(&mut combined, other.clone()).unwrap();
    assert_eq!(combined, other, "all of it is new, and nothing is lost");
    other.inputs[1].redeem_script = ScriptBuf::from_hex("52").ok();
    other.unknown.insert(unknown, vec![3]);
    let before = combined.clone();
    combine(&mut combined, other).unwrap();
    assert_eq!(combined, before);
}
