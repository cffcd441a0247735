//! What a block creates.

use bitcoin::Amount;

use crate::limits::COIN;
use crate::params::{Params, SubsidySchedule};

/// What the first block of the chain with value created: the coins of the chain before it.
const SNAPSHOT: u64 = 554_200_000 * COIN;

/// What a block creates before the first reduction, before the NEVM.
const INITIAL: u64 = 38 * COIN + COIN / 2;

/// The same from the NEVM on, as blocks take 2.5 times as long.
const INITIAL_SINCE_NEVM: u64 = 96 * COIN + COIN / 4;

/// After so many reductions nothing is left.
const MAX_REDUCTIONS: u32 = 50;

/// What a block may create for its miner and masternodes.
///
/// # Consensus
/// `GetBlockSubsidy`: a tenth of what the schedule says is set apart for [`governance_part`].
#[must_use]
pub fn block_subsidy(height: u32, params: &Params) -> Amount {
    match params.subsidy {
        SubsidySchedule::Halving { interval } => {
            Amount::from_sat((50 * COIN).checked_shr(height / interval).unwrap_or(0))
        }
        SubsidySchedule::Yearly { .. } | SubsidySchedule::YearlyRecounted { .. } => match height {
            0 => Amount::from_sat(50 * COIN),
            1 => Amount::from_sat(SNAPSHOT),
            _ => {
                let subsidy = reduced_subsidy(height, params);
                Amount::from_sat(subsidy - tenth(subsidy))
            }
        },
    }
}

/// What a block sets apart for proposals that masternodes vote for, which superblocks create.
#[must_use]
pub fn governance_part(height: u32, params: &Params) -> Amount {
    match params.subsidy {
        SubsidySchedule::Halving { .. } => Amount::ZERO,
        SubsidySchedule::Yearly { .. } | SubsidySchedule::YearlyRecounted { .. } => match height {
            0 | 1 => Amount::ZERO,
            _ => Amount::from_sat(tenth(reduced_subsidy(height, params))),
        },
    }
}

fn reduced_subsidy(height: u32, params: &Params) -> u64 {
    let reductions = reductions(height, params);
    if reductions >= MAX_REDUCTIONS {
        return 0;
    }
    let initial = if params.heights.nevm.is_active(height) {
        INITIAL_SINCE_NEVM
    } else {
        INITIAL
    };
    (0..reductions).fold(initial, |subsidy, _year| subsidy - subsidy / 20)
}

/// How often 5 % have been taken off. The NEVM's intervals are 2.5 times shorter.
fn reductions(height: u32, params: &Params) -> u32 {
    let nevm = params.heights.nevm.height().unwrap_or(u32::MAX);
    match params.subsidy {
        SubsidySchedule::Halving { interval } => height / interval,
        SubsidySchedule::Yearly { interval } | SubsidySchedule::YearlyRecounted { interval }
            if height < nevm =>
        {
            before_nevm(height, interval)
        }
        SubsidySchedule::Yearly { interval } => since_nevm(height, nevm, interval),
        SubsidySchedule::YearlyRecounted { interval } => height / interval,
    }
}

/// Upstream divides by a floating-point number that is whole: 2.5 times an even interval.
fn before_nevm(height: u32, interval: u32) -> u32 {
    height / (interval / 2 * 5)
}

/// Upstream adds in floating-point numbers; so does this, because whole numbers may differ where a year ends.
fn since_nevm(height: u32, nevm: u32, interval: u32) -> u32 {
    let before = f64::from(nevm) / (f64::from(interval) * 2.5);
    let since = f64::from(height - nevm) / f64::from(interval);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "at most 2^32 / interval, and floored"
    )]
    let reductions = (before + since).floor() as u32;
    reductions
}

/// A tenth, by way of a floating-point number as upstream computes it.
fn tenth(units: u64) -> u64 {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "a subsidy is below 2^53 units"
    )]
    let tenth = (units as f64 * 0.1) as u64;
    tenth
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    fn check(network: Network, height: u32, units: u64) {
        assert_eq!(
            block_subsidy(height, &Params::new(network)).to_sat(),
            units,
            "{network} {height}"
        );
    }

    #[test]
    fn subsidies_change_where_the_schedule_says() {
        check(Network::Main, 0, 5_000_000_000);
        check(Network::Main, 1, 55_420_000_000_000_000);
        check(Network::Main, 2, 3_465_000_000);
        check(Network::Main, 525_599, 3_465_000_000);
        check(Network::Main, 525_600, 3_291_750_000);
        check(Network::Main, 1_051_200, 3_127_162_500);
        check(Network::Main, 1_317_499, 3_127_162_500);
        check(Network::Main, 1_317_500, 7_817_906_250);
        check(Network::Main, 1_421_219, 7_817_906_250);
        check(Network::Main, 1_421_220, 7_427_010_938);
        check(Network::Main, 1_631_460, 7_055_660_392);
        check(Network::Main, 11_302_499, 701_616_691);
        check(Network::Main, 11_302_500, 0);
        check(Network::Main, u32::MAX, 0);
    }

    #[test]
    fn the_test_chain_counts_all_blocks_in_full_since_the_nevm() {
        check(Network::Test, 839_999, 3_291_750_000);
        check(Network::Test, 840_000, 7_427_010_938);
        check(Network::Test, 840_960, 7_055_660_392);
        check(Network::Test, 1_051_199, 7_055_660_392);
        check(Network::Test, 1_051_200, 6_702_877_373);
    }

    #[test]
    fn regtest_halves() {
        check(Network::Regtest, 0, 5_000_000_000);
        check(Network::Regtest, 149, 5_000_000_000);
        check(Network::Regtest, 150, 2_500_000_000);
        check(Network::Regtest, 150 * 32, 1);
        check(Network::Regtest, 150 * 33, 0);
        check(Network::Regtest, 150 * 64, 0);
        check(Network::Regtest, u32::MAX, 0);
        check(Network::Signet, 210_000, 2_500_000_000);
    }

    #[test]
    fn a_tenth_is_set_apart_for_governance() {
        let params = Params::new(Network::Main);
        for height in [2, 525_600, 1_317_500, 2_300_000] {
            let rest = block_subsidy(height, &params).to_sat();
            let part = governance_part(height, &params).to_sat();
            assert!(part * 9 <= rest && rest < (part + 1) * 9 + 1, "{height}");
        }
        assert_eq!(governance_part(1, &params), Amount::ZERO);
        assert_eq!(governance_part(5, &Params::new(Network::Regtest)), Amount::ZERO);
    }
}
