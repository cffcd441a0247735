//! What holds for a block at its place in a chain.

use bitcoin::script::Builder;
use bitcoin::{BlockHash, Transaction};

use super::blob::check_blobs;
use super::quorum::check_commitment;
use super::witness::check_witnesses;
use super::{Block, BlockError, HashedBlock};
use crate::auxpow::{MERGED_MINING_HEADER, check_tag, tag_height};
use crate::limits::MAX_BLOCK_WEIGHT;
use crate::network::Network;
use crate::params::Params;
use crate::transaction::{TransactionKind, is_final};

/// The highest version of a coinbase without a quorum commitment, on regtest and since Nexus.
const MAX_COINBASE_VERSION: i32 = 2;

/// What a block's rules need to know of the chain that it extends.
#[derive(Clone, Copy)]
pub struct BlockContext<'a> {
    /// The block's height, which is above 0.
    pub height: u32,
    /// The median time of the eleven blocks before, in seconds since 1970.
    pub median_time_past: u32,
    /// Gives the hash of the block of a lower height.
    pub ancestor: &'a dyn Fn(u32) -> BlockHash,
}

/// Checks what holds for a block at its place in a chain: upstream's `ContextualCheckBlock`, with the rules of quorums on
/// a chain without masternodes, and of merge mining.
///
/// The block must have passed [`check_block`](super::check_block), and its header
/// [`check_header`](crate::header::check_header).
///
/// # Errors
/// [`BlockError`] with the first rule that is broken.
pub fn check_block_in_chain(
    block: &HashedBlock<'_>,
    context: &BlockContext<'_>,
    params: &Params,
) -> Result<(), BlockError> {
    let heights = &params.heights;
    let height = context.height;
    let time = if heights.csv.is_active(height) {
        context.median_time_past
    } else {
        block.header.pure().time
    };
    if !block
        .transactions
        .iter()
        .all(|transaction| is_final(transaction, height, time))
    {
        return Err(BlockError::NonFinal);
    }
    let coinbase = block.transactions.first().ok_or(BlockError::CoinbaseMissing)?;
    if heights.bip34.is_active(height) {
        check_coinbase_height(coinbase, height)?;
    }
    check_witnesses(block, heights.segwit.is_active(height))?;
    let has_weight_limit = params.network == Network::Regtest || heights.nevm.is_active(height);
    if has_weight_limit && block.weight() > MAX_BLOCK_WEIGHT {
        return Err(BlockError::Weight);
    }
    check_versions(block, coinbase, height, params)?;
    check_merge_mining(block, coinbase, context, params)?;
    check_blobs(block, height, params)?;
    check_commitment(coinbase, height, context.ancestor, params)?;
    Ok(())
}

/// Checks that the coinbase script begins with the block's height.
///
/// # Consensus
/// BIP 34 <https://bips.dev/34/>; heights up to 16 are pushed by the operations for such numbers.
fn check_coinbase_height(coinbase: &Transaction, height: u32) -> Result<(), BlockError> {
    let expected = Builder::new().push_int(height.into()).into_script();
    let script = coinbase
        .input
        .first()
        .map(|input| input.script_sig.as_bytes())
        .unwrap_or_default();
    if !script.starts_with(expected.as_bytes()) {
        return Err(BlockError::CoinbaseHeight);
    }
    Ok(())
}

fn check_versions(
    block: &Block,
    coinbase: &Transaction,
    height: u32,
    params: &Params,
) -> Result<(), BlockError> {
    let is_commitment = |transaction| TransactionKind::of(transaction) == TransactionKind::QuorumCommitment;
    let is_too_high = coinbase.version.0 > MAX_COINBASE_VERSION && !is_commitment(coinbase);
    let is_limited = params.network == Network::Regtest || params.heights.nexus.is_active(height);
    if is_limited && is_too_high {
        return Err(BlockError::CoinbaseVersion(coinbase.version.0));
    }
    if block.transactions.iter().skip(1).any(is_commitment) {
        return Err(BlockError::MasternodeVersion);
    }
    Ok(())
}

fn check_merge_mining(
    block: &Block,
    coinbase: &Transaction,
    context: &BlockContext<'_>,
    params: &Params,
) -> Result<(), BlockError> {
    let script = coinbase
        .input
        .first()
        .map(|input| input.script_sig.as_bytes())
        .unwrap_or_default();
    match block.header.aux_pow() {
        Some(aux_pow) if params.heights.nexus.is_active(context.height) => {
            let named = tag_height(context.height.saturating_sub(1));
            check_tag(aux_pow, (context.ancestor)(named), named)?;
        }
        None if params.heights.bridge_v2.is_active(context.height)
            && script
                .windows(MERGED_MINING_HEADER.len())
                .any(|window| window == MERGED_MINING_HEADER) =>
        {
            return Err(BlockError::MergedMiningHeader);
        }
        _ => {}
    }
    Ok(())
}
