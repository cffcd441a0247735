//! What is said of a wallet's outputs and money, and what its transactions are made of.

use bitcoin::{Amount, BlockHash, OutPoint, ScriptBuf, Transaction, TxOut};

use super::OutputKind;
use crate::{FeeEstimateMode, FeeRate, FeeReason, UnixTime};

/// An output that belongs to a wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletTxOut {
    /// The output.
    pub output: TxOut,
    /// When its transaction was made or heard of.
    pub time: UnixTime,
    /// Blocks from its own to the tip, both included: 0 in the mempool, negative where it conflicts with a block that
    /// deep.
    pub depth: i32,
    /// Whether the wallet has spent it.
    pub is_spent: bool,
}

/// An output that can be spent, listed below the address that people know it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletCoin {
    /// Where it is.
    pub outpoint: OutPoint,
    /// The address: of change, the one that the money came from.
    pub group: ScriptBuf,
    /// The output.
    pub coin: WalletTxOut,
}

/// A wallet's money.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletBalances {
    /// What can be spent: confirmed, or the wallet's own change.
    pub trusted: Amount,
    /// What others have sent and no block has.
    pub untrusted_pending: Amount,
    /// What comes from coinbases that must mature.
    pub immature: Amount,
    /// What is in the wallet by addresses that were used before, where such are avoided; `None` where not.
    pub used: Option<Amount>,
}

/// A wallet's money as of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BalancesAt {
    /// The money.
    pub balances: WalletBalances,
    /// The last block that was taken into account.
    pub block: BlockHash,
}

/// Somebody to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The script of the address.
    pub destination: ScriptBuf,
    /// How much.
    pub amount: Amount,
    /// Whether the fee is taken from it.
    pub subtract_fee: bool,
}

/// An input that the caller has chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SelectedInput {
    /// Which output it spends.
    pub outpoint: OutPoint,
    /// The output, where the wallet does not know it.
    pub output: Option<TxOut>,
    /// The input's sequence number, where it must be a certain one.
    pub sequence: Option<u32>,
    /// The input's weight when it is signed, where the wallet cannot tell.
    pub weight: Option<u64>,
}

/// How a transaction is put together. The default leaves everything to the wallet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoinControl {
    /// Inputs that it must have.
    pub inputs: Vec<SelectedInput>,
    /// Whether it may have others too. Default: yes.
    pub allow_other_inputs: bool,
    /// Whether it may spend what others have sent and no block has.
    pub include_unsafe_inputs: bool,
    /// Whether all outputs of an address are spent together.
    pub avoid_partial_spends: bool,
    /// Whether nothing is spent from addresses that were used before.
    pub avoid_address_reuse: bool,
    /// Blocks that inputs have at least, counted as [`WalletTxOut::depth`].
    pub min_depth: u32,
    /// Blocks that inputs have at most; `None`: any.
    pub max_depth: Option<u32>,
    /// Where the change goes; `None`: a new address of the wallet.
    pub change_destination: Option<ScriptBuf>,
    /// The kind of that address; `None`: the wallet's choice.
    pub change_kind: Option<OutputKind>,
    /// The rate to pay; `None`: an estimate.
    pub fee_rate: Option<FeeRate>,
    /// Within how many blocks it should be confirmed; `None`: `-txconfirmtarget`.
    pub confirm_target: Option<u32>,
    /// How careful the estimate is.
    pub fee_mode: FeeEstimateMode,
    /// Whether it says that it may be replaced; `None`: `-walletrbf`.
    pub signal_rbf: Option<bool>,
    /// Its lock time; `None`: the wallet's choice.
    pub lock_time: Option<u32>,
    /// The weight units that it has at most; `None`: what nodes relay.
    pub max_weight: Option<u64>,
}

impl Default for CoinControl {
    fn default() -> Self {
        Self {
            inputs: Vec::new(),
            allow_other_inputs: true,
            include_unsafe_inputs: false,
            avoid_partial_spends: false,
            avoid_address_reuse: false,
            min_depth: 0,
            max_depth: None,
            change_destination: None,
            change_kind: None,
            fee_rate: None,
            confirm_target: None,
            fee_mode: FeeEstimateMode::Unset,
            signal_rbf: None,
            lock_time: None,
            max_weight: None,
        }
    }
}

/// A transaction that was put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreatedTransaction {
    /// The transaction.
    pub transaction: Transaction,
    /// What it pays.
    pub fee: Amount,
    /// Which output is the change; `None` where there is none.
    pub change_position: Option<u32>,
}

/// A transaction that takes the place of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BumpTransaction {
    /// The transaction, not signed.
    pub transaction: Transaction,
    /// What the other pays.
    pub old_fee: Amount,
    /// What it pays.
    pub new_fee: Amount,
}

/// The least that a transaction should pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinimumFee {
    /// The fee.
    pub fee: Amount,
    /// The blocks that it is for, where it was estimated.
    pub target_blocks: Option<u32>,
    /// How it was come by.
    pub reason: FeeReason,
}
