//! What inputs sign: `sighash.json` and `bip341_wallet_vectors.json`.

use bitcoin::consensus::encode::deserialize_hex;
use bitcoin::{Amount, ScriptBuf, Transaction, TxOut, Witness};
use consensus::script::{ScriptFlags, SpendingTransaction, legacy_hash, verify_script};

use crate::{read, text, vectors};

#[test]
fn inputs_without_witnesses_sign_what_upstream_hashes() {
    for row in vectors("sighash.json.gz") {
        let transaction: Transaction = deserialize_hex(text(&row[0])).expect("a transaction");
        let script = ScriptBuf::from_hex(text(&row[1])).expect("hexadecimal");
        let input = usize::try_from(row[2].as_u64().expect("a number")).expect("small");
        let hash_type = i32::try_from(row[3].as_i64().expect("a number")).expect("32 bits");
        let hash = legacy_hash(&transaction, input, &script, hash_type.cast_unsigned());
        assert_eq!(hash.to_string(), text(&row[4]), "{row:?}");
    }
}

#[test]
fn the_inputs_of_bip_341_are_valid_as_they_are_signed() {
    let vectors = read("bip341_wallet_vectors.json.gz");
    let vector = &vectors["keyPathSpending"][0];
    let mut transaction: Transaction =
        deserialize_hex(text(&vector["auxiliary"]["fullySignedTx"])).expect("a transaction");
    let spent: Vec<TxOut> = vector["given"]["utxosSpent"]
        .as_array()
        .expect("an array")
        .iter()
        .map(|output| TxOut {
            value: Amount::from_sat(output["amountSats"].as_u64().expect("an amount")),
            script_pubkey: ScriptBuf::from_hex(text(&output["scriptPubKey"])).expect("hexadecimal"),
        })
        .collect();
    let verdicts = |transaction: &Transaction| -> Vec<bool> {
        let spending = SpendingTransaction::new(transaction, &spent).expect("one for each");
        let verdict = |input: usize| {
            let result = verify_script(
                &transaction.input[input].script_sig,
                &spent[input].script_pubkey,
                &transaction.input[input].witness,
                ScriptFlags::STANDARD,
                &spending.checker(input).expect("an input"),
            );
            let library = spending.verify_consensus(input, ScriptFlags::MANDATORY);
            assert_eq!(result.is_ok(), library.is_ok(), "input {input}");
            result.is_ok()
        };
        (0..spent.len()).map(verdict).collect()
    };
    assert_eq!(verdicts(&transaction), [true; 9]);

    // With the last byte of another one's signature, none is valid that has a signature of taproot.
    for signed in vector["inputSpending"].as_array().expect("an array") {
        let input = usize::try_from(signed["given"]["txinIndex"].as_u64().expect("a number")).expect("small");
        let signature = transaction.input[input].witness[0].to_vec();
        let mut other = signature.clone();
        other[63] ^= 1;
        transaction.input[input].witness = Witness::from_slice(&[other]);
        let mut expected = [true; 9];
        expected[input] = false;
        assert_eq!(verdicts(&transaction), expected);
        transaction.input[input].witness = Witness::from_slice(&[signature]);
    }
}
