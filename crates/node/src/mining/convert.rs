//! Between the interface's values and the chain's.

use std::sync::Arc;

use consensus::block::Block;
use interfaces::{BlockVerdict, InterfaceError};

use crate::served::failed;
use crate::state::NodeState;

pub(super) fn refused(reason: &str, details: &str) -> BlockVerdict {
    BlockVerdict::Refused {
        reason: reason.to_owned(),
        debug: details.to_owned(),
    }
}

/// The chain's block. The interface carries Bitcoin's blocks, which have neither the work of another chain nor NEVM data.
pub(super) fn own_block(block: bitcoin::Block) -> Result<Block, BlockVerdict> {
    if consensus::version::is_aux_pow(block.header.version) {
        return Err(refused(
            "bad-version",
            "the interface carries no work of another chain",
        ));
    }
    Ok(Block::from(block))
}

/// A block in the interface's form.
pub(crate) fn plain_block(block: &Block) -> bitcoin::Block {
    bitcoin::Block {
        header: *block.header.pure(),
        txdata: block.transactions.clone(),
    }
}

/// Adds a block to the chain.
pub(super) fn submit(node: &NodeState, block: Block) -> Result<BlockVerdict, InterfaceError> {
    let processed = node
        .chain
        .process_block(&Arc::new(block))
        .map_err(|error| failed(node.fail(&error)))?;
    Ok(match processed.verdict {
        Some(Err(rejection)) => refused(&rejection.reason, &rejection.details),
        _ if !processed.is_new => refused("duplicate", "the block is known"),
        Some(Ok(())) => BlockVerdict::Accepted,
        None => refused("inconclusive", "the block is not better than the tip"),
    })
}
