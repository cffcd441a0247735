//! From options to the pool's policy.

use std::time::Duration;

use app::{Args, Network, OptionCategory, OptionSpec};
use mempool::{Config, FeeRate, Limits};

/// The pool must have room for so many times the largest family of transactions.
const FAMILIES: u64 = 40;

/// The options about unconfirmed transactions.
pub(crate) fn options() -> Vec<OptionSpec> {
    use OptionCategory::{DebugTest, General, NodeRelay};
    let relay =
        |name, argument, help: &'static str| OptionSpec::new(name, NodeRelay, help).argument(argument);
    let debug = |name, argument, help: &'static str| {
        OptionSpec::new(name, DebugTest, help)
            .argument(argument)
            .debug_only()
    };
    let mut options = super::fees::options();
    options.extend([
        OptionSpec::new(
            "blocksonly",
            NodeRelay,
            "Take no transactions from other nodes, and estimate no fees (default: 0).",
        ),
        OptionSpec::new(
            "maxmempool",
            General,
            "Let unconfirmed transactions take up to this many MB of memory (default: 300, or 5 with -blocksonly).",
        )
        .argument("<n>"),
        OptionSpec::new(
            "mempoolexpiry",
            General,
            "Drop transactions that were not confirmed for this many hours (default: 336).",
        )
        .argument("<n>"),
        OptionSpec::new(
            "persistmempool",
            General,
            "Keep unconfirmed transactions in mempool.dat from one run to the next (default: 1).",
        ),
        OptionSpec::new(
            "acceptnonstdtxn",
            NodeRelay,
            "Take transactions that are not standard (test chains only; default: 0).",
        )
        .debug_only(),
        relay(
            "minrelaytxfee",
            "<amt>",
            "Take no transaction that pays less for 1,000 virtual bytes, in coins (default: 0.00001).",
        ),
        debug(
            "incrementalrelayfee",
            "<amt>",
            "A replacement must pay this much more for 1,000 virtual bytes, in coins (default: 0.00001).",
        ),
        debug(
            "dustrelayfee",
            "<amt>",
            "Take no output that costs more to spend than it is worth at this rate, in coins for 1,000 virtual bytes (default: \
             0.00003).",
        ),
        relay(
            "bytespersigop",
            "<n>",
            "Count a signature operation as at least this many bytes (default: 20).",
        ),
        OptionSpec::new(
            "datacarrier",
            NodeRelay,
            "Take transactions with outputs that carry data (default: 1).",
        ),
        relay(
            "datacarriersize",
            "<n>",
            "How many bytes the script of such an output may have (default: 83).",
        ),
        OptionSpec::new(
            "permitbaremultisig",
            NodeRelay,
            "Take outputs that ask for several signatures without a hash (default: 1).",
        ),
        OptionSpec::new(
            "mempoolfullrbf",
            NodeRelay,
            "Let transactions be replaced that do not say that they may be (default: 0).",
        ),
        debug(
            "limitancestorcount",
            "<n>",
            "How many unconfirmed transactions may stand on one another (default: 25).",
        ),
        debug("limitancestorsize", "<n>", "Their size in kB (default: 101)."),
        debug(
            "limitdescendantcount",
            "<n>",
            "How many may stand on one (default: 25).",
        ),
        debug("limitdescendantsize", "<n>", "Their size in kB (default: 101)."),
    ]);
    options
}

/// Options about the pool that cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionError {
    #[error("Invalid amount for -{name}=<amount>: '{value}'")]
    Amount { name: &'static str, value: String },
    #[error("-maxmempool must be at least {0} MB")]
    TooSmall(u64),
    #[error("acceptnonstdtxn is not currently supported for main chain")]
    NonStandardOnMain,
    #[error("acceptstalefeeestimates is not supported on {0} chain.")]
    StaleEstimates(&'static str),
}

/// The policy that the options ask for.
pub(crate) fn config(args: &Args) -> Result<Config, OptionError> {
    let defaults = Config::default();
    let accepts_all = args.flag("acceptnonstdtxn", false);
    if accepts_all && args.network() == Network::Main {
        return Err(OptionError::NonStandardOnMain);
    }
    if args.flag("acceptstalefeeestimates", false) && args.network() != Network::Regtest {
        return Err(OptionError::StaleEstimates(args.network().name()));
    }
    let count = |name, default: u64| {
        let default = i64::try_from(default).unwrap_or(i64::MAX);
        u64::try_from(args.number(name, default)).unwrap_or(0)
    };
    let limits = Limits {
        ancestor_count: count("limitancestorcount", defaults.limits.ancestor_count),
        ancestor_size: count("limitancestorsize", defaults.limits.ancestor_size / 1000).saturating_mul(1000),
        descendant_count: count("limitdescendantcount", defaults.limits.descendant_count),
        descendant_size: count("limitdescendantsize", defaults.limits.descendant_size / 1000)
            .saturating_mul(1000),
    };
    let default_megabytes = if args.flag("blocksonly", false) { 5 } else { 300 };
    let max_usage = count("maxmempool", default_megabytes).saturating_mul(1_000_000);
    let least = limits.descendant_size.saturating_mul(FAMILIES);
    if max_usage < least {
        return Err(OptionError::TooSmall(least.div_ceil(1_000_000)));
    }
    let data_carrier = usize::try_from(count("datacarriersize", 83)).unwrap_or(usize::MAX);
    let incremental = rate(args, "incrementalrelayfee", defaults.incremental)?;
    let min_relay = rate(args, "minrelaytxfee", defaults.min_relay)?;
    Ok(Config {
        requires_standard: !accepts_all,
        max_usage: usize::try_from(max_usage).unwrap_or(usize::MAX),
        expiry: Duration::from_secs(count("mempoolexpiry", 336).saturating_mul(60 * 60)),
        limits,
        // What is asked of replacements is asked of all, unless another option says otherwise.
        min_relay: match args.is_set("minrelaytxfee") {
            true => min_relay,
            false => min_relay.max(incremental),
        },
        incremental,
        dust: rate(args, "dustrelayfee", defaults.dust)?,
        bytes_per_sigop: count("bytespersigop", defaults.bytes_per_sigop),
        max_data_carrier: args.flag("datacarrier", true).then_some(data_carrier),
        permits_bare_multisig: args.flag("permitbaremultisig", true),
        full_replacement: args.flag("mempoolfullrbf", false),
    })
}

/// An amount for 1,000 virtual bytes.
pub(crate) fn rate(args: &Args, name: &'static str, default: FeeRate) -> Result<FeeRate, OptionError> {
    let Some(text) = args.text(name) else {
        return Ok(default);
    };
    let units = encoding::amount::parse_money(&text).and_then(|units| i64::try_from(units).ok());
    units
        .map(FeeRate::per_kvb)
        .ok_or(OptionError::Amount { name, value: text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(options: &[&str]) -> Result<Config, String> {
        let table = app::OptionTable::new()
            .add(app::options::chain_options())
            .add(super::options());
        let argv = std::iter::once("syscoind").chain(options.iter().copied());
        config(&Args::parse(table, argv.map(Into::into)).unwrap()).map_err(|error| error.to_string())
    }

    #[test]
    fn options_make_the_policy() {
        assert_eq!(check(&[]), Ok(Config::default()));
        let changed = check(&[
            "-regtest",
            "-acceptnonstdtxn",
            "-maxmempool=5",
            "-minrelaytxfee=0.0001",
            "-nodatacarrier",
            "-limitancestorsize=7",
        ])
        .unwrap();
        assert!(!changed.requires_standard);
        assert_eq!(changed.max_usage, 5_000_000);
        assert_eq!(changed.min_relay, FeeRate::per_kvb(10_000));
        assert_eq!(changed.max_data_carrier, None);
        assert_eq!(changed.limits.ancestor_size, 7_000);
    }

    #[test]
    fn what_asks_more_of_replacements_asks_it_of_all() {
        let changed = check(&["-incrementalrelayfee=0.001"]).unwrap();
        assert_eq!(changed.min_relay, FeeRate::per_kvb(100_000));
    }

    #[test]
    fn options_that_cannot_be_used_are_named() {
        for (options, expected) in [
            (
                &["-minrelaytxfee=x"][..],
                "Invalid amount for -minrelaytxfee=<amount>: 'x'",
            ),
            (&["-maxmempool=4"], "-maxmempool must be at least 5 MB"),
            (
                &["-acceptnonstdtxn"],
                "acceptnonstdtxn is not currently supported for main chain",
            ),
            (
                &["-acceptstalefeeestimates"],
                "acceptstalefeeestimates is not supported on main chain.",
            ),
        ] {
            assert_eq!(check(options), Err(expected.to_owned()), "{options:?}");
        }
    }
}
