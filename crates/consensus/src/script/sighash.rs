//! What signatures sign.

mod legacy;
mod taproot;

use bitcoin::consensus::Encodable;
use bitcoin::hashes::{Hash, HashEngine, sha256, sha256d};
use bitcoin::{Script, Transaction, TxOut};

pub(super) use legacy::find_and_delete;
pub use legacy::legacy_hash;
pub(super) use taproot::taproot_hash;

use super::SpendingTransaction;

/// The bit of a hash type with which only the own input is signed.
const ANYONE_CAN_PAY: u32 = 0x80;

/// Which outputs a hash type signs, by its lower bits. All that is not known signs all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SignedOutputs {
    All,
    None,
    /// The output that has the input's place.
    Single,
}

impl SignedOutputs {
    /// What a hash type of before taproot means.
    fn of(hash_type: u32) -> Self {
        match hash_type & 0x1f {
            2 => Self::None,
            3 => Self::Single,
            _ => Self::All,
        }
    }
}

/// Hashes that the inputs of a transaction sign, all of them the same.
#[derive(Debug)]
pub(super) struct Parts {
    /// The places of all outputs that are spent.
    prevouts: sha256::Hash,
    sequences: sha256::Hash,
    outputs: sha256::Hash,
    /// The amounts that are spent.
    amounts: sha256::Hash,
    /// The scripts of all outputs that are spent.
    scripts: sha256::Hash,
}

impl Parts {
    pub(super) fn new(transaction: &Transaction, spent: &[TxOut]) -> Self {
        Self {
            prevouts: hash_all(transaction.input.iter().map(|input| &input.previous_output)),
            sequences: hash_all(transaction.input.iter().map(|input| &input.sequence)),
            outputs: hash_all(&transaction.output),
            amounts: hash_all(spent.iter().map(|output| &output.value)),
            scripts: hash_all(spent.iter().map(|output| &output.script_pubkey)),
        }
    }
}

/// The hash of values one after the other.
fn hash_all<'v, E: Encodable + 'v>(values: impl IntoIterator<Item = &'v E>) -> sha256::Hash {
    let mut engine = sha256::Hash::engine();
    for value in values {
        write(&mut engine, value);
    }
    sha256::Hash::from_engine(engine)
}

/// Hashes a value as it is serialised.
fn write<H: HashEngine + bitcoin::io::Write>(engine: &mut H, value: &(impl Encodable + ?Sized)) {
    value
        .consensus_encode(engine)
        .expect("hash engines take all bytes");
}

/// The hash of a hash.
fn twice(hash: sha256::Hash) -> sha256d::Hash {
    sha256d::Hash::from_byte_array(sha256::Hash::hash(hash.as_byte_array()).to_byte_array())
}

/// What an input signs whose program is of version 0.
///
/// # Consensus
/// BIP 143 <https://bips.dev/143/>.
///
/// # Panics
/// If the transaction has no such input.
pub(super) fn witness_hash(
    spending: &SpendingTransaction<'_>,
    input: usize,
    script_code: &Script,
    hash_type: u32,
) -> sha256d::Hash {
    let transaction = spending.transaction();
    let parts = spending.parts();
    let anyone_can_pay = hash_type & ANYONE_CAN_PAY != 0;
    let outputs = SignedOutputs::of(hash_type);
    let signed = &transaction.input[input];
    let zero = sha256d::Hash::all_zeros();
    let mut engine = sha256d::Hash::engine();
    write(&mut engine, &transaction.version);
    engine.input(
        if anyone_can_pay {
            zero
        } else {
            twice(parts.prevouts)
        }
        .as_byte_array(),
    );
    let signs_sequences = !anyone_can_pay && outputs == SignedOutputs::All;
    engine.input(
        if signs_sequences {
            twice(parts.sequences)
        } else {
            zero
        }
        .as_byte_array(),
    );
    write(&mut engine, &signed.previous_output);
    write(&mut engine, script_code);
    write(&mut engine, &spending.spent()[input].value);
    write(&mut engine, &signed.sequence);
    let outputs = match (outputs, transaction.output.get(input)) {
        (SignedOutputs::All, _) => twice(parts.outputs),
        (SignedOutputs::Single, Some(output)) => twice(hash_all([output])),
        (SignedOutputs::Single, None) | (SignedOutputs::None, _) => zero,
    };
    engine.input(outputs.as_byte_array());
    write(&mut engine, &transaction.lock_time);
    write(&mut engine, &hash_type);
    sha256d::Hash::from_engine(engine)
}
