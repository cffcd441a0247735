//! What Bitcoin Core's library says of inputs that are signed with the `bitcoin` crate.

use bitcoin::absolute::LockTime;
use bitcoin::consensus::encode::serialize;
use bitcoin::hashes::Hash;
use bitcoin::key::{TapTweak, UntweakedKeypair};
use bitcoin::secp256k1::{Message, Secp256k1, SecretKey};
use bitcoin::sighash::{Prevouts, SighashCache};
use bitcoin::{
    Amount, CompressedPublicKey, EcdsaSighashType, OutPoint, ScriptBuf, Sequence, TapSighashType,
    Transaction, TxIn, TxOut, Txid, Witness, transaction,
};
use consensus::script::{
    ConsensusScriptError, PreparedTransaction, ScriptError, ScriptFlags, verify_consensus,
};

/// A transaction and the outputs that it spends.
#[derive(Clone)]
struct Spend {
    transaction: Transaction,
    spent: Vec<TxOut>,
}

impl Spend {
    fn verify(&self, input: usize, flags: ScriptFlags) -> Result<(), ConsensusScriptError> {
        verify_consensus(&serialize(&self.transaction), &self.spent, input, flags)
    }

    /// What is said of all inputs.
    fn verdicts(&self) -> Vec<Result<(), ConsensusScriptError>> {
        (0..self.spent.len())
            .map(|input| self.verify(input, ScriptFlags::MANDATORY))
            .collect()
    }
}

/// A transaction that spends an output to a key's hash, one to its witness and one to taproot, all of one key.
fn spend() -> Spend {
    let secp = Secp256k1::new();
    let secret = SecretKey::from_slice(&[7; 32]).expect("in the range of keys");
    let key = CompressedPublicKey::from_slice(&secret.public_key(&secp).serialize()).expect("a key");
    let pair = UntweakedKeypair::from_secret_key(&secp, &secret);
    let scripts = [
        ScriptBuf::new_p2pkh(&key.pubkey_hash()),
        ScriptBuf::new_p2wpkh(&key.wpubkey_hash()),
        ScriptBuf::new_p2tr(&secp, pair.x_only_public_key().0, None),
    ];
    let output = |script_pubkey| TxOut {
        value: Amount::from_sat(1000),
        script_pubkey,
    };
    let spent: Vec<TxOut> = scripts.iter().cloned().map(output).collect();
    let input = |vout| TxIn {
        previous_output: OutPoint::new(Txid::from_byte_array([1; 32]), vout),
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let mut transaction = Transaction {
        version: transaction::Version::TWO,
        lock_time: LockTime::ZERO,
        input: (0..3).map(input).collect(),
        output: vec![output(scripts[1].clone())],
    };
    let all = EcdsaSighashType::All;
    let mut cache = SighashCache::new(&transaction);
    let legacy = cache
        .legacy_signature_hash(0, &scripts[0], all.to_u32())
        .expect("an input");
    let segwit = cache
        .p2wpkh_signature_hash(1, &scripts[1], spent[1].value, all)
        .expect("an input");
    let taproot = cache
        .taproot_key_spend_signature_hash(2, &Prevouts::All(&spent), TapSighashType::Default)
        .expect("an input");
    let ecdsa = |message| bitcoin::ecdsa::Signature::sighash_all(secp.sign_ecdsa(&message, &secret));
    let signature = ecdsa(Message::from_digest(legacy.to_byte_array())).serialize();
    transaction.input[0].script_sig = bitcoin::script::Builder::new()
        .push_slice(signature)
        .push_slice(key.to_bytes())
        .into_script();
    transaction.input[1].witness =
        Witness::p2wpkh(&ecdsa(Message::from_digest(segwit.to_byte_array())), &key.0);
    let tweaked = pair.tap_tweak(&secp, None).to_keypair();
    let signature = secp.sign_schnorr_no_aux_rand(&Message::from_digest(taproot.to_byte_array()), &tweaked);
    transaction.input[2].witness = Witness::from_slice(&[signature.serialize()]);
    Spend { transaction, spent }
}

/// What an input says whose signature is not valid.
const fn refused(error: ScriptError) -> Result<(), ConsensusScriptError> {
    Err(ConsensusScriptError::Refused(error))
}

const ECDSA: Result<(), ConsensusScriptError> = refused(ScriptError::EvalFalse);
const SCHNORR: Result<(), ConsensusScriptError> = refused(ScriptError::SchnorrSig);

#[test]
fn signed_inputs_are_valid_until_something_that_they_sign_changes() {
    let spend = spend();
    assert_eq!(spend.verdicts(), [Ok(()); 3]);

    let mut other = spend.clone();
    other.transaction.output[0].value += Amount::ONE_SAT;
    assert_eq!(other.verdicts(), [ECDSA, ECDSA, SCHNORR]);

    // Only witnesses sign amounts, and taproot's all of them.
    for (changed, verdicts) in [
        (0, [Ok(()), Ok(()), SCHNORR]),
        (1, [Ok(()), ECDSA, SCHNORR]),
        (2, [Ok(()), Ok(()), SCHNORR]),
    ] {
        let mut other = spend.clone();
        other.spent[changed].value += Amount::ONE_SAT;
        assert_eq!(other.verdicts(), verdicts, "{changed}");
    }
}

#[test]
fn without_a_rule_what_it_forbids_is_valid() {
    let mut spend = spend();
    spend.transaction.output[0].value += Amount::ONE_SAT;
    let segwit = ScriptFlags::P2SH | ScriptFlags::WITNESS;
    assert_eq!(spend.verify(2, segwit), Ok(()));
    assert_eq!(spend.verify(1, segwit), ECDSA);
    assert_eq!(spend.verify(1, ScriptFlags::P2SH), Ok(()));
}

#[test]
fn wrong_questions_are_told_from_invalid_inputs() {
    let spend = spend();
    let flags = ScriptFlags::MANDATORY;
    let bytes = serialize(&spend.transaction);
    let check = |bytes: &[u8], spent: &[TxOut], input, flags, error| {
        assert_eq!(verify_consensus(bytes, spent, input, flags), Err(error));
    };
    check(&bytes, &spend.spent, 3, flags, ConsensusScriptError::Input);
    check(
        &bytes[..bytes.len() - 1],
        &spend.spent,
        0,
        flags,
        ConsensusScriptError::Transaction,
    );
    check(&[], &spend.spent, 0, flags, ConsensusScriptError::Transaction);
    let longer = [bytes.as_slice(), &[0]].concat();
    check(
        &longer,
        &spend.spent,
        0,
        flags,
        ConsensusScriptError::TrailingBytes,
    );
    let more = [spend.spent.as_slice(), &spend.spent[2..]].concat();
    check(&bytes, &more, 2, flags, ConsensusScriptError::SpentOutputs);
    check(&bytes, &more[..2], 0, flags, ConsensusScriptError::SpentOutputs);
    for flags in [
        ScriptFlags::WITNESS,
        ScriptFlags::CLEANSTACK,
        ScriptFlags::P2SH | ScriptFlags::CLEANSTACK,
    ] {
        check(&bytes, &spend.spent, 0, flags, ConsensusScriptError::Flags);
    }
}

#[test]
fn threads_share_what_was_read_once() {
    let spend = spend();
    let mut invalid = spend.clone();
    invalid.transaction.output[0].value += Amount::ONE_SAT;
    let [valid, invalid] = [&spend, &invalid].map(|spend| {
        PreparedTransaction::new(&serialize(&spend.transaction), &spend.spent).expect("one for each input")
    });
    let verdicts =
        |prepared: &PreparedTransaction| [0, 1, 2].map(|input| prepared.verify(input, ScriptFlags::STANDARD));
    std::thread::scope(|scope| {
        for _thread in 0..8 {
            scope.spawn(|| {
                for _round in 0..25 {
                    assert_eq!(verdicts(&valid), [Ok(()); 3]);
                    let null_fail = refused(ScriptError::SigNullFail);
                    assert_eq!(verdicts(&invalid), [null_fail, null_fail, SCHNORR]);
                }
            });
        }
    });
}
