//! The tokens of a block that come from the NEVM, and what the block says of the NEVM itself.

use std::collections::BTreeSet;

use bitcoin::Transaction;
use consensus::block::Block;
use consensus::nevm::{EarlierMint, Mint, MintContext, NevmHash, nevm_commitment};
use consensus::params::Params;

use super::{ConnectError, ConnectFailure};
use crate::coins::CoinsView;
use crate::database::DatabaseError;

/// The transactions of the NEVM by which a block makes tokens.
#[derive(Debug, Default)]
pub(super) struct Mints {
    used: BTreeSet<NevmHash>,
}

impl Mints {
    /// What is known for a transaction that makes tokens of the NEVM's; for others it is not looked at.
    pub(super) fn context(
        &mut self,
        transaction: &Transaction,
        view: &CoinsView<'_>,
    ) -> Result<MintContext, DatabaseError> {
        let Some(mint) = Mint::of(transaction) else {
            return Ok(MintContext::default());
        };
        let earlier = if view.is_minted(&mint.transaction)? {
            EarlierMint::Confirmed
        } else if !self.used.insert(mint.transaction) {
            EarlierMint::Pending
        } else {
            EarlierMint::None
        };
        Ok(MintContext {
            roots: view.nevm_roots(&mint.block)?,
            earlier,
        })
    }

    /// Notes what a block used of the NEVM, and what it commits to. No transaction of the block can prove anything by that.
    pub(super) fn finish(
        self,
        block: &Block,
        height: u32,
        view: &mut CoinsView<'_>,
        params: &Params,
    ) -> Result<(), ConnectFailure> {
        for transaction in self.used {
            view.set_minted(transaction, true);
        }
        let commitment = nevm_commitment(block, height, params).map_err(ConnectError::Commitment)?;
        if let Some(commitment) = commitment {
            view.commit_to_nevm(commitment.block, commitment.roots, height)?;
        }
        Ok(())
    }
}

/// Takes back what a block of this height used of the NEVM and committed to.
pub(super) fn take_back(
    block: &Block,
    height: u32,
    view: &mut CoinsView<'_>,
    params: &Params,
) -> Result<(), DatabaseError> {
    for mint in block.transactions.iter().filter_map(Mint::of) {
        view.set_minted(mint.transaction, false);
    }
    // The block was connected, so that it committed to what it must.
    if let Ok(Some(commitment)) = nevm_commitment(block, height, params) {
        view.withdraw_from_nevm(commitment.block, height)?;
    }
    Ok(())
}
