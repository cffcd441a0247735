//! Taking a block back.

use bitcoin::Transaction;
use consensus::block::Block;
use consensus::params::Params;
use consensus::script::is_unspendable;
use consensus::transaction::made_coins;
use thiserror::Error;

use super::{mint, outpoint};
use crate::coins::{CoinsView, Overwrite};
use crate::database::DatabaseError;
use crate::undo::BlockUndo;

/// Whether the coins were as the block had left them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disconnected {
    /// They were.
    Clean,
    /// Some were spent or made otherwise. They are as before the block now, as far as can be told: that is what happens
    /// where a flush was cut off and the block is taken back to connect it anew.
    Unclean,
}

/// A block cannot be taken back.
#[derive(Debug, Error)]
pub enum DisconnectError {
    /// The undo data are of another block.
    #[error("block and undo data inconsistent")]
    Undo,
    /// The coins could not be read.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

/// Undoes what [`connect_block`](super::connect_block) did to the coins, and to what is known of the NEVM.
///
/// # Errors
/// [`DisconnectError`] if the data do not fit the block, or the coins cannot be read. The view is of no use then.
pub fn disconnect_block(
    block: &Block,
    undo: BlockUndo,
    view: &mut CoinsView<'_>,
    height: u32,
    params: &Params,
) -> Result<Disconnected, DisconnectError> {
    if undo.transactions.len() + 1 != block.transactions.len() {
        return Err(DisconnectError::Undo);
    }
    let mut disconnected = Disconnected::Clean;
    // The coinbase comes first in the block, last here, and spends nothing.
    let spent = std::iter::once(None).chain(undo.transactions.into_iter().map(Some));
    let pairs: Vec<_> = block.transactions.iter().zip(spent).collect();
    for (transaction, spent) in pairs.into_iter().rev() {
        unmake(transaction, height, view, &mut disconnected)?;
        let Some(spent) = spent else { continue };
        if spent.coins.len() != transaction.input.len() {
            return Err(DisconnectError::Undo);
        }
        for (input, coin) in transaction.input.iter().zip(spent.coins).rev() {
            if view.get(&input.previous_output)?.is_some() {
                disconnected = Disconnected::Unclean;
            }
            view.add(input.previous_output, coin, Overwrite::Possible)
                .expect("it may take the place of another");
        }
    }
    mint::take_back(block, height, view, params)?;
    view.set_best_block(block.header.pure().prev_blockhash);
    Ok(disconnected)
}

fn unmake(
    transaction: &Transaction,
    height: u32,
    view: &mut CoinsView<'_>,
    disconnected: &mut Disconnected,
) -> Result<(), DisconnectError> {
    let txid = transaction.compute_txid();
    for (place, made) in made_coins(transaction, height).into_iter().enumerate() {
        if is_unspendable(&made.output.script_pubkey) {
            continue;
        }
        if view.spend(&outpoint(txid, place))? != Some(made) {
            *disconnected = Disconnected::Unclean;
        }
    }
    Ok(())
}
