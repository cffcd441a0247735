//! What a coinbase may take.

use bitcoin::{Amount, Transaction};

use super::BlockError;
use crate::limits::COIN;
use crate::network::Network;
use crate::params::Params;
use crate::subsidy::block_subsidy;
use crate::transaction::value_out;

/// The most that a superblock may ever take for proposals, in units.
const MAX_BUDGET: u64 = 5_000_000 * COIN;

/// Up to this height blocks of signet take what they like: Bitcoin's, which upstream tests with, follow another schedule.
const SIGNET_FREE_UNTIL: u32 = 100;

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
/// masternodes: nobody else is paid.
///
/// # Consensus
/// Main and the public test chain ask for this from Nexus on. Superblocks may take for proposals what masternodes voted
/// for; before DIP3 nothing limits that. Since then upstream knows the limit once its peers told what was voted for; until
/// then it lets superblocks take a budget that follows what those before took, and never exceeds five million coins. Here
/// nobody knows of votes or budgets, and those five million are the limit.
///
/// # Errors
/// [`BlockError::CoinbaseAmount`] with both sums.
pub fn check_coinbase_value(
    coinbase: &Transaction,
    fees: Amount,
    height: u32,
    params: &Params,
) -> Result<(), BlockError> {
    let is_checked = match params.network {
        Network::Regtest => true,
        Network::Signet => height > SIGNET_FREE_UNTIL,
        Network::Main | Network::Test => params.heights.nexus.is_active(height),
    };
    let is_superblock = is_superblock_height(height, params);
    if !is_checked || (is_superblock && !params.heights.dip3.is_active(height)) {
        return Ok(());
    }
    let actual = value_out(coinbase).to_sat();
    let budget = if is_superblock { MAX_BUDGET } else { 0 };
    let limit = block_subsidy(height, params)
        .to_sat()
        .saturating_add(fees.to_sat())
        .saturating_add(budget);
    if actual > limit {
        return Err(BlockError::CoinbaseAmount { actual, limit });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::{output, transaction};

    fn check(height: u32, units: u64, fees: u64) -> Result<(), String> {
        let mut coinbase = transaction();
        coinbase.output = vec![output(units), output(0)];
        let params = Params::new(Network::Regtest);
        check_coinbase_value(&coinbase, Amount::from_sat(fees), height, &params)
            .map_err(|error| error.to_string())
    }

    fn is_refused(network: Network, height: u32, units: u64) -> bool {
        let mut coinbase = transaction();
        coinbase.output = vec![output(units)];
        check_coinbase_value(&coinbase, Amount::ZERO, height, &Params::new(network)).is_err()
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
    fn superblocks_since_dip3_take_no_more_than_the_highest_budget() {
        // The first superblock since DIP3, whose subsidy is an eighth of the first one.
        let most = 5_000_000 * COIN + 50 * COIN / 8 + 3;
        assert_eq!(check(450, most, 3), Ok(()));
        assert!(check(450, most + 1, 3).is_err());
        assert!(check(451, most, 3).is_err());
        // Since the NEVM they come more often.
        assert_eq!(check(2060, 5_000_000 * COIN, 0), Ok(()));
        assert!(check(2061, 5_000_000 * COIN, 0).is_err());
    }

    #[test]
    fn other_chains_limit_coinbases_from_nexus_on() {
        let too_much = 1_000_000_000 * COIN;
        for (network, height, expected) in [
            (Network::Main, 2_010_344, false),
            (Network::Main, 2_010_345, true),
            (Network::Test, 1_504_999, false),
            (Network::Test, 1_505_001, true),
            (Network::Signet, 100, false),
            (Network::Signet, 101, true),
        ] {
            assert_eq!(
                is_refused(network, height, too_much),
                expected,
                "{network} {height}"
            );
        }
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
