//! The vectors of BIP 174 and BIP 371.

use encoding::transaction::to_bytes;

use super::*;

const VECTORS: &str = include_str!("../vectors.txt");

fn vectors(name: &str) -> Vec<Vec<u8>> {
    let lines = VECTORS.lines().filter_map(|line| line.split_once(' '));
    lines
        .filter(|(found, _)| *found == name)
        .map(|(_, digits)| Vec::from_hex(digits).unwrap())
        .collect()
}

fn vector(name: &str) -> Psbt {
    read(&vectors(name)[0]).unwrap()
}

#[test]
fn what_the_bips_call_invalid_is_refused() {
    let invalid = vectors("invalid");
    assert_eq!(invalid.len(), 14);
    for (index, bytes) in invalid.iter().enumerate() {
        assert!(read(bytes).is_err(), "{index}");
    }
}

#[test]
fn what_the_bips_call_valid_is_written_with_all_that_was_read() {
    let valid = vectors("valid");
    assert_eq!(valid.len(), 12);
    for (index, bytes) in valid.iter().enumerate() {
        let psbt = read(bytes).unwrap_or_else(|error| panic!("{index}: {error}"));
        let written = psbt.serialize();
        assert_eq!(written.len(), bytes.len(), "{index}");
        assert_eq!(read(&written).unwrap(), psbt, "{index}");
    }
}

#[test]
fn signatures_are_written_in_the_order_of_the_bip() {
    for name in ["combined", "finalized"] {
        let psbt = vector(name);
        assert_eq!(write(&psbt), vectors(name)[0], "{name}");
    }
    let combined = vector("combined");
    let input = &combined.inputs[1];
    let order = signatures(input);
    assert!(
        !order.iter().map(|(key, _)| *key).eq(input.partial_sigs.keys()),
        "the keys themselves are in another order"
    );
    for bytes in vectors("valid") {
        let psbt = read(&bytes).unwrap();
        assert_eq!(read(&write(&psbt)).unwrap(), psbt);
    }
}

#[test]
fn the_signers_of_the_bip_come_to_its_transaction() {
    let chain = Params::new(Network::Regtest).address;
    let combined = vector("combined");
    let mut updated = combined.clone();
    for input in &mut updated.inputs {
        input.partial_sigs.clear();
    }
    let mut signed = [
        [
            "cP53pDbR5WtAD8dYAW9hhTjuvvTVaEiQBdrz9XPrgLBeRFiyCbQr",
            "cR6SXDoyfQrcp4piaiHE97Rsgta9mNhGTen9XeonVgwsh4iSgw6d",
        ],
        [
            "cT7J9YpCwY3AVRFSjN6ukeEeWY6mhpbJPxRaDaP5QTdygQRxP9Au",
            "cNBc3SWUip9PPm1GjRoLEJT6T41iNzCYtD7qro84FMnM5zEqeJsE",
        ],
    ]
    .map(|secrets| {
        let mut keys = Keys::default();
        for secret in secrets {
            keys.add_secret(SecretKey::decode(secret, &chain).unwrap());
        }
        let mut psbt = updated.clone();
        assert!(!sign_psbt(
            &mut psbt,
            &keys,
            SignatureHashType::ALL,
            Finish::Partial
        ));
        psbt
    });
    let [first, second] = &mut signed;
    combine(first, second.clone()).unwrap();
    assert!(sign_psbt(
        &mut first.clone(),
        &Keys::default(),
        SignatureHashType::ALL,
        Finish::Final
    ));
    for (found, expected) in first.inputs.iter().zip(&combined.inputs) {
        // The bytes of signatures differ: ours are made to be short.
        assert!(found.partial_sigs.keys().eq(expected.partial_sigs.keys()));
    }
    let mut finalized = combined;
    assert!(sign_psbt(
        &mut finalized,
        &Keys::default(),
        SignatureHashType::ALL,
        Finish::Final
    ));
    assert_eq!(write(&finalized), vectors("finalized")[0]);
    let expected = vector("finalized");
    for (found, expected) in finalized.inputs.iter().zip(&expected.inputs) {
        assert_eq!(found.final_script_sig, expected.final_script_sig);
        assert_eq!(found.final_script_witness, expected.final_script_witness);
    }
    assert_eq!(to_bytes(&extract(&finalized)), vectors("extracted")[0]);
}

#[test]
fn what_upstream_alone_refuses_is_refused() {
    let bytes = &vectors("valid")[0];
    let psbt = read(bytes).unwrap();
    let refusal = |psbt: &Psbt| read(&psbt.serialize()).unwrap_err().to_string();
    let mut other = psbt.clone();
    other.unsigned_tx.input[0].previous_output.txid = bitcoin::Txid::all_zeros();
    assert_eq!(refusal(&other), "Non-witness UTXO does not match outpoint hash");
    let mut other = psbt;
    other.unsigned_tx.input[0].previous_output.vout = 99;
    assert_eq!(
        refusal(&other),
        "Input specifies output index that does not exist"
    );
    let text = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    for magic in [&b"pset\xff\0"[..], b"psbt\0\0"] {
        assert_eq!(text(magic), "Invalid PSBT magic bytes");
    }
    assert_eq!(text(b"psbt\xff\0"), "No unsigned transaction was provided");
    let mut other = read(bytes).unwrap();
    other.unsigned_tx.input[0].script_sig = ScriptBuf::from_hex("51").unwrap();
    assert_eq!(
        refusal(&other),
        "Unsigned tx does not have empty scriptSigs and scriptWitnesses."
    );
    let longer = [bytes.as_slice(), &[0]].concat();
    assert_eq!(text(&longer), "extra data after PSBT");
}

proptest! {
    #[test]
    fn damaged_transactions_are_refused_or_written_again(index in 0..15_usize, place: u16, value: u8) {
        let mut bytes = [vectors("valid"), vectors("combined"), vectors("finalized")].concat()[index % 14].clone();
        let place = usize::from(place) % bytes.len();
        bytes[place] = value;
        if let Ok(psbt) = read(&bytes) {
            let again = read(&psbt.serialize()).unwrap();
            prop_assert_eq!(&again, &psbt);
            let _analysis = analyze(&psbt);
        }
    }
}
