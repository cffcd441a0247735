//! Commands for inputs, lock time and version, and those that remove.

use bitcoin::absolute::LockTime;
use bitcoin::transaction::Version;
use bitcoin::{OutPoint, Sequence, TxIn};
use consensus::limits::{MAX_BLOCK_WEIGHT, WITNESS_SCALE_FACTOR};

use super::Workbench;
use crate::error::TxError;

/// The highest version that nodes relay.
const MAX_VERSION: i32 = 2;

/// The shortest output, in bytes.
const MIN_OUTPUT_SIZE: u64 = 9;

/// More outputs than this fit into no block.
const MAX_VOUT: u64 = MAX_BLOCK_WEIGHT / (WITNESS_SCALE_FACTOR * MIN_OUTPUT_SIZE);

pub(super) fn set_version(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let version = value
        .parse()
        .ok()
        .filter(|version| (1..=MAX_VERSION).contains(version));
    let version = version.ok_or_else(|| TxError::Version(value.to_owned()))?;
    workbench.transaction.version = Version(version);
    Ok(())
}

pub(super) fn set_lock_time(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let time = value.parse().map_err(|_| TxError::LockTime(value.to_owned()))?;
    workbench.transaction.lock_time = LockTime::from_consensus(time);
    Ok(())
}

/// The place that a text names in a list of this length.
fn index(value: &str, length: usize) -> Option<usize> {
    value.parse().ok().filter(|index| *index < length)
}

pub(super) fn make_replaceable(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let inputs = &mut workbench.transaction.input;
    let chosen = if value.is_empty() {
        0..inputs.len()
    } else {
        let index = index(value, inputs.len()).ok_or_else(|| TxError::InputIndex(value.to_owned()))?;
        index..index + 1
    };
    for input in &mut inputs[chosen] {
        input.sequence = input.sequence.min(Sequence::ENABLE_RBF_NO_LOCKTIME);
    }
    Ok(())
}

pub(super) fn remove_input(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let inputs = &mut workbench.transaction.input;
    let index = index(value, inputs.len()).ok_or_else(|| TxError::InputIndex(value.to_owned()))?;
    inputs.remove(index);
    Ok(())
}

pub(super) fn remove_output(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let outputs = &mut workbench.transaction.output;
    let index = index(value, outputs.len()).ok_or_else(|| TxError::OutputIndex(value.to_owned()))?;
    outputs.remove(index);
    Ok(())
}

pub(super) fn add_input(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let mut parts = value.split(':');
    let txid = parts.next().unwrap_or_default();
    let vout = parts.next().ok_or(TxError::InputSeparator)?;
    let txid = txid.parse().map_err(|_| TxError::InputTxid)?;
    let number = vout
        .parse::<u32>()
        .ok()
        .filter(|vout| u64::from(*vout) <= MAX_VOUT);
    let number = number.ok_or_else(|| TxError::InputVout(vout.to_owned()))?;
    let sequence = match parts.next() {
        None => Sequence::MAX,
        Some(text) => Sequence(trimmed_number(text).ok_or_else(|| TxError::Sequence(text.to_owned()))?),
    };
    workbench.transaction.input.push(TxIn {
        previous_output: OutPoint::new(txid, number),
        sequence,
        ..TxIn::default()
    });
    Ok(())
}

/// A number of digits alone, with spaces around.
pub(super) fn trimmed_number(text: &str) -> Option<u32> {
    let digits = text.trim_matches([' ', '\u{c}', '\n', '\r', '\t', '\u{b}']);
    let are_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    are_digits.then(|| digits.parse().ok()).flatten()
}
