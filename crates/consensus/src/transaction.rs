//! Transactions: their bytes, and the rules that hold for each by itself and in a block.

mod asset;
mod bytes;
mod canonical;
mod check;
mod inputs;
mod kind;
mod locks;
mod sigops;
mod tokens;

pub use asset::{
    AssetAllocation, AssetOutput, AssetParseError, AssetValue, nevm_destination, parse_allocation,
};
pub use bytes::{decode_transaction, encode_transaction};
pub use check::{TransactionError, check_transaction};
pub use inputs::{Coin, InputError, check_inputs, value_out};
pub use kind::{TransactionKind, VersionRuleError, check_kind};
pub use locks::{SequenceLocks, is_final, sequence_locks};
pub use sigops::{legacy_sigops, sigop_cost};
pub use tokens::{TokenError, Tokens, check_spent_tokens, check_tokens, held_tokens, made_coins};

pub(crate) use asset::{read_allocation, read_count, syscoin_data};
#[cfg(test)]
pub(crate) use check::tests::{output, transaction};
