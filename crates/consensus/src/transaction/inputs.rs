//! What holds for a transaction and the coins that it spends.

use bitcoin::{Amount, OutPoint, Transaction, TxOut};
use thiserror::Error;

use super::{Tokens, TransactionKind};
use crate::error::TransactionResult;
use crate::limits::{COIN, COINBASE_MATURITY, money_range};

/// An output that is there to be spent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    /// The output.
    pub output: TxOut,
    /// The height of the block that it is of.
    pub height: u32,
    /// Whether a coinbase made it.
    pub is_coinbase: bool,
    /// The tokens that it holds; few coins hold any.
    pub tokens: Option<Box<Tokens>>,
}

impl Coin {
    /// A coin that holds no tokens.
    #[must_use]
    pub fn new(output: TxOut, height: u32, is_coinbase: bool) -> Self {
        Self {
            output,
            height,
            is_coinbase,
            tokens: None,
        }
    }
}

/// A transaction that may not spend what it spends. It is shown as upstream's reject reason, and the details after a
/// comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum InputError {
    /// A coin is not there.
    #[error("bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent")]
    Missing,
    /// A coinbase's coin is younger than 100 blocks.
    #[error("bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth {depth}")]
    Immature {
        /// How many blocks after its own the coin would be spent.
        depth: u32,
    },
    /// The coins are above the largest amount.
    #[error("bad-txns-inputvalues-outofrange")]
    OutOfRange,
    /// The outputs are above the coins.
    #[error("bad-txns-in-belowout, value in ({}) < value out ({})", format_money(*value_in), format_money(*value_out))]
    BelowOutputs {
        /// The coins, in units.
        value_in: u64,
        /// The outputs, in units.
        value_out: u64,
    },
}

impl InputError {
    /// How grave it is.
    #[must_use]
    pub fn result(&self) -> TransactionResult {
        match self {
            Self::Missing => TransactionResult::MissingInputs,
            Self::Immature { .. } => TransactionResult::PrematureSpend,
            Self::OutOfRange | Self::BelowOutputs { .. } => TransactionResult::Consensus,
        }
    }

    /// Upstream's reject reason.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        crate::error::reject_reason(self)
    }
}

/// Units as coins, with two decimals or as many more as are needed.
fn format_money(units: u64) -> String {
    let decimals = format!("{:08}", units % COIN);
    let length = decimals.trim_end_matches('0').len().max(2);
    format!("{}.{}", units / COIN, &decimals[..length])
}

/// What a transaction's outputs take from its inputs.
///
/// The transaction must have passed [`check_transaction`](super::check_transaction).
///
/// # Consensus
/// The first output does not count where burnt tokens become coins there.
#[must_use]
pub fn value_out(transaction: &Transaction) -> Amount {
    let skipped = usize::from(TransactionKind::of(transaction).creates_first_output());
    let units = transaction
        .output
        .iter()
        .skip(skipped)
        .map(|output| output.value.to_sat());
    Amount::from_sat(units.fold(0, u64::saturating_add))
}

/// Checks that a transaction may spend its coins in a block of this height, and gives its fee: upstream's
/// `CheckTxInputs`. [`check_tokens`](super::check_tokens) checks what the coins hold besides.
///
/// The transaction must have passed [`check_transaction`](super::check_transaction), and not be a coinbase. `coin` gives
/// what is there to be spent.
///
/// # Errors
/// [`InputError`] with the first rule that is broken.
pub fn check_inputs<'a>(
    transaction: &Transaction,
    coin: impl Fn(&OutPoint) -> Option<&'a Coin>,
    height: u32,
) -> Result<Amount, InputError> {
    let coins: Vec<&Coin> = transaction
        .input
        .iter()
        .map(|input| coin(&input.previous_output))
        .collect::<Option<_>>()
        .ok_or(InputError::Missing)?;
    let mut value_in = 0_u64;
    for coin in coins {
        let depth = height.saturating_sub(coin.height);
        if coin.is_coinbase && depth < COINBASE_MATURITY {
            return Err(InputError::Immature { depth });
        }
        let units = coin.output.value.to_sat();
        value_in = value_in.saturating_add(units);
        if !money_range(units) || !money_range(value_in) {
            return Err(InputError::OutOfRange);
        }
    }
    let value_out = value_out(transaction).to_sat();
    let fee = value_in
        .checked_sub(value_out)
        .ok_or(InputError::BelowOutputs { value_in, value_out })?;
    Ok(Amount::from_sat(fee))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::MAX_MONEY;
    use crate::transaction::check::tests::{input, output, transaction};

    /// What a transaction with two inputs and one output may do in block 200.
    fn check(version: i32, coins: &[Option<Coin>; 2], units: u64) -> Result<u64, String> {
        let mut transaction = transaction();
        transaction.version.0 = version;
        transaction.input = vec![input(0), input(1)];
        transaction.output = vec![output(units)];
        let find = |point: &OutPoint| coins[point.vout as usize].as_ref();
        check_inputs(&transaction, find, 200)
            .map(Amount::to_sat)
            .map_err(|error| error.to_string())
    }

    fn coin(units: u64, height: u32, is_coinbase: bool) -> Option<Coin> {
        Some(Coin::new(output(units), height, is_coinbase))
    }

    #[test]
    fn fees_are_what_the_outputs_leave() {
        assert_eq!(check(2, &[coin(5, 199, false), coin(6, 100, true)], 4), Ok(7));
        assert_eq!(check(2, &[coin(5, 199, false), coin(6, 0, true)], 11), Ok(0));
        for version in [138, 128, 0x7400] {
            assert_eq!(
                check(version, &[coin(5, 199, false), coin(6, 0, false)], 1000),
                Ok(11)
            );
        }
    }

    #[test]
    fn each_broken_rule_has_its_reason() {
        for (coins, units, text) in [
            (
                [coin(5, 150, true), None],
                1,
                "bad-txns-inputs-missingorspent, CheckTxInputs: inputs missing/spent",
            ),
            (
                [coin(5, 199, false), coin(6, 101, true)],
                1,
                "bad-txns-premature-spend-of-coinbase, tried to spend coinbase at depth 99",
            ),
            (
                [coin(MAX_MONEY, 0, false), coin(1, 0, false)],
                1,
                "bad-txns-inputvalues-outofrange",
            ),
            (
                [coin(MAX_MONEY + 1, 0, false), coin(0, 0, false)],
                1,
                "bad-txns-inputvalues-outofrange",
            ),
            (
                [coin(50 * COIN, 0, false), coin(10, 0, false)],
                COIN * 51 + COIN / 2,
                "bad-txns-in-belowout, value in (50.0000001) < value out (51.50)",
            ),
        ] {
            assert_eq!(check(2, &coins, units), Err(text.to_owned()));
        }
    }
}
