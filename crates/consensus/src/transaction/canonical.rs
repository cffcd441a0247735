//! The one way to say where tokens go, which must be kept to since ChainLocks have receipts.
//!
//! Before, an allocation could be written in several ways that mean the same, or name an output more than once.

use std::collections::BTreeSet;

use bitcoin::consensus::encode::{VarInt, serialize};
use bitcoin::opcodes::all::{OP_PUSHDATA4, OP_RETURN};
use bitcoin::{Script, Transaction};

use super::asset::{AssetAllocation, WITNESS_COMMITMENT, data_output, syscoin_data};
use super::{AssetParseError, TokenError, TransactionKind, nevm_destination, parse_allocation};
use crate::compact::{compress_amount, write_number};
use crate::script::Operations;

/// Bytes of an address of the NEVM.
const DESTINATION: usize = 20;

/// What a transaction that moves tokens to the NEVM has fewer of.
const MAX_INPUTS: usize = 100;
const MAX_OUTPUTS: usize = 10;

/// Checks how a transaction of tokens says where they go: upstream's `CheckAssetAllocationCanonical`.
///
/// # Errors
/// [`TokenError`] with the first rule that is broken.
pub(super) fn check_canonical(transaction: &Transaction, kind: TransactionKind) -> Result<(), TokenError> {
    let allocation = parse_allocation(transaction)?;
    let goes_to_nevm = kind == TransactionKind::AssetToNevm;
    if (goes_to_nevm || kind == TransactionKind::AssetMint) && allocation.assets.len() != 1 {
        return Err(TokenError::SingleAsset);
    }
    if goes_to_nevm {
        let place = data_output(transaction).ok_or(AssetParseError::Unknown)?;
        if !is_pushed_alone(&transaction.output[place].script_pubkey) {
            return Err(TokenError::NotCanonicalScript);
        }
    }
    check_each_once(&allocation)?;
    if goes_to_nevm {
        check_destination(transaction, &allocation)?;
    }
    Ok(())
}

/// Checks that a transaction that moves tokens to the NEVM is small enough for who reads it there.
pub(super) fn check_size(transaction: &Transaction) -> Result<(), TokenError> {
    if transaction.input.len() >= MAX_INPUTS {
        return Err(TokenError::TooManyInputs);
    }
    if transaction.output.len() >= MAX_OUTPUTS {
        return Err(TokenError::TooManyOutputs);
    }
    Ok(())
}

/// Whether a script pushes data after its `OP_RETURN`, and after a witness commitment if that comes first, and ends there.
fn is_pushed_alone(script: &Script) -> bool {
    let mut operations = Operations::new(script);
    let begins = operations.next().map(|operation| operation.opcode);
    let mut push = || {
        let operation = operations.next()?;
        (operation.opcode <= OP_PUSHDATA4.to_u8()).then_some(operation.data)
    };
    let mut last = push();
    if last.is_some_and(|data| data.len() >= 36 && data.starts_with(&WITNESS_COMMITMENT)) {
        last = push();
    }
    begins == Some(OP_RETURN.to_u8()) && last.is_some() && operations.is_at_end()
}

/// Each kind is named once, and each output.
fn check_each_once(allocation: &AssetAllocation) -> Result<(), TokenError> {
    let (mut assets, mut outputs) = (BTreeSet::new(), BTreeSet::new());
    for asset in &allocation.assets {
        if asset.asset == 0 {
            return Err(TokenError::NullAsset);
        }
        if !assets.insert(asset.asset) {
            return Err(TokenError::DuplicateAsset);
        }
        for output in &asset.outputs {
            if !outputs.insert(output.index) {
                return Err(TokenError::DuplicateOutput);
            }
        }
    }
    Ok(())
}

/// There is an address of the NEVM, and nothing else, behind an allocation that is written in the one way.
fn check_destination(transaction: &Transaction, allocation: &AssetAllocation) -> Result<(), TokenError> {
    let destination = nevm_destination(transaction)
        .filter(|destination| destination.len() == DESTINATION)
        .ok_or(TokenError::Destination)?;
    if destination.iter().all(|byte| *byte == 0) {
        return Err(TokenError::NullDestination);
    }
    let mut data = written(allocation);
    data.extend(serialize(&VarInt::from(DESTINATION)));
    data.extend_from_slice(destination);
    if syscoin_data(transaction) != Some(&data[..]) {
        return Err(TokenError::NotCanonicalEncoding);
    }
    Ok(())
}

/// An allocation's bytes.
fn written(allocation: &AssetAllocation) -> Vec<u8> {
    let count = |count: usize| serialize(&VarInt::from(count));
    let mut bytes = count(allocation.assets.len());
    for asset in &allocation.assets {
        write_number(asset.asset, &mut bytes);
        bytes.extend(count(asset.outputs.len()));
        for output in &asset.outputs {
            bytes.extend(serialize(&VarInt(output.index.into())));
            write_number(compress_amount(output.value), &mut bytes);
        }
    }
    bytes
}
