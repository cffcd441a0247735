//! What is said of a wallet's transactions.

use bitcoin::{Amount, Psbt, ScriptBuf, Transaction};

use crate::UnixTime;

/// A value with a name, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// As in `comment` or `to`.
    pub name: String,
    /// The value.
    pub value: String,
}

/// An output as the wallet sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputView {
    /// Whether the wallet can spend it.
    pub is_mine: bool,
    /// Whether it is the wallet's change.
    pub is_change: bool,
    /// The address that it pays to; `None` where it is to none.
    pub destination: Option<ScriptBuf>,
}

/// A transaction that a wallet has part in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletTx {
    /// The transaction.
    pub transaction: Transaction,
    /// Of each input, whether the wallet owned what it spends.
    pub inputs_mine: Vec<bool>,
    /// Each output.
    pub outputs: Vec<OutputView>,
    /// What it brings to the wallet.
    pub credit: Amount,
    /// What it takes from the wallet.
    pub debit: Amount,
    /// What of that comes back as change.
    pub change: Amount,
    /// When it was made or heard of.
    pub time: UnixTime,
    /// What people have noted, no name twice.
    pub comments: Vec<Comment>,
    /// Whether it is a coinbase.
    pub is_coinbase: bool,
}

/// How far a transaction has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletTxStatus {
    /// The height of its block, or of the one that it conflicts with; `None` where there is neither.
    pub block_height: Option<u32>,
    /// Blocks until what it brings can be spent; 0 where it can.
    pub blocks_to_maturity: u32,
    /// Blocks from its own to the tip, both included: 0 in no block, negative where it conflicts with a block that
    /// deep.
    pub depth: i32,
    /// When it was heard of.
    pub time_received: UnixTime,
    /// Its lock time.
    pub lock_time: u32,
    /// Whether the wallet spends what it brings: it is confirmed, or the wallet's own.
    pub is_trusted: bool,
    /// Whether it was given up.
    pub is_abandoned: bool,
    /// Whether it is a coinbase.
    pub is_coinbase: bool,
    /// Whether it is in a block of the active chain.
    pub is_in_main_chain: bool,
    /// Whether its block stands on a snapshot that is not verified yet.
    pub is_assumed: bool,
}

/// A transaction's state as of the last block that the wallet has taken into account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TxStatusAt {
    /// The state.
    pub status: WalletTxStatus,
    /// The block's height.
    pub height: u32,
    /// The block's time.
    pub time: UnixTime,
}

/// All that a wallet knows of a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletTxDetails {
    /// The transaction.
    pub transaction: WalletTx,
    /// Its state.
    pub status: TxStatusAt,
    /// What it was ordered by, where it was by a payment request.
    pub order_form: Vec<Comment>,
    /// Whether it is in the mempool.
    pub in_mempool: bool,
}

/// A transaction under construction that a wallet has worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledPsbt {
    /// With what the wallet could add.
    pub psbt: Psbt,
    /// Inputs that the wallet has signed.
    pub n_signed: u64,
    /// Whether nothing is missing.
    pub is_complete: bool,
}

/// What a PSBT is filled with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PsbtOptions {
    /// Whether inputs are signed.
    pub sign: bool,
    /// The kind of signatures, as signatures encode it; `None`: the one that covers everything.
    pub sighash: Option<u32>,
    /// Whether the paths of keys are told.
    pub bip32_derivations: bool,
    /// Whether inputs with all signatures are made final.
    pub finalize: bool,
}
