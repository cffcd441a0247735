use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash as _;
use bitcoin::transaction::Version;
use bitcoin::{Sequence, Txid};
use consensus::{Network, Params};
use encoding::SecretKey;
use encoding::descriptor::{Checksum, Descriptor};
use proptest::prelude::*;

use super::*;

fn wifs() -> [String; 3] {
    [1, 2, 3].map(|byte| {
        let scalar = bitcoin::secp256k1::SecretKey::from_slice(&[byte; 32]).unwrap();
        let key = SecretKey {
            scalar,
            is_compressed: true,
        };
        key.encode(&Params::new(Network::Regtest).address)
    })
}

fn secret(wif: &str) -> SecretKey {
    SecretKey::decode(wif, &Params::new(Network::Regtest).address).unwrap()
}

fn public(wif: &str) -> String {
    secret(wif)
        .public_key(&bitcoin::secp256k1::Secp256k1::new())
        .to_string()
}

fn parse(descriptor: &str) -> Descriptor {
    Descriptor::parse(
        descriptor,
        &Params::new(Network::Regtest).address,
        Checksum::Optional,
    )
    .unwrap()
}

/// A transaction that spends an output of each descriptor, the coins, and what is known of them without private keys.
fn spend(descriptors: &[String]) -> (Transaction, HashMap<OutPoint, TxOut>, Keys) {
    let mut keys = Keys::default();
    let mut coins = HashMap::new();
    let mut input = Vec::new();
    for (index, descriptor) in descriptors.iter().enumerate() {
        let expansion = parse(descriptor).expand(0).unwrap();
        let outpoint = OutPoint::new(Txid::all_zeros(), u32::try_from(index).unwrap());
        let coin = TxOut {
            value: Amount::from_sat(100_000),
            script_pubkey: expansion.outputs[0].clone(),
        };
        coins.insert(outpoint, coin);
        keys.add_expansion(expansion);
        input.push(TxIn {
            previous_output: outpoint,
            sequence: Sequence::from_height(10),
            ..TxIn::default()
        });
    }
    let transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::ZERO,
        input,
        output: vec![TxOut {
            value: Amount::from_sat(1000),
            script_pubkey: ScriptBuf::new_op_return([]),
        }],
    };
    (transaction, coins, keys)
}

/// Descriptors of all kinds, with private keys.
fn kinds() -> Vec<String> {
    let wifs = wifs();
    let [a, b, c] = wifs.each_ref().map(String::as_str);
    let x_only = &public(b)[2..];
    vec![
        format!("pk({a})"),
        format!("pkh({a})"),
        format!("wpkh({a})"),
        format!("sh(wpkh({a}))"),
        format!("multi(2,{a},{b},{c})"),
        format!("sh(multi(2,{a},{b}))"),
        format!("wsh(multi(1,{a},{b}))"),
        format!("sh(wsh(sortedmulti(2,{a},{b})))"),
        format!("wsh(pkh({a}))"),
        format!("wsh(and_v(v:pk({a}),older(10)))"),
        format!("wsh(or_d(pk({}),and_v(v:pkh({b}),older(10))))", public(a)),
        format!("tr({a})"),
        format!("rawtr({a})"),
        format!("tr({a},{{pk({b}),pk({c})}})"),
        format!("tr({},pk({b}))", &public(a)[2..]),
        format!(
            "tr({},{{multi_a(2,{b},{c}),and_v(v:pk({b}),older(5))}})",
            &public(a)[2..]
        ),
        format!("tr({x_only},and_v(v:pk({c}),older(5)))"),
    ]
}

#[test]
fn outputs_of_all_kinds_are_spent_and_the_library_agrees() {
    for hash_type in ["DEFAULT", "ALL", "NONE", "ALL|ANYONECANPAY", "NONE|ANYONECANPAY"] {
        let hash_type = SignatureHashType::from_name(hash_type).unwrap();
        let descriptors = kinds();
        let (mut transaction, coins, keys) = spend(&descriptors);
        let errors = sign_transaction(&mut transaction, &keys, &coins, hash_type);
        let errors: Vec<_> = errors
            .iter()
            .map(|(index, error)| (&descriptors[*index], error))
            .collect();
        assert!(errors.is_empty(), "{hash_type:?}: {errors:?}");
        let (spent, _) = spent_outputs(&transaction, &coins);
        let spending = SpendingTransaction::new(&transaction, &spent).unwrap();
        for (index, descriptor) in descriptors.iter().enumerate() {
            let verdict = spending.verify_consensus(index, ScriptFlags::MANDATORY);
            assert!(verdict.is_ok(), "{descriptor}: {verdict:?}");
        }
    }
}

fn sign_with(
    descriptor: &str,
    wifs: &[&str],
) -> (Transaction, HashMap<OutPoint, TxOut>, Vec<(usize, InputError)>) {
    let (mut transaction, coins, keys) = spend(&[descriptor.to_owned()]);
    let mut keys = keys.without_secrets();
    for wif in wifs {
        keys.add_secret(secret(wif));
    }
    let errors = sign_transaction(&mut transaction, &keys, &coins, SignatureHashType::DEFAULT);
    (transaction, coins, errors)
}

#[test]
fn several_signers_complete_an_input_one_after_another_and_beside_each_other() {
    let wifs = wifs();
    let [a, b, c] = wifs.each_ref().map(String::as_str);
    for descriptor in [
        format!("sh(multi(2,{a},{b},{c}))"),
        format!("wsh(multi(2,{a},{b},{c}))"),
        format!("sh(wsh(multi(2,{a},{b},{c})))"),
        format!("multi(2,{a},{b},{c})"),
    ] {
        let (first, coins, errors) = sign_with(&descriptor, &[c]);
        assert!(
            matches!(errors[..], [(0, InputError::NullFail | InputError::Script(_))]),
            "{errors:?}"
        );
        let (second, ..) = sign_with(&descriptor, &[a]);
        let combined = combine_input(&[first.clone(), second], 0, &coins).unwrap();
        let (both, ..) = sign_with(&descriptor, &[a, c]);
        assert_eq!(combined, both.input[0], "{descriptor}");

        let (_, _, keys) = spend(std::slice::from_ref(&descriptor));
        let mut keys = keys.without_secrets();
        keys.add_secret(secret(a));
        let mut going_on = first;
        assert_eq!(
            sign_transaction(&mut going_on, &keys, &coins, SignatureHashType::ALL),
            []
        );
        assert_eq!(going_on.input[0], both.input[0]);
    }
    assert_eq!(combine_input(&[], 0, &HashMap::new()), None);
    let (transaction, ..) = sign_with(&format!("pkh({a})"), &[a]);
    assert_eq!(combine_input(&[transaction], 0, &HashMap::new()), None);
}

#[test]
fn what_keeps_an_input_from_being_complete_is_told() {
    let wifs = wifs();
    let [a, b, _] = wifs.each_ref().map(String::as_str);
    let error = |descriptor: &str, wifs: &[&str]| {
        let (_, _, errors) = sign_with(descriptor, wifs);
        errors
            .first()
            .map(|(_, error)| error.to_string())
            .unwrap_or_default()
    };
    let stack = "Unable to sign input, invalid stack size (possibly missing key)";
    assert_eq!(error(&format!("pkh({a})"), &[b]), stack);
    assert_eq!(
        error(&format!("wpkh({a})"), &[b]),
        "Witness program hash mismatch"
    );
    assert_eq!(
        error(&format!("tr({a})"), &[b]),
        "Witness program was passed an empty witness"
    );
    assert_eq!(error(&format!("pkh({a})"), &[a]), "");

    let (mut transaction, mut coins, keys) =
        spend(&[format!("pkh({a})"), format!("wpkh({a})"), format!("tr({a})")]);
    coins.remove(&transaction.input[0].previous_output);
    coins
        .get_mut(&transaction.input[1].previous_output)
        .unwrap()
        .value = Amount::from_sat(MAX_MONEY);
    let errors = sign_transaction(&mut transaction, &keys, &coins, SignatureHashType::DEFAULT);
    assert_eq!(errors[0], (0, InputError::NotFound));
    assert_eq!(errors[1], (1, InputError::MissingAmount));
    // Taproot's signatures cover the first coin, which is not known.
    assert_eq!(errors[2].0, 2);
}

#[test]
fn a_signature_of_an_output_that_is_not_there_is_not_made() {
    let wifs = wifs();
    let [a, ..] = wifs.each_ref().map(String::as_str);
    let (mut transaction, coins, keys) = spend(&[format!("pkh({a})"), format!("pkh({a})")]);
    let single = SignatureHashType::from_name("SINGLE").unwrap();
    let errors = sign_transaction(&mut transaction, &keys, &coins, single);
    assert_eq!(errors, [(1, InputError::InvalidStack)]);
    assert!(transaction.input[1].script_sig.is_empty());
}

proptest! {
    #[test]
    fn inputs_of_any_bytes_are_read(script_sig: Vec<u8>, witness: Vec<Vec<u8>>, kind in 0usize..17) {
        let (mut transaction, coins, keys) = spend(&[kinds()[kind].clone()]);
        transaction.input[0].script_sig = script_sig.into();
        transaction.input[0].witness = Witness::from_slice(&witness);
        let errors = sign_transaction(&mut transaction, &keys, &coins, SignatureHashType::ALL);
        prop_assert_eq!(errors, []);
    }
}
