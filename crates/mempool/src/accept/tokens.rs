//! Whether a transaction may move the tokens that it moves.

use bitcoin::Transaction;
use consensus::nevm::{EarlierMint, Mint, MintContext};
use consensus::transaction::{Coin, TransactionKind, check_kind, check_spent_tokens, check_tokens};

use super::coins::CoinsOf;
use super::rejection::{Rejection, RejectionKind};
use crate::pool::Mempool;
use crate::view::ChainReadError;

impl Mempool {
    /// Checks that the next block may have a transaction that spends these coins, as far as tokens are concerned.
    pub(crate) fn check_tokens(
        &self,
        transaction: &Transaction,
        spent: &[Coin],
        coins: &CoinsOf<'_>,
    ) -> Result<(), Rejection> {
        if !TransactionKind::of(transaction).is_asset() {
            return Ok(check_spent_tokens(spent)?);
        }
        let (height, params) = (coins.next_height(), coins.chain.params());
        check_kind(transaction, height, params)
            .map_err(|error| Rejection::plain(RejectionKind::Consensus, &error.to_string()))?;
        let mint = self.mint_context(transaction, coins)?;
        check_tokens(transaction, spent, &mint, height, params)?;
        Ok(())
    }

    /// What is known for a transaction whose tokens come from the NEVM.
    fn mint_context(
        &self,
        transaction: &Transaction,
        coins: &CoinsOf<'_>,
    ) -> Result<MintContext, ChainReadError> {
        let Some(mint) = Mint::of(transaction) else {
            return Ok(MintContext::default());
        };
        let is_other = |txid| txid != transaction.compute_txid();
        let earlier = if coins.chain.is_minted(&mint.transaction)? {
            EarlierMint::Confirmed
        } else if self.minting(&mint.transaction).is_some_and(is_other) || coins.mints(&mint.transaction) {
            EarlierMint::Pending
        } else {
            EarlierMint::None
        };
        Ok(MintContext {
            roots: coins.chain.nevm_roots(&mint.block)?,
            earlier,
        })
    }
}
