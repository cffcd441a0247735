//! What holds for a block whatever its chain is.

use super::signet::check_signature;
use super::{Block, BlockError, HashedBlock};
use crate::limits::{MAX_BLOCK_SIGOPS_COST, MAX_BLOCK_WEIGHT, MAX_NEVM_BLOCK_SIZE, WITNESS_SCALE_FACTOR};
use crate::network::Network;
use crate::params::Params;
use crate::pow::check_proof_of_work;
use crate::transaction::{check_transaction, legacy_sigops};
use crate::version;

/// Which of a block's checks are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockChecks {
    /// All of them.
    All,
    /// All but those of the work and of a signet's signature, which a miner has still to find.
    Proposal,
    /// All but those of what a miner has still to find: the work, a signet's signature and the merkle root.
    Template,
}

/// Checks what holds for a block whatever its chain is: upstream's `CheckBlock`.
///
/// # Errors
/// [`BlockError`] with the first rule that is broken.
pub fn check_block(block: &HashedBlock<'_>, checks: BlockChecks, params: &Params) -> Result<(), BlockError> {
    if checks == BlockChecks::All {
        check_proof_of_work(&block.header, params).map_err(BlockError::HighHash)?;
        check_signature(block, params)?;
    }
    if checks != BlockChecks::Template {
        check_merkle_root(block)?;
    }
    check_sizes(block, params)?;
    check_coinbase_place(block)?;
    for (transaction, txid) in block.transactions.iter().zip(block.txids()) {
        check_transaction(transaction).map_err(|error| BlockError::Transaction { txid: *txid, error })?;
    }
    let sigops: u64 = block.transactions.iter().map(legacy_sigops).sum();
    if sigops * WITNESS_SCALE_FACTOR > MAX_BLOCK_SIGOPS_COST {
        return Err(BlockError::SignatureOperations);
    }
    Ok(())
}

fn check_merkle_root(block: &HashedBlock<'_>) -> Result<(), BlockError> {
    let merkle = block.root();
    if merkle.root != block.header.pure().merkle_root {
        return Err(BlockError::MerkleRoot);
    }
    if merkle.is_mutated {
        return Err(BlockError::Duplicate);
    }
    Ok(())
}

/// The limits on sizes do not hold before the NEVM, except on regtest.
fn check_sizes(block: &Block, params: &Params) -> Result<(), BlockError> {
    let is_regtest = params.network == Network::Regtest;
    let is_nevm = version::is_nevm(block.header.pure().version);
    let count = block.transactions.len() as u64;
    let is_too_large = count * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT
        || block.base_size() * WITNESS_SCALE_FACTOR > MAX_BLOCK_WEIGHT;
    if (is_nevm || is_regtest) && (block.transactions.is_empty() || is_too_large) {
        return Err(BlockError::Length);
    }
    if is_nevm && block.nevm_data.is_empty() && !is_regtest {
        return Err(BlockError::NevmDataMissing);
    }
    if block.nevm_data.len() > MAX_NEVM_BLOCK_SIZE {
        return Err(BlockError::NevmDataSize);
    }
    Ok(())
}

fn check_coinbase_place(block: &Block) -> Result<(), BlockError> {
    match block.transactions.split_first() {
        Some((first, rest)) if first.is_coinbase() => {
            match rest.iter().any(bitcoin::Transaction::is_coinbase) {
                true => Err(BlockError::CoinbaseMultiple),
                false => Ok(()),
            }
        }
        _ => Err(BlockError::CoinbaseMissing),
    }
}
