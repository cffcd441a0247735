//! Transactions: their bytes, and the rules that hold for each by itself and in a block.

mod asset;
mod canonical;
mod check;
mod inputs;
mod kind;
mod locks;
mod sigops;
mod tokens;

use bitcoin::Transaction;
use bitcoin::consensus::encode::{self, Decodable};
use bitcoin::io::Read;

pub use asset::{
    AssetAllocation, AssetOutput, AssetParseError, AssetValue, nevm_destination, parse_allocation,
};
pub use check::{TransactionError, check_transaction};
pub use inputs::{Coin, InputError, check_inputs, value_out};
pub use kind::{TransactionKind, VersionRuleError, check_kind};
pub use locks::{SequenceLocks, is_final, sequence_locks};
pub use sigops::{legacy_sigops, sigop_cost};
pub use tokens::{TokenError, Tokens, check_spent_tokens, check_tokens, held_tokens, made_coins};

pub(crate) use asset::syscoin_data;
#[cfg(test)]
pub(crate) use check::tests::{output, transaction};

/// Reads a transaction as upstream does: one that moves assets must say how.
///
/// # Errors
/// [`encode::Error`] if the bytes are no transaction, or its version is of assets and no allocation can be read.
pub fn decode_transaction<R: Read + ?Sized>(reader: &mut R) -> Result<Transaction, encode::Error> {
    let transaction = Transaction::consensus_decode_from_finite_reader(reader)?;
    if TransactionKind::of(&transaction).is_asset() {
        parse_allocation(&transaction).map_err(|error| encode::Error::ParseFailed(error.message()))?;
    }
    Ok(transaction)
}
