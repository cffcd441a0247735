//! What an input's script and witness, complete or not, tell of how it is signed.

use std::cell::RefCell;

use bitcoin::script::Instruction;
use bitcoin::{Script, ScriptBuf, TxIn, Witness};
use consensus::script::{
    ExecutionData, ScriptError, ScriptFlags, SignatureChecker, SignatureVersion, verify_script,
};
use encoding::ScriptKind;

use crate::data::{SignatureData, Signatures};
use crate::keys::key_id;

/// Keeps the signatures that are valid.
struct Collector<'a> {
    checker: &'a dyn SignatureChecker,
    found: RefCell<Signatures>,
}

impl SignatureChecker for Collector<'_> {
    fn check_ecdsa(
        &self,
        signature: &[u8],
        key: &[u8],
        script_code: &Script,
        version: SignatureVersion,
    ) -> bool {
        let is_valid = self.checker.check_ecdsa(signature, key, script_code, version);
        if is_valid {
            let pair = (key.to_vec(), signature.to_vec());
            self.found.borrow_mut().entry(key_id(key)).or_insert(pair);
        }
        is_valid
    }

    fn check_schnorr(
        &self,
        signature: &[u8],
        key: &[u8; 32],
        version: SignatureVersion,
        execution: &ExecutionData,
    ) -> Result<(), ScriptError> {
        self.checker.check_schnorr(signature, key, version, execution)
    }

    fn check_lock_time(&self, lock_time: i64) -> bool {
        self.checker.check_lock_time(lock_time)
    }

    fn check_sequence(&self, sequence: i64) -> bool {
        self.checker.check_sequence(sequence)
    }
}

/// Reads scripts and signatures out of an input that spends an output with this script.
#[must_use]
pub fn data_of_input(input: &TxIn, script: &Script, checker: &dyn SignatureChecker) -> SignatureData {
    let collector = Collector {
        checker,
        found: RefCell::default(),
    };
    let verdict = verify_script(
        &input.script_sig,
        script,
        &input.witness,
        ScriptFlags::STANDARD,
        &collector,
    );
    let mut data = SignatureData {
        is_complete: verdict.is_ok(),
        script_sig: input.script_sig.clone(),
        witness: input.witness.to_vec(),
        ..SignatureData::default()
    };
    if !data.is_complete {
        read_scripts(&mut data, script, &input.witness, &collector);
    }
    data.signatures = collector.found.into_inner();
    data
}

fn read_scripts(data: &mut SignatureData, script: &Script, witness: &Witness, collector: &Collector<'_>) {
    let mut stack = pushes(&data.script_sig);
    let mut script = script.to_owned();
    let mut version = SignatureVersion::Base;
    if matches!(ScriptKind::of(&script), ScriptKind::ScriptHash(_))
        && let Some(last) = stack.pop_if(|last| !last.is_empty())
    {
        script = ScriptBuf::from(last);
        data.redeem_script = Some(script.clone());
    }
    if matches!(ScriptKind::of(&script), ScriptKind::WitnessScriptHash(_)) {
        let mut items = witness.to_vec();
        if let Some(last) = items.pop_if(|last| !last.is_empty()) {
            script = ScriptBuf::from(last);
            data.witness_script = Some(script.clone());
            stack = items;
            version = SignatureVersion::WitnessV0;
        }
    }
    if let ScriptKind::Multisig { keys, .. } = ScriptKind::of(&script) {
        let mut next = 0;
        for signature in &stack {
            let found = keys.iter().enumerate().skip(next).find(|(_, key)| {
                collector.found.borrow().contains_key(&key_id(key))
                    || collector.check_ecdsa(signature, key, &script, version)
            });
            if let Some((index, _)) = found {
                next = index + 1;
            }
        }
    }
}

/// What a script of pushes leaves on the stack, up to the first operation that is none.
fn pushes(script: &Script) -> Vec<Vec<u8>> {
    let pushed = script
        .instructions()
        .map_while(|instruction| match instruction.ok()? {
            Instruction::PushBytes(bytes) => Some(bytes.as_bytes().to_vec()),
            Instruction::Op(opcode) => match opcode.to_u8() {
                number @ 0x51..=0x60 => Some(vec![number - 0x50]),
                0x4f => Some(vec![0x81]),
                _ => None,
            },
        });
    pushed.collect()
}
