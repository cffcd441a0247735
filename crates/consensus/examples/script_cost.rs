//! What the library and the interpreter take to check transactions of many inputs, in one thread: the figures of
//! `docs/decisions/0009-script-verification.md`.

use std::time::Instant;

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey};
use bitcoin::sighash::SighashCache;
use bitcoin::{
    Amount, CompressedPublicKey, EcdsaSighashType, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    Txid, Witness, transaction,
};
use consensus::script::{ScriptFlags, SpendingTransaction, verify_script};

/// How often small transactions are checked, in inputs.
const INPUTS: usize = 1000;

const TRIES: usize = 20;

fn main() {
    let secp = Secp256k1::new();
    let secret = SecretKey::from_slice(&[7; 32]).expect("in the range of keys");
    let key = secret.public_key(&secp);
    println!("microseconds for each input");
    println!("inputs  bytes  signature alone  interpreter  library  library by its own functions");
    for inputs in [1, 2, 10, 100, 1000, 5000] {
        let (transaction, spent, messages) = spend(&secp, &secret, &key, inputs);
        let alone = || {
            for (input, message) in transaction.input.iter().zip(&messages) {
                let signature =
                    bitcoin::ecdsa::Signature::from_slice(&input.witness[0]).expect("it was made here");
                secp.verify_ecdsa(message, &signature.signature, &key)
                    .expect("it is valid");
            }
        };
        let interpreter = || {
            let spending = SpendingTransaction::new(&transaction, &spent).expect("one for each");
            for (number, input) in transaction.input.iter().enumerate() {
                let checker = spending.checker(number).expect("an input");
                let script_pubkey = &spent[number].script_pubkey;
                verify_script(
                    &input.script_sig,
                    script_pubkey,
                    &input.witness,
                    ScriptFlags::STANDARD,
                    &checker,
                )
                .expect("it is valid");
            }
        };
        let library = || {
            let spending = SpendingTransaction::new(&transaction, &spent).expect("one for each");
            for input in 0..inputs {
                spending
                    .verify_consensus(input, ScriptFlags::MANDATORY)
                    .expect("it is valid");
            }
        };
        let [alone, interpreter, library] = costs(inputs, [&alone, &interpreter, &library]);
        let bytes = serialize(&transaction);
        let own = cost(inputs, &|| {
            for output in spent.iter().enumerate() {
                verify_by_own_function(&bytes, output);
            }
        });
        println!(
            "{inputs}  {}  {alone:.1}  {interpreter:.1}  {library:.1}  {own:.1}",
            bytes.len()
        );
    }
}

/// What ways to check a transaction of so many inputs cost: the least of some tries, in turns, since the machine may be
/// doing other things too.
fn costs<const N: usize>(inputs: usize, ways: [&dyn Fn(); N]) -> [f64; N] {
    let mut least = [f64::INFINITY; N];
    for _try in 0..TRIES {
        for (least, way) in least.iter_mut().zip(ways) {
            *least = cost(inputs, way).min(*least);
        }
    }
    least
}

/// What a way to check a transaction of so many inputs costs, in microseconds for each.
fn cost(inputs: usize, check: &dyn Fn()) -> f64 {
    let rounds = (INPUTS / inputs).max(1);
    let start = Instant::now();
    for _round in 0..rounds {
        check();
    }
    start.elapsed().as_secs_f64() * 1e6 / (rounds * inputs) as f64
}

/// Asks the function that upstream made for this, which reads the transaction again.
fn verify_by_own_function(transaction: &[u8], (input, output): (usize, &TxOut)) {
    let script = output.script_pubkey.as_bytes();
    let flags = bitcoinconsensus::VERIFY_ALL_PRE_TAPROOT;
    bitcoinconsensus::verify_with_flags(script, output.value.to_sat(), transaction, None, input, flags)
        .expect("it is valid");
}

/// A transaction of so many inputs to a key's witness, what they spend, and what they sign.
fn spend(
    secp: &Secp256k1<All>,
    secret: &SecretKey,
    key: &PublicKey,
    inputs: usize,
) -> (Transaction, Vec<TxOut>, Vec<Message>) {
    let script = ScriptBuf::new_p2wpkh(&CompressedPublicKey(*key).wpubkey_hash());
    let output = TxOut {
        value: Amount::from_sat(1000),
        script_pubkey: script.clone(),
    };
    let input = |number: usize| TxIn {
        previous_output: OutPoint::new(Txid::all_zeros(), u32::try_from(number).expect("not so many")),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let mut transaction = Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: (0..inputs).map(input).collect(),
        output: vec![output.clone(), output.clone()],
    };
    let mut cache = SighashCache::new(&transaction);
    let mut hash = |number| {
        cache
            .p2wpkh_signature_hash(number, &script, output.value, EcdsaSighashType::All)
            .expect("an input")
    };
    let messages: Vec<Message> = (0..inputs)
        .map(|number| Message::from_digest(hash(number).to_byte_array()))
        .collect();
    for (input, message) in transaction.input.iter_mut().zip(&messages) {
        let signature = bitcoin::ecdsa::Signature::sighash_all(secp.sign_ecdsa(message, secret));
        input.witness = Witness::p2wpkh(&signature, key);
    }
    (transaction, vec![output; inputs], messages)
}
