//! The functions of `native/prepared.cpp`, and what keeps them safe to call.
#![expect(unsafe_code, reason = "the library is C++")]

use std::ffi::{CStr, c_char};
use std::ptr::{self, NonNull};

use bitcoin::TxOut;
// The functions call the code that this crate compiles.
use bitcoinconsensus as _;

use super::ConsensusScriptError;
use crate::script::{ScriptError, ScriptFlags};

/// An output that is spent, as the library takes it.
#[repr(C)]
struct Output {
    script: *const u8,
    script_size: usize,
    amount: i64,
}

/// A transaction that the library has read.
#[repr(C)]
struct Prepared {
    _opaque: [u8; 0],
}

unsafe extern "C" {
    fn consensus_prepare(
        bytes: *const u8,
        size: usize,
        outputs: *const Output,
        outputs_size: usize,
        prepared: *mut *mut Prepared,
    ) -> i32;
    fn consensus_verify(prepared: *const Prepared, input: usize, flags: u32) -> i32;
    fn consensus_discard(prepared: *mut Prepared);
    fn consensus_sha256() -> *const c_char;
}

/// What [`consensus_prepare`] says.
const PREPARED: i32 = 0;
const NO_TRANSACTION: i32 = 1;
const TRAILING_BYTES: i32 = 2;
const OTHER_NUMBER_OF_OUTPUTS: i32 = 3;

/// What the library computes SHA-256 by, in Core's words: `x86_shani(1way,2way)` where the processor has instructions for
/// it, and `standard` where nothing but C++ is there.
#[must_use]
pub fn sha256_implementation() -> &'static str {
    // SAFETY: it takes nothing, and what it returns is a text that lives for ever.
    let text = unsafe { CStr::from_ptr(consensus_sha256()) };
    text.to_str().unwrap_or_default()
}

/// A transaction that the library has read, and the outputs that it spends.
#[derive(Debug)]
pub(super) struct Handle(NonNull<Prepared>);

// SAFETY: what the handle stands for belongs to no thread, and only the handle has it.
unsafe impl Send for Handle {}

// SAFETY: `consensus_verify` changes nothing of what the handle stands for.
unsafe impl Sync for Handle {}

impl Handle {
    pub(super) fn new(transaction: &[u8], spent: &[TxOut]) -> Result<Self, ConsensusScriptError> {
        let outputs: Vec<Output> = spent.iter().map(to_library).collect();
        let mut prepared = ptr::null_mut();
        // SAFETY: all pointers are of slices that live longer than the call, with their sizes, and the function copies
        // what it keeps. It writes the last one only if it returns `PREPARED`.
        let outcome = unsafe {
            consensus_prepare(
                transaction.as_ptr(),
                transaction.len(),
                outputs.as_ptr(),
                outputs.len(),
                &raw mut prepared,
            )
        };
        match outcome {
            PREPARED => Ok(Self(NonNull::new(prepared).expect("it was prepared"))),
            NO_TRANSACTION => Err(ConsensusScriptError::Transaction),
            TRAILING_BYTES => Err(ConsensusScriptError::TrailingBytes),
            OTHER_NUMBER_OF_OUTPUTS => Err(ConsensusScriptError::SpentOutputs),
            _ => panic!("the script library has not the memory for a transaction"),
        }
    }

    /// Runs the scripts of an input, which must be one of the transaction's, with rules that stand on each other.
    pub(super) fn verify(&self, input: usize, flags: ScriptFlags) -> Result<(), ScriptError> {
        // SAFETY: the handle was prepared and not discarded; the caller has found the input to be there.
        let number = unsafe { consensus_verify(self.0.as_ptr(), input, flags.bits()) };
        let Ok(number) = usize::try_from(number) else {
            panic!("the script library has not the memory for a script");
        };
        match number.checked_sub(1) {
            None => Ok(()),
            Some(place) => Err(ERRORS.get(place).copied().unwrap_or(ScriptError::Unknown)),
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle was prepared, and is not used after this.
        unsafe { consensus_discard(self.0.as_ptr()) }
    }
}

/// An output as the library takes it, which must not outlive the output.
fn to_library(output: &TxOut) -> Output {
    let script = output.script_pubkey.as_bytes();
    Output {
        script: script.as_ptr(),
        script_size: script.len(),
        amount: output.value.to_sat().cast_signed(),
    }
}

/// The library's errors by their numbers, from 1 on.
const ERRORS: [ScriptError; 52] = [
    ScriptError::Unknown,
    ScriptError::EvalFalse,
    ScriptError::OpReturn,
    ScriptError::ScriptSize,
    ScriptError::PushSize,
    ScriptError::OpCount,
    ScriptError::StackSize,
    ScriptError::SigCount,
    ScriptError::PubkeyCount,
    ScriptError::Verify,
    ScriptError::EqualVerify,
    ScriptError::CheckMultisigVerify,
    ScriptError::CheckSigVerify,
    ScriptError::NumEqualVerify,
    ScriptError::BadOpcode,
    ScriptError::DisabledOpcode,
    ScriptError::InvalidStackOperation,
    ScriptError::InvalidAltstackOperation,
    ScriptError::UnbalancedConditional,
    ScriptError::NegativeLockTime,
    ScriptError::UnsatisfiedLockTime,
    ScriptError::SigHashType,
    ScriptError::SigDer,
    ScriptError::MinimalData,
    ScriptError::SigPushOnly,
    ScriptError::SigHighS,
    ScriptError::SigNullDummy,
    ScriptError::PubkeyType,
    ScriptError::CleanStack,
    ScriptError::MinimalIf,
    ScriptError::SigNullFail,
    ScriptError::DiscourageUpgradableNops,
    ScriptError::DiscourageUpgradableWitnessProgram,
    ScriptError::DiscourageUpgradableTaprootVersion,
    ScriptError::DiscourageOpSuccess,
    ScriptError::DiscourageUpgradablePubkeyType,
    ScriptError::WitnessProgramWrongLength,
    ScriptError::WitnessProgramWitnessEmpty,
    ScriptError::WitnessProgramMismatch,
    ScriptError::WitnessMalleated,
    ScriptError::WitnessMalleatedP2sh,
    ScriptError::WitnessUnexpected,
    ScriptError::WitnessPubkeyType,
    ScriptError::SchnorrSigSize,
    ScriptError::SchnorrSigHashType,
    ScriptError::SchnorrSig,
    ScriptError::TaprootWrongControlSize,
    ScriptError::TapscriptValidationWeight,
    ScriptError::TapscriptCheckMultisig,
    ScriptError::TapscriptMinimalIf,
    ScriptError::OpCodeSeparator,
    ScriptError::SigFindAndDelete,
];

#[cfg(test)]
mod tests {
    use super::sha256_implementation;

    #[test]
    fn hashes_are_computed_by_the_processor_where_it_can() {
        let text = sha256_implementation();
        #[cfg(all(target_arch = "x86_64", not(target_env = "msvc")))]
        if std::arch::is_x86_feature_detected!("sha") {
            assert_eq!(text, "x86_shani(1way,2way)");
        }
        assert!(!text.is_empty());
    }
}
