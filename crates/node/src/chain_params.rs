//! From options to the rules of the chain that the node follows.

use app::{Args, Network, OptionCategory, OptionSpec};
use bitcoin::hashes::Hash as _;
use bitcoin::{BlockHash, Work};
use consensus::Params;
use consensus::params::{HeightOption, OptionError};

/// The options cannot be used as rules of a chain. Texts are Bitcoin Core's where it has them.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParamsError {
    #[error(transparent)]
    Rule(#[from] OptionError),
    #[error("Invalid non-hex ({0}) minimum chain work value specified")]
    MinimumChainWork(String),
    #[error("Invalid block hash ({0}) for -assumevalid: it has up to 64 hexadecimal digits")]
    AssumeValid(String),
}

/// The options that change a chain's rules.
pub(crate) fn options() -> Vec<OptionSpec> {
    let developer = |name, argument, help: &'static str| {
        OptionSpec::new(name, OptionCategory::DebugTest, help)
            .argument(argument)
            .debug_only()
    };
    vec![
        OptionSpec::new(
            "assumevalid",
            OptionCategory::General,
            "Do not run the scripts of this block and of those before it, where it is in the best chain of headers (0: \
             run all of them; default: a block that the release names).",
        )
        .argument("<hex>"),
        developer(
            "minimumchainwork",
            "<hex>",
            "Take no chain for the best one that has less work than this.",
        ),
        developer(
            "testactivationheight",
            "name@height",
            "Let a rule hold from this height on: segwit, bip34, dersig, cltv or csv (regtest only). May be given \
             several times.",
        ),
        developer(
            "vbparams",
            "deployment:start:end[:min_activation_height]",
            "Change when miners can vote for a rule (regtest only). May be given several times.",
        ),
        developer(
            "assumeutxo",
            "height:blockhash:hash:transactions",
            "Let loadtxoutset take the coins of a block for right that have this hash_serialized_3 (regtest only). May be \
             given several times, and must be given up to the first start after they were validated.",
        ),
        developer(
            "dip3params",
            "activation:enforcement",
            "Let masternodes begin at these heights (regtest only).",
        ),
        developer(
            "dip19params",
            "activation",
            "Let basic BLS signatures begin at this height (regtest only).",
        ),
        developer(
            "nevmstartheight",
            "<n>",
            "Let blocks with NEVM data begin at this height (regtest only, default: 2050).",
        ),
        developer(
            "clreceiptstartheight",
            "<n>",
            "Let receipts of ChainLocks begin at this height (regtest only). From there on transactions have one way alone \
             to say where tokens go.",
        ),
        developer(
            "btccstartheight",
            "<n>",
            "Let checkpoints of Bitcoin begin at this height (regtest only). No rule follows from it on a chain without \
             masternodes.",
        ),
        developer(
            "bridgev2startheight",
            "<n>",
            "Let the rules of the second bridge hold from this height on (regtest only).",
        ),
        developer(
            "mncollateral",
            "<n>",
            "How many coins a masternode locks up (regtest only, default: 100000).",
        ),
        developer(
            "llmqtestparams",
            "<size>:<threshold>",
            "How many members a quorum has, and how many of them must agree (regtest only, default: 3:2).",
        ),
        developer(
            "hrp",
            "<text>",
            "What bech32 addresses of the main chain begin with (default: sys).",
        ),
        OptionSpec::new(
            "signetchallenge",
            OptionCategory::ChainSelection,
            "The script that blocks of signet are signed for, in hexadecimal (default: that of Bitcoin's signet).",
        )
        .argument("<hex>"),
        OptionSpec::new(
            "signetseednode",
            OptionCategory::ChainSelection,
            "Nodes of signet to ask for others, instead of those that the release names. May be given several times.",
        )
        .argument("<host>"),
    ]
}

/// The rules as the options change them.
///
/// # Errors
/// [`ParamsError`] with the first option that cannot be used.
pub(crate) fn params(args: &Args) -> Result<Params, ParamsError> {
    let mut params = Params::new(match args.network() {
        Network::Main => consensus::Network::Main,
        Network::Testnet => consensus::Network::Test,
        Network::Signet => consensus::Network::Signet,
        Network::Regtest => consensus::Network::Regtest,
    });
    match args.network() {
        Network::Main => {
            if let Some(value) = args.text("hrp") {
                params.set_hrp(&value)?;
            }
        }
        Network::Signet => {
            if args.is_set("signetchallenge") {
                params.set_signet_challenge(&args.texts("signetchallenge"))?;
            }
        }
        Network::Regtest => change_regtest(&mut params, args)?,
        Network::Testnet => {}
    }
    if let Some(text) = args.text("minimumchainwork") {
        let bytes = parse_number(&text).ok_or(ParamsError::MinimumChainWork(text))?;
        params.minimum_chain_work = Work::from_be_bytes(bytes);
    }
    if let Some(text) = args.text("assumevalid") {
        let mut bytes = parse_number(&text).ok_or(ParamsError::AssumeValid(text))?;
        bytes.reverse();
        let hash = BlockHash::from_byte_array(bytes);
        params.assume_valid = (hash != BlockHash::all_zeros()).then_some(hash);
    }
    Ok(params)
}

/// Changes regtest's rules.
fn change_regtest(params: &mut Params, args: &Args) -> Result<(), OptionError> {
    for value in args.texts("testactivationheight") {
        params.set_activation_height(&value)?;
    }
    for value in args.texts("vbparams") {
        params.set_version_bits(&value)?;
    }
    for value in args.texts("assumeutxo") {
        params.assume_coins(&value)?;
    }
    if let Some(value) = args.text("dip3params") {
        params.set_dip3(&value)?;
    }
    if let Some(value) = args.text("dip19params") {
        params.set_dip19(&value)?;
    }
    for option in HeightOption::ALL {
        if args.is_set(option.name()) {
            params.set_height(option, args.number(option.name(), 0));
        }
    }
    if args.is_set("mncollateral") {
        params.set_masternode_collateral(args.number("mncollateral", 0));
    }
    if let Some(value) = args.text("llmqtestparams") {
        params.set_quorum_size(&value)?;
    }
    Ok(())
}

/// A number of up to 256 bits, written with hexadecimal digits, with or without `0x`; as bytes, the highest first.
fn parse_number(text: &str) -> Option<[u8; 32]> {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    if digits.len() > 64 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let padded = format!("{digits:0>64}");
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(padded.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use consensus::Activation;

    use super::*;

    fn check(options: &[&str]) -> Result<Params, String> {
        let table = app::OptionTable::new()
            .add(app::options::chain_options())
            .add(super::options());
        let argv = std::iter::once("syscoind").chain(options.iter().copied());
        let args = Args::parse(table, argv.map(Into::into)).unwrap();
        params(&args).map_err(|error| error.to_string())
    }

    #[test]
    fn options_change_the_rules_of_their_chain() {
        assert_eq!(check(&["-regtest"]).unwrap().network, consensus::Network::Regtest);
        let moved = check(&[
            "-regtest",
            "-dip3params=9000:9001",
            "-testactivationheight=csv@7",
            "-minimumchainwork=0x1ff",
            "-assumevalid=0123",
        ])
        .unwrap();
        assert_eq!(moved.heights.dip3, Activation::at(9000));
        assert_eq!(moved.heights.csv, Activation::at(7));
        assert_eq!(moved.minimum_chain_work.to_string(), "511");
        assert_eq!(
            moved.assume_valid.map(|hash| hash.to_string()),
            Some(format!("{:0>64}", "123"))
        );
        assert_eq!(check(&["-assumevalid=0"]).unwrap().assume_valid, None);
        let main = check(&["-dip3params=1:1"]).unwrap();
        assert_eq!(
            main.heights.dip3,
            Params::new(consensus::Network::Main).heights.dip3
        );
    }

    #[test]
    fn each_chain_has_options_of_its_own() {
        let options = [
            "-nevmstartheight=7",
            "-clreceiptstartheight=8",
            "-btccstartheight=9",
            "-bridgev2startheight=10",
            "-mncollateral=100",
            "-llmqtestparams=5:3",
            "-hrp=test",
            "-signetchallenge=51",
            "-signetseednode=localhost",
        ];
        let with = |chain| check(&[&[chain][..], &options].concat()).unwrap();
        let regtest = with("-regtest");
        assert_eq!(regtest.heights.nevm, Activation::at(7));
        assert_eq!(regtest.heights.chainlock_receipts, Activation::at(8));
        assert_eq!(regtest.heights.bitcoin_checkpoints, Activation::at(9));
        assert_eq!(regtest.heights.bridge_v2, Activation::at(10));
        assert_eq!(regtest.masternode_collateral.to_sat(), 100 * 100_000_000);
        assert_eq!(regtest.quorum.unwrap().size, 5);
        assert_eq!(regtest.address.hrp, "bcrt");
        assert_eq!(with("-chain=main").address.hrp, "test");
        assert_eq!(with("-chain=main").heights.nevm, Activation::at(1_317_500));
        assert_eq!(with("-signet").signet_challenge.unwrap().as_bytes(), [0x51]);
        assert_eq!(with("-signet").assume_valid, None);
        assert_eq!(with("-testnet").address.hrp, "tsys");
        let kept = check(&["-signet", "-signetchallenge=51", "-minimumchainwork=5"]).unwrap();
        assert_eq!(kept.minimum_chain_work.to_string(), "5");
    }

    #[test]
    fn values_that_cannot_be_used_are_named() {
        for (option, expected) in [
            (
                "-minimumchainwork=test",
                "Invalid non-hex (test) minimum chain work value specified",
            ),
            (
                "-testactivationheight=csv",
                "Invalid format (csv) for -testactivationheight=name@height.",
            ),
            (
                "-vbparams=testdummy",
                "Version bits parameters malformed, expecting deployment:start:end[:min_activation_height]",
            ),
            (
                "-assumeutxo=110",
                "Invalid value (110) for -assumeutxo=height:blockhash:hash:transactions.",
            ),
            (
                "-llmqtestparams=5",
                "LLMQ_TEST parameters malformed, expecting <size>:<threshold>",
            ),
            (
                "-assumevalid=xyz",
                "Invalid block hash (xyz) for -assumevalid: it has up to 64 hexadecimal digits",
            ),
        ] {
            let error = check(&["-regtest", option]).unwrap_err();
            assert_eq!(error, expected, "{option}");
        }
    }
}
