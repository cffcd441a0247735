//! From options to what the node's blocks are like.

use app::{Args, Network, OptionCategory, OptionSpec};
use bitcoin::block::Version;
use consensus::limits::MAX_BLOCK_WEIGHT;
use interfaces::BlockCreateOptions;
use mempool::FeeRate;

use crate::pool::{self, Room};

/// The weight that is kept free for the header and the coinbase of a block that RPC methods make.
pub(super) const RESERVED_WEIGHT: u64 = 4_000;

/// The cost of signature operations that is kept free for its coinbase.
const RESERVED_SIGOP_COST: u64 = 400;

/// The weight that such a block has at most.
const MAX_WEIGHT: u64 = MAX_BLOCK_WEIGHT - RESERVED_WEIGHT;

/// What does not pay as much for 1,000 virtual bytes is left out, in units.
const MIN_RATE: FeeRate = FeeRate::per_kvb(1_000);

/// What its owner decided on of a node's blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Config {
    /// `-blockmaxweight`.
    max_weight: Option<u64>,
    /// `-blockmintxfee`.
    min_rate: FeeRate,
    /// The version of all blocks, instead of the one that votes (`-blockversion`).
    pub(super) version: Option<Version>,
    /// Whether the log tells what the chosen transactions pay (`-printpriority`).
    pub(super) logs_rates: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            max_weight: None,
            min_rate: MIN_RATE,
            version: None,
            logs_rates: false,
        }
    }
}

impl Config {
    /// The room in a block that RPC methods make.
    pub(crate) fn room(&self) -> Room {
        Room {
            max_weight: self
                .max_weight
                .unwrap_or(MAX_WEIGHT)
                .clamp(RESERVED_WEIGHT, MAX_WEIGHT),
            reserved_weight: RESERVED_WEIGHT,
            reserved_sigop_cost: RESERVED_SIGOP_COST,
            min_rate: self.min_rate,
        }
    }

    /// The room in a block of which a client keeps a part free.
    pub(super) fn room_beside(&self, options: &BlockCreateOptions) -> Room {
        let reserved = options.block_reserved_weight;
        Room {
            max_weight: self
                .max_weight
                .unwrap_or(MAX_BLOCK_WEIGHT)
                .clamp(reserved, MAX_BLOCK_WEIGHT),
            reserved_weight: reserved,
            reserved_sigop_cost: options.coinbase_output_max_additional_sigops,
            min_rate: self.min_rate,
        }
    }
}

/// The options about blocks that the node makes.
pub(crate) fn options() -> Vec<OptionSpec> {
    use OptionCategory::{BlockCreation, DebugTest};
    vec![
        OptionSpec::new(
            "blockmaxweight",
            BlockCreation,
            "Make blocks of this weight at most (default: 3996000).",
        )
        .argument("<n>"),
        OptionSpec::new(
            "blockmintxfee",
            BlockCreation,
            "Put no transaction into a block that pays less for 1,000 virtual bytes, in coins (default: 0.00001).",
        )
        .argument("<amt>"),
        OptionSpec::new(
            "blockversion",
            BlockCreation,
            "Make blocks of this version, to try out forks (regtest only).",
        )
        .argument("<n>")
        .debug_only(),
        OptionSpec::new(
            "printpriority",
            DebugTest,
            "Tell in the log what the transactions of a new block pay for 1,000 virtual bytes (default: 0).",
        )
        .debug_only(),
    ]
}

/// Options about blocks that cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OptionError {
    #[error(transparent)]
    Rate(#[from] pool::OptionError),
    #[error("-blockversion must be a number of 32 bits without bit 8, that of merge mining: {0}")]
    Version(i64),
}

/// What the options ask for.
pub(crate) fn config(args: &Args) -> Result<Config, OptionError> {
    let defaults = Config::default();
    let version = match args.network() {
        Network::Regtest if args.is_set("blockversion") => Some(version(args.number("blockversion", 0))?),
        _ => None,
    };
    Ok(Config {
        max_weight: args
            .is_set("blockmaxweight")
            .then(|| u64::try_from(args.number("blockmaxweight", 0)).unwrap_or(0)),
        min_rate: pool::rate(args, "blockmintxfee", defaults.min_rate)?,
        version,
        logs_rates: args.flag("printpriority", false),
    })
}

fn version(number: i64) -> Result<Version, OptionError> {
    i32::try_from(number)
        .ok()
        .map(Version::from_consensus)
        .filter(|version| !consensus::version::is_aux_pow(*version))
        .ok_or(OptionError::Version(number))
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
    fn options_say_what_blocks_are_like() {
        assert_eq!(check(&[]), Ok(Config::default()));
        let changed = check(&[
            "-regtest",
            "-blockmaxweight=5000",
            "-blockmintxfee=0.5",
            "-blockversion=1237",
            "-printpriority",
        ]);
        let expected = Config {
            max_weight: Some(5_000),
            min_rate: FeeRate::per_kvb(50_000_000),
            version: Some(Version::from_consensus(1237)),
            logs_rates: true,
        };
        assert_eq!(changed, Ok(expected));
        assert_eq!(check(&["-blockversion=1237"]).unwrap().version, None, "on main");
    }

    #[test]
    fn blocks_have_room_for_what_is_kept_free_and_no_more_than_the_rules_allow() {
        for (option, expected, beside) in [
            ("-blockmaxweight=0", 4_000, 8_000),
            ("-blockmaxweight=-1", 4_000, 8_000),
            ("-blockmaxweight=9000", 9_000, 9_000),
            ("-blockmaxweight=4000000", 3_996_000, 4_000_000),
            ("-blockmaxweight=9999999", 3_996_000, 4_000_000),
            ("-printpriority=0", 3_996_000, 4_000_000),
        ] {
            let config = check(&[option]).unwrap();
            assert_eq!(config.room().max_weight, expected, "{option}");
            let client = BlockCreateOptions {
                block_reserved_weight: 8_000,
                ..BlockCreateOptions::default()
            };
            assert_eq!(config.room_beside(&client).max_weight, beside, "{option}");
        }
    }

    #[test]
    fn options_that_cannot_be_used_are_named() {
        let version = "-blockversion must be a number of 32 bits without bit 8, that of merge mining: ";
        for (option, expected) in [
            (
                "-blockmintxfee=x",
                "Invalid amount for -blockmintxfee=<amount>: 'x'".to_owned(),
            ),
            ("-blockversion=256", format!("{version}256")),
            ("-blockversion=4294967296", format!("{version}4294967296")),
        ] {
            assert_eq!(check(&["-regtest", option]), Err(expected), "{option}");
        }
    }
}
