//! Which transactions are relayed, beyond those that are valid. Knows no pool and no chain.

mod dust;
mod inputs;
mod output;
mod standard;
mod witness;

use bitcoin::Transaction;
use consensus::limits::{MAX_BLOCK_SIGOPS_COST, WITNESS_SCALE_FACTOR};

pub use dust::{dust_threshold, is_dust};
pub use inputs::inputs_are_standard;
pub use output::OutputKind;
pub use standard::{NotStandard, check_standard};
pub use witness::witnesses_are_standard;

/// The largest weight of a transaction that is relayed.
pub const MAX_STANDARD_WEIGHT: u64 = 400_000;

/// The smallest size without witnesses, in bytes, of a transaction that is relayed (CVE-2017-12842).
pub const MIN_STANDARD_SIZE: usize = 65;

/// The largest cost of signature operations of a transaction that is relayed.
pub const MAX_STANDARD_SIGOPS_COST: u64 = MAX_BLOCK_SIGOPS_COST / 5;

/// The size that a transaction of this weight counts as, in virtual bytes: signature operations make it larger.
#[must_use]
pub fn virtual_size(weight: u64, sigop_cost: u64, bytes_per_sigop: u64) -> u64 {
    weight
        .max(sigop_cost.saturating_mul(bytes_per_sigop))
        .div_ceil(WITNESS_SCALE_FACTOR)
}

/// Whether a transaction says of itself that it may be replaced (BIP 125).
#[must_use]
pub fn signals_replacement(transaction: &Transaction) -> bool {
    transaction.input.iter().any(|input| input.sequence.is_rbf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signature_operations_make_a_transaction_larger() {
        assert_eq!(virtual_size(401, 0, 20), 101);
        assert_eq!(virtual_size(400, 20, 20), 100);
        assert_eq!(virtual_size(400, 21, 20), 105);
    }
}
