//! Limits that all chains share.

/// Units in one coin.
pub const COIN: u64 = 100_000_000;

/// The largest amount that any output, input or sum may have, in units.
///
/// # Consensus
/// Larger than Bitcoin's, and not a multiple of a coin: it is the largest amount that NEVM assets can be given.
pub const MAX_MONEY: u64 = 1_000_000_000_000_000_000 - 1;

/// Whether an amount in units is within `0..=MAX_MONEY`.
#[must_use]
pub fn money_range(units: u64) -> bool {
    units <= MAX_MONEY
}

/// The largest weight of a block (BIP 141), which NEVM data does not count towards.
pub const MAX_BLOCK_WEIGHT: u64 = 4_000_000;

/// How much more a byte weighs that is not of a witness (BIP 141).
pub const WITNESS_SCALE_FACTOR: u64 = 4;

/// The largest cost of a block's signature operations (BIP 141).
pub const MAX_BLOCK_SIGOPS_COST: u64 = 80_000;

/// Blocks between a coinbase and the first block that may spend it, that one included.
pub const COINBASE_MATURITY: u32 = 100;

/// The largest NEVM data of a block, in bytes.
pub const MAX_NEVM_BLOCK_SIZE: usize = 32 * 1024 * 1024;

/// The largest serialised block, in bytes: weight and NEVM data together.
pub const MAX_BLOCK_SERIALIZED_SIZE: usize = 4_000_000 + MAX_NEVM_BLOCK_SIZE;

/// How far a block's time may lie ahead of the node's, in seconds.
pub const MAX_FUTURE_BLOCK_TIME: u64 = 2 * 60 * 60;

/// Longer scripts are never executed, so that outputs with one cannot be spent.
pub const MAX_SCRIPT_SIZE: usize = 10_000;
