//! What a block does to the coins, and whether it may.

mod disconnect;
mod error;
mod mint;
mod scripts;

use std::cell::Cell;

use bitcoin::{Amount, OutPoint, Transaction, TxOut, Txid};
use consensus::block::{Block, HashedBlock, check_coinbase_value};
use consensus::limits::{MAX_BLOCK_SIGOPS_COST, money_range};
use consensus::masternode::{check_masternode, earlier_collateral};
use consensus::params::Params;
use consensus::script::{ScriptFlags, block_script_flags};
use consensus::transaction::{
    Coin, check_inputs, check_kind, check_tokens, made_coins, sequence_locks, sigop_cost,
};

pub use disconnect::{DisconnectError, Disconnected, disconnect_block};
pub use error::{ConnectError, ConnectFailure};
pub use scripts::{ScriptBatch, ScriptCache, ScriptChecker, ScriptFailure};

use crate::coins::{CoinsView, Overwrite};
use crate::database::DatabaseError;
use crate::undo::{BlockUndo, TransactionUndo};
use mint::Mints;

/// What connecting a block needs to know of the chain that it extends, and of its caller.
#[derive(Clone, Copy)]
pub struct ConnectContext<'a> {
    /// The block's height, which is above 0.
    pub height: u32,
    /// Gives the median time past of the block of a lower height, in seconds since 1970.
    pub median_time_past: &'a dyn Fn(u32) -> u32,
    /// What runs the scripts; none where a block known to be valid stands on this one (`-assumevalid`).
    pub scripts: Option<&'a ScriptChecker>,
}

/// What came of connecting a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// The coins that the block spent.
    pub undo: BlockUndo,
    /// What its transactions pay.
    pub fees: Amount,
}

/// Spends and makes coins as a block says, and checks all that depends on coins: upstream's `ConnectBlock`.
///
/// The block must have passed [`check_block`](consensus::block::check_block) and
/// [`check_block_in_chain`](consensus::block::check_block_in_chain), and the coins must be those of its parent. After an
/// error the view is of no use.
///
/// # Consensus
/// BIP 30 <https://bips.dev/30/> holds for all blocks; relative locks (BIP 68) where BIP 113 does.
///
/// # Errors
/// [`ConnectFailure::Invalid`] with the first rule that is broken, or [`ConnectFailure::Database`] if a coin cannot be read.
pub fn connect_block(
    block: &HashedBlock<'_>,
    context: &ConnectContext<'_>,
    view: &mut CoinsView<'_>,
    params: &Params,
) -> Result<Connected, ConnectFailure> {
    let flags = block_script_flags(context.height, params);
    let mut batch = context
        .scripts
        .zip(flags)
        .map(|(checker, flags)| (checker.batch(), flags));
    // It comes before all other rules. Where the coins of before can still be seen later, it is looked at while scripts run.
    let can_wait = view.is_unchanged();
    if !can_wait {
        refuse_overwriting(block, |outpoint| Ok(view.get(outpoint)?.is_some()))?;
    }
    let mut mints = Mints::default();
    let outcome = connect_transactions(block, context, view, params, &mut batch, &mut mints);
    if can_wait {
        refuse_overwriting(block, |outpoint| view.was_there(outpoint))?;
    }
    let connected = outcome?;
    if let Some((batch, _)) = batch {
        batch.finish().map_err(ConnectError::Script)?;
    }
    mints.finish(block, context.height, view, params)?;
    view.set_best_block(block.header.block_hash());
    Ok(connected)
}

/// Spends and makes the coins of all transactions, and checks all but what the scripts come to, which begin to run.
fn connect_transactions(
    block: &HashedBlock<'_>,
    context: &ConnectContext<'_>,
    view: &mut CoinsView<'_>,
    params: &Params,
    batch: &mut Option<(ScriptBatch<'_>, ScriptFlags)>,
    mints: &mut Mints,
) -> Result<Connected, ConnectFailure> {
    check_masternodes(block, context.height, view, params)?;
    view.make_room(
        block
            .transactions
            .iter()
            .map(|transaction| transaction.input.len() + transaction.output.len())
            .sum(),
    );
    let mut connected = Connected {
        undo: BlockUndo::default(),
        fees: Amount::ZERO,
    };
    let mut sigops = 0;
    for (transaction, txid) in block.transactions.iter().zip(block.txids()) {
        if !transaction.is_coinbase() {
            let spent = spend(transaction, context, view, params, mints, &mut connected.fees)?;
            sigops += sigop_cost(transaction, |input| &spent.coins[input].output.script_pubkey);
            if let Some((batch, flags)) = batch {
                batch.add(transaction, *txid, outputs(&spent), *flags);
            }
            connected.undo.transactions.push(spent);
        } else {
            sigops += sigop_cost(transaction, |_| unreachable!("coinbases spend nothing"));
        }
        if sigops > MAX_BLOCK_SIGOPS_COST {
            return Err(ConnectError::SignatureOperations.into());
        }
        make(transaction, *txid, context.height, view)?;
    }
    let coinbase = block.transactions.first().ok_or(ConnectError::NoCoinbase)?;
    check_coinbase_value(coinbase, connected.fees, context.height, params).map_err(ConnectError::Reward)?;
    Ok(connected)
}

/// Checks that no output takes the place of one that was not spent before the block.
fn refuse_overwriting(
    block: &HashedBlock<'_>,
    mut was_there: impl FnMut(&OutPoint) -> Result<bool, DatabaseError>,
) -> Result<(), ConnectFailure> {
    for (transaction, txid) in block.transactions.iter().zip(block.txids()) {
        for place in 0..transaction.output.len() {
            if was_there(&outpoint(*txid, place))? {
                return Err(ConnectError::Overwrites.into());
            }
        }
    }
    Ok(())
}

/// Checks what transactions say of masternodes, against the coins as they were before the block.
fn check_masternodes(
    block: &Block,
    height: u32,
    view: &mut CoinsView<'_>,
    params: &Params,
) -> Result<(), ConnectFailure> {
    for transaction in &block.transactions {
        let collateral = match earlier_collateral(transaction) {
            Some(outpoint) => view.get(&outpoint)?,
            None => None,
        };
        check_masternode(transaction, collateral, height, params).map_err(ConnectError::Masternode)?;
    }
    Ok(())
}

/// Spends what a transaction spends, adds its fee, and gives the coins in the order of its inputs.
fn spend(
    transaction: &Transaction,
    context: &ConnectContext<'_>,
    view: &mut CoinsView<'_>,
    params: &Params,
    mints: &mut Mints,
    fees: &mut Amount,
) -> Result<TransactionUndo, ConnectFailure> {
    let mut coins = Vec::with_capacity(transaction.input.len());
    for input in &transaction.input {
        match view.spend(&input.previous_output)? {
            Some(coin) => coins.push(coin),
            None => return Err(ConnectError::Input(consensus::transaction::InputError::Missing).into()),
        }
    }
    let height = context.height;
    // It asks for them in the order of the inputs.
    let next = Cell::new(coins.iter());
    let in_order = |_: &OutPoint| -> Option<&Coin> {
        let mut rest = next.take();
        let coin = rest.next();
        next.set(rest);
        coin
    };
    let fee = check_inputs(transaction, in_order, height).map_err(ConnectError::Input)?;
    check_kind(transaction, height, params).map_err(|error| ConnectError::Kind {
        txid: transaction.compute_txid(),
        error,
    })?;
    let mint = mints.context(transaction, view)?;
    check_tokens(transaction, &coins, &mint, height, params).map_err(ConnectError::Tokens)?;
    *fees = fees
        .checked_add(fee)
        .filter(|fees| money_range(fees.to_sat()))
        .ok_or(ConnectError::Fees)?;
    if params.heights.csv.is_active(height) {
        let heights: Vec<u32> = coins.iter().map(|coin| coin.height).collect();
        let locks = sequence_locks(transaction, &heights, context.median_time_past);
        if !locks.allow(height, (context.median_time_past)(height - 1)) {
            return Err(ConnectError::Locked.into());
        }
    }
    Ok(TransactionUndo { coins })
}

fn outputs(spent: &TransactionUndo) -> Vec<TxOut> {
    spent.coins.iter().map(|coin| coin.output.clone()).collect()
}

fn make(
    transaction: &Transaction,
    txid: Txid,
    height: u32,
    view: &mut CoinsView<'_>,
) -> Result<(), ConnectFailure> {
    for (place, coin) in made_coins(transaction, height).into_iter().enumerate() {
        // Each was looked up before; only a transaction that is twice in the block finds one here.
        view.add(outpoint(txid, place), coin, Overwrite::Never)
            .map_err(|_exists| ConnectError::Overwrites)?;
    }
    Ok(())
}

fn outpoint(txid: Txid, place: usize) -> OutPoint {
    let vout = u32::try_from(place).expect("a block has room for less than 2^32 outputs");
    OutPoint { txid, vout }
}
