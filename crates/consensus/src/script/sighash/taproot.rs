//! What taproot inputs sign.

use bitcoin::TapSighash;
use bitcoin::hashes::{Hash, HashEngine};

use super::{hash_all, write};
use crate::script::SpendingTransaction;
use crate::script::checker::ExecutionData;
use crate::script::interpreter::SignatureVersion;

/// Keys of this version are all that there are in scripts.
const KEY_VERSION: u8 = 0;

/// The bit of a hash type with which only the own input is signed.
const ANYONE_CAN_PAY: u8 = 0x80;

/// The lower bits of a hash type.
const OUTPUTS: u8 = 3;
const OUTPUTS_NONE: u8 = 2;
const OUTPUTS_SINGLE: u8 = 3;

/// What a taproot input signs; `None` if there is no such hash type, or no output that it would sign.
///
/// # Consensus
/// BIP 341 <https://bips.dev/341/>, and BIP 342 for scripts.
///
/// # Panics
/// If the transaction has no such input.
pub(crate) fn taproot_hash(
    spending: &SpendingTransaction<'_>,
    input: usize,
    hash_type: u8,
    version: SignatureVersion,
    execution: &ExecutionData,
) -> Option<TapSighash> {
    if !matches!(hash_type, 0..=3 | 0x81..=0x83) {
        return None;
    }
    let transaction = spending.transaction();
    let parts = spending.parts();
    let signed = &transaction.input[input];
    let anyone_can_pay = hash_type & ANYONE_CAN_PAY != 0;
    let mut engine = TapSighash::engine();
    // The epoch.
    engine.input(&[0, hash_type]);
    write(&mut engine, &transaction.version);
    write(&mut engine, &transaction.lock_time);
    if !anyone_can_pay {
        for part in [parts.prevouts, parts.amounts, parts.scripts, parts.sequences] {
            engine.input(part.as_byte_array());
        }
    }
    let outputs = hash_type & OUTPUTS;
    if !matches!(outputs, OUTPUTS_NONE | OUTPUTS_SINGLE) {
        engine.input(parts.outputs.as_byte_array());
    }
    let is_script = version == SignatureVersion::Tapscript;
    engine.input(&[u8::from(is_script) << 1 | u8::from(execution.annex_hash.is_some())]);
    if anyone_can_pay {
        write(&mut engine, &signed.previous_output);
        write(&mut engine, &spending.spent()[input]);
        write(&mut engine, &signed.sequence);
    } else {
        let place = u32::try_from(input).expect("transactions have not so many inputs");
        write(&mut engine, &place);
    }
    if let Some(annex_hash) = execution.annex_hash {
        engine.input(annex_hash.as_byte_array());
    }
    if outputs == OUTPUTS_SINGLE {
        engine.input(hash_all([transaction.output.get(input)?]).as_byte_array());
    }
    if is_script {
        engine.input(execution.leaf_hash.as_byte_array());
        engine.input(&[KEY_VERSION]);
        write(&mut engine, &execution.separator);
    }
    Some(TapSighash::from_engine(engine))
}
