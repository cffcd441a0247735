//! Making one transaction of several.

use std::collections::BTreeMap;

use bitcoin::Transaction;
use bitcoin::psbt::{Input, Psbt};

use super::PsbtError;

/// Makes one transaction of several, with all their inputs and outputs, without signatures. The highest version and the
/// lowest lock time stand. Inputs and outputs come in any order, so that it does not tell which were together:
/// `random_below` gives any number below another one.
///
/// # Errors
/// [`PsbtError::SharedInput`] if two have the same input.
pub fn join(psbts: Vec<Psbt>, mut random_below: impl FnMut(usize) -> usize) -> Result<Psbt, PsbtError> {
    let version = |psbt: &Psbt| psbt.unsigned_tx.version.0.cast_unsigned();
    let version = psbts.iter().map(version).max().unwrap_or(1).max(1);
    let lock_time = psbts
        .iter()
        .map(|psbt| psbt.unsigned_tx.lock_time.to_consensus_u32());
    let lock_time = lock_time.min().unwrap_or(u32::MAX);
    let mut joined = Psbt {
        unsigned_tx: Transaction {
            version: bitcoin::transaction::Version(version.cast_signed()),
            lock_time: bitcoin::absolute::LockTime::from_consensus(lock_time),
            input: Vec::new(),
            output: Vec::new(),
        },
        version: 0,
        xpub: BTreeMap::new(),
        proprietary: BTreeMap::new(),
        unknown: BTreeMap::new(),
        inputs: Vec::new(),
        outputs: Vec::new(),
    };
    let (mut inputs, mut outputs) = (Vec::new(), Vec::new());
    for psbt in psbts {
        for (input, known) in psbt.unsigned_tx.input.into_iter().zip(psbt.inputs) {
            if inputs.iter().any(|(other, _)| *other == input) {
                return Err(PsbtError::SharedInput(input.previous_output.to_string()));
            }
            inputs.push((input, without_signatures(known)));
        }
        outputs.extend(psbt.unsigned_tx.output.into_iter().zip(psbt.outputs));
        for (key, value) in psbt.unknown {
            joined.unknown.entry(key).or_insert(value);
        }
    }
    shuffle(&mut inputs, &mut random_below);
    shuffle(&mut outputs, &mut random_below);
    (joined.unsigned_tx.input, joined.inputs) = inputs.into_iter().unzip();
    (joined.unsigned_tx.output, joined.outputs) = outputs.into_iter().unzip();
    Ok(joined)
}

fn without_signatures(mut input: Input) -> Input {
    input.partial_sigs.clear();
    input.final_script_sig = None;
    input.final_script_witness = None;
    input
}

fn shuffle<T>(items: &mut [T], random_below: &mut impl FnMut(usize) -> usize) {
    for last in (1..items.len()).rev() {
        items.swap(last, random_below(last + 1).min(last));
    }
}
