//! What a coinbase may take.

use bitcoin::{Amount, Transaction};

use super::BlockError;
use crate::params::Params;
use crate::subsidy::block_subsidy;
use crate::transaction::value_out;

/// Whether the block of this height may pay for proposals that masternodes voted for.
#[must_use]
pub fn is_superblock_height(height: u32, params: &Params) -> bool {
    params.superblock_cycle.is_some_and(|cycle| {
        let cycle = if params.heights.nevm.is_active(height) {
            cycle
        } else {
            cycle * 5 / 2
        };
        height > 0 && height.is_multiple_of(cycle)
    })
}

/// Checks that a coinbase takes no more than what its block creates and the fees of its transactions, on a chain without
/// masternodes: nobody else is paid, and nothing was voted for.
///
/// # Consensus
/// Before DIP3 upstream does not look at what superblocks take. From DIP3 on it lets them take more while it does not know
/// yet what was voted for; here they may not.
///
/// # Errors
/// [`BlockError::CoinbaseAmount`] with both sums.
pub fn check_coinbase_value(
    coinbase: &Transaction,
    fees: Amount,
    height: u32,
    params: &Params,
) -> Result<(), BlockError> {
    if is_superblock_height(height, params) && !params.heights.dip3.is_active(height) {
        return Ok(());
    }
    let actual = value_out(coinbase).to_sat();
    let limit = block_subsidy(height, params)
        .to_sat()
        .saturating_add(fees.to_sat());
    if actual > limit {
        return Err(BlockError::CoinbaseAmount { actual, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use crate::transaction::{output, transaction};

    fn check(height: u32, units: u64, fees: u64) -> Result<(), String> {
        let mut coinbase = transaction();
        coinbase.output = vec![output(units), output(0)];
        let params = Params::new(Network::Regtest);
        check_coinbase_value(&coinbase, Amount::from_sat(fees), height, &params)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn coinbases_take_no_more_than_subsidy_and_fees() {
        assert_eq!(check(1, 5_000_000_007, 7), Ok(()));
        assert_eq!(
            check(1, 5_000_000_008, 7),
            Err("bad-cb-amount, coinbase pays too much (actual=5000000008 vs limit=5000000007)".to_owned())
        );
        assert_eq!(check(150, 2_500_000_000, 0), Ok(()));
        assert_eq!(check(151, 0, 0), Ok(()));
    }

    #[test]
    fn superblocks_before_dip3_take_what_they_like() {
        assert_eq!(check(25, u64::MAX >> 8, 0), Ok(()));
        assert!(check(24, u64::MAX >> 8, 0).is_err());
        assert!(check(450, u64::MAX >> 8, 0).is_err());
    }

    #[test]
    fn superblocks_come_at_the_pace_of_the_era() {
        for (network, height, expected) in [
            (Network::Regtest, 0, false),
            (Network::Regtest, 2025, true),
            (Network::Regtest, 2040, false),
            (Network::Regtest, 2050, true),
            (Network::Regtest, 2060, true),
            (Network::Main, 43_800, true),
            (Network::Main, 17_520, false),
            (Network::Main, 17_520 * 76, true),
            (Network::Test, 150, true),
            (Network::Test, 60, false),
            (Network::Signet, 17_520, false),
        ] {
            assert_eq!(
                is_superblock_height(height, &Params::new(network)),
                expected,
                "{network} {height}"
            );
        }
    }
}
