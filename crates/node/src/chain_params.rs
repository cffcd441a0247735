//! From options to the rules of the chain that the node follows.

use app::{Args, Network, OptionCategory, OptionSpec};
use bitcoin::hashes::Hash as _;
use bitcoin::{BlockHash, Work};
use consensus::Params;
use consensus::params::OptionError;

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
            "dip3params",
            "activation:enforcement",
            "Let masternodes begin at these heights (regtest only).",
        ),
        developer(
            "dip19params",
            "activation",
            "Let basic BLS signatures begin at this height (regtest only).",
        ),
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
    if args.network() == Network::Regtest {
        for value in args.texts("testactivationheight") {
            params.set_activation_height(&value)?;
        }
        for value in args.texts("vbparams") {
            params.set_version_bits(&value)?;
        }
        if let Some(value) = args.text("dip3params") {
            params.set_dip3(&value)?;
        }
        if let Some(value) = args.text("dip19params") {
            params.set_dip19(&value)?;
        }
    }
    Ok(params)
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
                "-assumevalid=xyz",
                "Invalid block hash (xyz) for -assumevalid: it has up to 64 hexadecimal digits",
            ),
        ] {
            let error = check(&["-regtest", option]).unwrap_err();
            assert_eq!(error, expected, "{option}");
        }
    }
}
