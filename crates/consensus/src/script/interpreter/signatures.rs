//! Operations that check signatures.

use bitcoin::Script;

use super::SignatureVersion;
use super::encoding::{check_key, check_signature, push};
use super::evaluation::Evaluation;
use super::number::{NUMBER_SIZE, read_number, write_bool, write_number};
use crate::script::sighash::find_and_delete;
use crate::script::{ScriptError, ScriptFlags};

/// How many keys an operation may have.
const KEYS: usize = 20;

/// How much weight a signature of a taproot script uses up.
const SIGNATURE_WEIGHT: i64 = 50;

impl Evaluation<'_> {
    pub(super) fn check_signature(&mut self, must_succeed: bool) -> Result<(), ScriptError> {
        self.need(2)?;
        let key = self.pop()?;
        let signature = self.pop()?;
        let is_valid = self.is_valid(&signature, &key)?;
        self.leave(is_valid, must_succeed, ScriptError::CheckSigVerify)
    }

    /// Adds 1 to a number for a signature that is valid (BIP 342).
    pub(super) fn add_signature(&mut self) -> Result<(), ScriptError> {
        if self.version != SignatureVersion::Tapscript {
            return Err(ScriptError::BadOpcode);
        }
        self.need(3)?;
        let number = read_number(self.top(2)?, NUMBER_SIZE, self.encoding())?;
        let key = self.pop()?;
        self.pop()?;
        let signature = self.pop()?;
        let is_valid = self.is_valid(&signature, &key)?;
        self.push(write_number(number + i64::from(is_valid)));
        Ok(())
    }

    /// Leaves a truth value, or fails instead of leaving false.
    fn leave(&mut self, is_valid: bool, must_succeed: bool, error: ScriptError) -> Result<(), ScriptError> {
        match (must_succeed, is_valid) {
            (false, _) => self.push(write_bool(is_valid)),
            (true, true) => (),
            (true, false) => return Err(error),
        }
        Ok(())
    }

    fn is_valid(&mut self, signature: &[u8], key: &[u8]) -> Result<bool, ScriptError> {
        if self.version == SignatureVersion::Tapscript {
            return self.is_valid_tapscript(signature, key);
        }
        let script_code = self.script_code(&[signature])?;
        check_signature(signature, self.flags)?;
        check_key(key, self.flags, self.version)?;
        let script_code = Script::from_bytes(&script_code);
        let is_valid = self
            .checker
            .check_ecdsa(signature, key, script_code, self.version);
        if !is_valid && self.flags.contains(ScriptFlags::NULLFAIL) && !signature.is_empty() {
            return Err(ScriptError::SigNullFail);
        }
        Ok(is_valid)
    }

    /// A signature that is not empty must be valid, but for keys of kinds that mean nothing yet.
    fn is_valid_tapscript(&mut self, signature: &[u8], key: &[u8]) -> Result<bool, ScriptError> {
        let is_there = !signature.is_empty();
        if is_there {
            self.execution.weight_left -= SIGNATURE_WEIGHT;
            if self.execution.weight_left < 0 {
                return Err(ScriptError::TapscriptValidationWeight);
            }
        }
        if key.is_empty() {
            return Err(ScriptError::PubkeyType);
        }
        match key.try_into() {
            Ok(key) if is_there => {
                self.checker
                    .check_schnorr(signature, key, self.version, self.execution)?;
            }
            Ok(_) => (),
            Err(_) if self.flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_PUBKEYTYPE) => {
                return Err(ScriptError::DiscourageUpgradablePubkeyType);
            }
            Err(_) => (),
        }
        Ok(is_there)
    }

    /// What signatures sign of the script: all since the last separator, and before witnesses without the signatures.
    fn script_code(&self, signatures: &[&[u8]]) -> Result<Vec<u8>, ScriptError> {
        let mut script = self.signed.to_vec();
        if self.version != SignatureVersion::Base {
            return Ok(script);
        }
        for signature in signatures {
            let Some(shorter) = find_and_delete(&script, &push(signature)) else {
                continue;
            };
            if self.flags.contains(ScriptFlags::CONST_SCRIPTCODE) {
                return Err(ScriptError::SigFindAndDelete);
            }
            script = shorter;
        }
        Ok(script)
    }

    /// A count on the stack that must be in a range.
    fn count(&self, number: usize, limit: usize, error: ScriptError) -> Result<usize, ScriptError> {
        let count = read_number(self.top(number)?, NUMBER_SIZE, self.encoding())?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= limit)
            .ok_or(error)
    }

    /// Checks that signatures are valid for some of the keys, in their order.
    ///
    /// From the top, the stack has the number of keys, the keys, the number of signatures, the signatures, and one element
    /// more that a bug of the first release takes off.
    pub(super) fn check_signatures(&mut self, must_succeed: bool) -> Result<(), ScriptError> {
        if self.version == SignatureVersion::Tapscript {
            return Err(ScriptError::TapscriptCheckMultisig);
        }
        let n_keys = self.count(1, KEYS, ScriptError::PubkeyCount)?;
        self.count_operations(n_keys)?;
        let n_signatures = self.count(n_keys + 2, n_keys, ScriptError::SigCount)?;
        let n_elements = n_keys + n_signatures + 2;
        self.need(n_elements + 1)?;
        let elements = self.stack.split_off(self.stack.len() - n_elements);
        let (signatures, rest) = elements.split_at(n_signatures);
        let keys = &rest[1..=n_keys];
        let is_valid = self.are_valid(signatures, keys)?;
        let are_null = signatures.iter().all(Vec::is_empty);
        if !is_valid && self.flags.contains(ScriptFlags::NULLFAIL) && !are_null {
            return Err(ScriptError::SigNullFail);
        }
        let dummy = self.pop()?;
        if self.flags.contains(ScriptFlags::NULLDUMMY) && !dummy.is_empty() {
            return Err(ScriptError::SigNullDummy);
        }
        self.leave(is_valid, must_succeed, ScriptError::CheckMultisigVerify)
    }

    /// Both are tried from the top of the stack on, and no more than are needed to know.
    fn are_valid(&self, signatures: &[Vec<u8>], keys: &[Vec<u8>]) -> Result<bool, ScriptError> {
        let from_top: Vec<&[u8]> = signatures.iter().rev().map(Vec::as_slice).collect();
        let script_code = self.script_code(&from_top)?;
        let script_code = Script::from_bytes(&script_code);
        let mut signatures = from_top.as_slice();
        let mut keys = keys;
        while let [signature, other_signatures @ ..] = signatures {
            let [other_keys @ .., key] = keys else {
                return Ok(false);
            };
            check_signature(signature, self.flags)?;
            check_key(key, self.flags, self.version)?;
            if self
                .checker
                .check_ecdsa(signature, key, script_code, self.version)
            {
                signatures = other_signatures;
            }
            keys = other_keys;
            if signatures.len() > keys.len() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
