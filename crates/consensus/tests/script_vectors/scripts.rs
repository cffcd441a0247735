//! `script_tests.json`: scripts, rules and why they fail.

use bitcoin::absolute::LockTime;
use bitcoin::hex::FromHex;
use bitcoin::secp256k1::{Secp256k1, XOnlyPublicKey};
use bitcoin::taproot::{LeafVersion, TaprootBuilder};
use bitcoin::{
    Amount, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, script, transaction,
};
use consensus::script::{ConsensusScriptError, ScriptError, ScriptFlags, SpendingTransaction, verify_script};
use serde_json::Value;

use crate::{assembly, flags, text, vectors};

/// Nobody knows this key's secret (BIP 341).
const NOBODYS_KEY: &str = "50929b74c1a04954b78b4b6035e97a5e078a5a0f28ec96d547bfee9ace803ac0";

/// What is left after so many elements of a witness.
const SCRIPT: &str = "#SCRIPT#";
const CONTROL: &str = "#CONTROLBLOCK#";
const OUTPUT: &str = "#TAPROOTOUTPUT#";

fn error(name: &str) -> Result<(), ScriptError> {
    Err(match name {
        "OK" => return Ok(()),
        // This one had no name yet.
        "SCRIPTNUM" | "UNKNOWN_ERROR" => ScriptError::Unknown,
        "EVAL_FALSE" => ScriptError::EvalFalse,
        "EQUALVERIFY" => ScriptError::EqualVerify,
        "VERIFY" => ScriptError::Verify,
        "CHECKSIGVERIFY" => ScriptError::CheckSigVerify,
        "CHECKMULTISIGVERIFY" => ScriptError::CheckMultisigVerify,
        "NUMEQUALVERIFY" => ScriptError::NumEqualVerify,
        "OP_RETURN" => ScriptError::OpReturn,
        "SCRIPT_SIZE" => ScriptError::ScriptSize,
        "PUSH_SIZE" => ScriptError::PushSize,
        "OP_COUNT" => ScriptError::OpCount,
        "STACK_SIZE" => ScriptError::StackSize,
        "SIG_COUNT" => ScriptError::SigCount,
        "PUBKEY_COUNT" => ScriptError::PubkeyCount,
        "BAD_OPCODE" => ScriptError::BadOpcode,
        "DISABLED_OPCODE" => ScriptError::DisabledOpcode,
        "INVALID_STACK_OPERATION" => ScriptError::InvalidStackOperation,
        "INVALID_ALTSTACK_OPERATION" => ScriptError::InvalidAltstackOperation,
        "UNBALANCED_CONDITIONAL" => ScriptError::UnbalancedConditional,
        "NEGATIVE_LOCKTIME" => ScriptError::NegativeLockTime,
        "UNSATISFIED_LOCKTIME" => ScriptError::UnsatisfiedLockTime,
        "SIG_HASHTYPE" => ScriptError::SigHashType,
        "SIG_DER" => ScriptError::SigDer,
        "MINIMALDATA" => ScriptError::MinimalData,
        "SIG_PUSHONLY" => ScriptError::SigPushOnly,
        "SIG_HIGH_S" => ScriptError::SigHighS,
        "SIG_NULLDUMMY" => ScriptError::SigNullDummy,
        // This one was not told from other keys yet.
        "PUBKEYTYPE" | "TAPSCRIPT_EMPTY_PUBKEY" => ScriptError::PubkeyType,
        "CLEANSTACK" => ScriptError::CleanStack,
        "MINIMALIF" => ScriptError::MinimalIf,
        "NULLFAIL" => ScriptError::SigNullFail,
        "DISCOURAGE_UPGRADABLE_NOPS" => ScriptError::DiscourageUpgradableNops,
        "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM" => ScriptError::DiscourageUpgradableWitnessProgram,
        "WITNESS_PROGRAM_WRONG_LENGTH" => ScriptError::WitnessProgramWrongLength,
        "WITNESS_PROGRAM_WITNESS_EMPTY" => ScriptError::WitnessProgramWitnessEmpty,
        "WITNESS_PROGRAM_MISMATCH" => ScriptError::WitnessProgramMismatch,
        "WITNESS_MALLEATED" => ScriptError::WitnessMalleated,
        "WITNESS_MALLEATED_P2SH" => ScriptError::WitnessMalleatedP2sh,
        "WITNESS_UNEXPECTED" => ScriptError::WitnessUnexpected,
        "WITNESS_PUBKEYTYPE" => ScriptError::WitnessPubkeyType,
        name => panic!("an error {name}"),
    })
}

/// A row of the file.
struct Vector {
    witness: Witness,
    amount: Amount,
    script_sig: ScriptBuf,
    script_pubkey: ScriptBuf,
    flags: ScriptFlags,
    expected: Result<(), ScriptError>,
}

impl Vector {
    fn read(row: &[Value]) -> Self {
        let (witness, row) = match &row[0] {
            Value::Array(witness) => (witness.as_slice(), &row[1..]),
            _ => (&[][..], row),
        };
        let mut elements = Vec::new();
        let mut amount = Amount::ZERO;
        let mut script_pubkey = text(&row[1]).to_owned();
        let mut control = None;
        for element in witness {
            match element {
                Value::Number(coins) => {
                    amount = Amount::from_str_in(&coins.to_string(), bitcoin::Denomination::Bitcoin)
                        .expect("coins");
                }
                element if text(element) == CONTROL => {
                    elements.push(control.take().expect("there is a script"));
                }
                element => match text(element).strip_prefix(SCRIPT) {
                    Some(source) => {
                        let script = assembly::parse(source);
                        let (block, key) = taproot(&script);
                        control = Some(block);
                        script_pubkey = script_pubkey.replace(OUTPUT, &format!("0x{key}"));
                        elements.push(script.into_bytes());
                    }
                    None => elements.push(Vec::from_hex(text(element)).expect("hexadecimal")),
                },
            }
        }
        let script_pubkey = assembly::parse(&script_pubkey);
        let script_sig = assembly::parse(text(&row[0]));
        let revealed = match elements.last() {
            Some(script) => script.as_slice(),
            // These have one push.
            None if script_pubkey.is_p2sh() => &script_sig.as_bytes()[1..],
            None => script_pubkey.as_bytes(),
        };
        let expected = match error(text(&row[3])) {
            // An `OP_IF` that has nothing to decide by had the other reason.
            Err(ScriptError::InvalidStackOperation) if matches!(revealed, [0x63 | 0x64, ..]) => {
                Err(ScriptError::UnbalancedConditional)
            }
            expected => expected,
        };
        Self {
            witness: Witness::from_slice(&elements),
            amount,
            script_sig,
            script_pubkey,
            flags: flags::filled(flags::parse(text(&row[2]))),
            expected,
        }
    }

    /// A transaction whose one output has the script.
    fn credit(&self) -> Transaction {
        let input = TxIn {
            previous_output: OutPoint::null(),
            script_sig: script::Builder::new().push_int(0).push_int(0).into_script(),
            sequence: Sequence::MAX,
            witness: Witness::new(),
        };
        let output = TxOut {
            value: self.amount,
            script_pubkey: self.script_pubkey.clone(),
        };
        transaction(input, output)
    }

    /// A transaction that spends it.
    fn spend(&self, credit: &Transaction) -> Transaction {
        let input = TxIn {
            previous_output: OutPoint::new(credit.compute_txid(), 0),
            script_sig: self.script_sig.clone(),
            sequence: Sequence::MAX,
            witness: self.witness.clone(),
        };
        let output = TxOut {
            value: self.amount,
            script_pubkey: ScriptBuf::new(),
        };
        transaction(input, output)
    }
}

fn transaction(input: TxIn, output: TxOut) -> Transaction {
    Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    }
}

/// What proves a script, and the output's key.
fn taproot(script: &Script) -> (Vec<u8>, XOnlyPublicKey) {
    let secp = Secp256k1::verification_only();
    let spend = TaprootBuilder::new()
        .add_leaf(0, script.to_owned())
        .expect("it is the only leaf")
        .finalize(&secp, NOBODYS_KEY.parse().expect("a key"))
        .expect("the tree is whole");
    let leaf = (script.to_owned(), LeafVersion::TapScript);
    let control = spend.control_block(&leaf).expect("it is the leaf");
    (control.serialize(), spend.output_key().to_x_only_public_key())
}

#[test]
fn scripts_fail_for_the_reasons_that_upstream_gives() {
    for (number, row) in vectors("script_tests.json.gz").iter().enumerate() {
        let vector = Vector::read(row);
        let credit = vector.credit();
        let spend = vector.spend(&credit);
        let spending = SpendingTransaction::new(&spend, &credit.output).expect("one of each");
        let checker = spending.checker(0).expect("there is one");
        let run = |flags| {
            verify_script(
                &vector.script_sig,
                &vector.script_pubkey,
                &vector.witness,
                flags,
                &checker,
            )
        };
        assert_eq!(run(vector.flags), vector.expected, "{row:?}");

        // Rules only forbid: with fewer of them what is valid stays so, and with more what is invalid.
        for round in 0..32_u32 {
            let chosen = flags::all().enumerate().filter(|(place, _)| {
                let mixed = (round + 1).wrapping_mul(0x9e37_79b9) ^ u32::try_from(number).expect("small");
                mixed.rotate_left(u32::try_from(*place).expect("small")) & 1 == 1
            });
            let chosen = chosen.fold(ScriptFlags::NONE, |flags, (_, flag)| flags | flag);
            let other = match vector.expected {
                Ok(()) => flags::trimmed(vector.flags.without(chosen)),
                Err(_) => flags::filled(vector.flags | chosen),
            };
            assert_eq!(run(other).is_ok(), vector.expected.is_ok(), "{other:?}: {row:?}");
            for flags in [other, vector.flags] {
                let library = spending.verify_consensus(0, flags);
                let interpreter = run(flags).map_err(ConsensusScriptError::Refused);
                assert_eq!(interpreter, library, "{flags:?}: {row:?}");
            }
        }
    }
}
