//! How a coinbase commits to the witnesses of its block (BIP 141).

use bitcoin::hashes::{Hash, HashEngine, sha256d};
use bitcoin::script::{Builder, PushBytes};
use bitcoin::{ScriptBuf, Transaction, TxMerkleNode};

use super::hashed::witness_root;
use super::{Block, BlockError, HashedBlock};

/// What miners put into the coinbase's witness.
pub const WITNESS_RESERVED_VALUE: [u8; 32] = [0; 32];

/// What the script of the output with the commitment begins with.
const PREFIX: [u8; 6] = [0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];

/// The commitment to the witnesses of these transactions, of which the first is the coinbase and counts as zero.
#[must_use]
pub fn witness_commitment(transactions: &[Transaction], reserved_value: &[u8; 32]) -> [u8; 32] {
    commitment(witness_root(transactions), reserved_value)
}

fn commitment(witness_root: TxMerkleNode, reserved_value: &[u8; 32]) -> [u8; 32] {
    let mut engine = sha256d::Hash::engine();
    engine.input(witness_root.as_byte_array());
    engine.input(reserved_value);
    sha256d::Hash::from_engine(engine).to_byte_array()
}

/// The script of an output with a commitment, and with data of Syscoin's after it if there is any.
///
/// # Panics
/// If there are more than 2^32 bytes of data.
#[must_use]
pub fn commitment_script(commitment: &[u8; 32], data: &[u8]) -> ScriptBuf {
    let mut script = [PREFIX.as_slice(), commitment].concat();
    if !data.is_empty() {
        let push = <&PushBytes>::try_from(data).expect("a block's data is far below 2^32 bytes");
        script.extend(Builder::new().push_slice(push).as_bytes());
    }
    script.into()
}

/// The coinbase's output with the commitment: the last one that looks like one.
#[must_use]
pub fn witness_commitment_index(coinbase: &Transaction) -> Option<usize> {
    coinbase.output.iter().rposition(|output| {
        let script = output.script_pubkey.as_bytes();
        script.len() >= PREFIX.len() + 32 && script.starts_with(&PREFIX)
    })
}

/// Checks that a block's coinbase commits to its witnesses, or that there are none.
pub(super) fn check_witnesses(block: &HashedBlock<'_>, is_segwit_active: bool) -> Result<(), BlockError> {
    let Some(coinbase) = block.transactions.first().filter(|_coinbase| is_segwit_active) else {
        return check_no_witnesses(block);
    };
    let Some(index) = witness_commitment_index(coinbase) else {
        return check_no_witnesses(block);
    };
    let witness = coinbase
        .input
        .first()
        .map(|input| &input.witness)
        .filter(|witness| witness.len() == 1);
    let reserved_value = witness
        .and_then(|witness| witness.last())
        .and_then(|value| <&[u8; 32]>::try_from(value).ok())
        .ok_or(BlockError::WitnessReservedValue)?;
    let commitment = commitment(block.witness_root(), reserved_value);
    if coinbase.output[index].script_pubkey.as_bytes()[PREFIX.len()..][..32] != commitment {
        return Err(BlockError::WitnessCommitment);
    }
    Ok(())
}

fn check_no_witnesses(block: &Block) -> Result<(), BlockError> {
    let mut inputs = block
        .transactions
        .iter()
        .flat_map(|transaction| &transaction.input);
    match inputs.any(|input| !input.witness.is_empty()) {
        true => Err(BlockError::UnexpectedWitness),
        false => Ok(()),
    }
}
