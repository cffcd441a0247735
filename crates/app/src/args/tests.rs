//! The rules for options, as a user meets them.

use std::path::PathBuf;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::options::{OptionCategory, OptionSpec, general_options, server_options};

fn table() -> OptionTable {
    OptionTable::new()
        .add(general_options())
        .add(server_options())
        .add([
            OptionSpec::new("x", OptionCategory::General, "Plain."),
            OptionSpec::new("list", OptionCategory::General, "Repeatable."),
            OptionSpec::new("port", OptionCategory::General, "One network's.").network_only(),
            OptionSpec::new("solid", OptionCategory::General, "Never off.").not_negatable(),
            OptionSpec::hidden("reindex"),
        ])
}

fn parse(options: &[&str]) -> Result<Args, ArgsError> {
    let argv = std::iter::once("/usr/bin/syscoind").chain(options.iter().copied());
    Args::parse(table(), argv.map(Into::into))
}

/// A data directory with files, and what becomes of it.
struct Home(TempDir);

impl Home {
    fn new(config: &str) -> Self {
        let home = Self(tempfile::Builder::new().prefix("₿🦀").tempdir().unwrap());
        home.write(CONFIG_FILE_NAME, config);
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs_err::write(self.path(name), text).unwrap();
    }

    fn load(&self, options: &[&str]) -> Result<Args, ArgsError> {
        let datadir = format!("-datadir={}", self.0.path().display());
        let options: Vec<&str> = std::iter::once(datadir.as_str())
            .chain(options.iter().copied())
            .collect();
        parse(&options)?.with_config_file()
    }

    /// The message with the directory's path made the same in every run.
    fn error(&self, options: &[&str]) -> String {
        let error = self.load(options).unwrap_err().to_string();
        error.replace(&self.0.path().display().to_string(), "HOME")
    }

    fn warnings(&self, options: &[&str]) -> Vec<String> {
        let args = self.load(options).unwrap();
        let home = self.0.path().display().to_string();
        args.warnings()
            .iter()
            .map(|warning| warning.replace(&home, "HOME"))
            .collect()
    }
}

#[test]
fn an_option_has_one_value_however_it_is_written() {
    let rows: [(&[&str], Option<&str>); 10] = [
        (&[], None),
        (&["-x=a"], Some("a")),
        (&["--x=a"], Some("a")),
        (&["-x"], Some("")),
        (&["-x="], Some("")),
        (&["-x=a=b"], Some("a=b")),
        (&["-x=a", "-x=b"], Some("b")),
        (&["-nox"], Some("0")),
        (&["-nox=1"], Some("0")),
        (&["-nox=0"], Some("1")),
    ];
    for (options, expected) in rows {
        assert_eq!(
            parse(options).unwrap().text("x").as_deref(),
            expected,
            "{options:?}"
        );
    }
}

#[test]
fn values_are_read_as_what_the_caller_asks_for() {
    let args = parse(&[
        "-x=12",
        "-list=a",
        "-nolist",
        "-list=b",
        "-list=c",
        "-nopid",
        "-debuglogfile=/a/./b/",
    ])
    .unwrap();
    assert_eq!((args.number("x", 3), args.number("port", 3)), (12, 3));
    assert_eq!((args.flag("x", false), args.flag("port", true)), (true, true));
    assert_eq!(args.texts("list"), ["b", "c"]);
    assert_eq!(
        (args.is_set("pid"), args.is_negated("pid"), args.path("pid")),
        (true, true, None)
    );
    assert_eq!(args.path("debuglogfile"), Some(PathBuf::from("/a/b")));
    assert_eq!(args.text_or("port", "7"), "7");
}

#[test]
fn a_soft_set_value_gives_way() {
    let mut args = parse(&["-nox"]).unwrap();
    let before = args.clone();
    assert!(!args.soft_set("x", "a") && args.soft_set("list", "a") && !args.soft_set("list", "b"));
    assert_eq!(
        (args.text("x").as_deref(), args.text("list").as_deref()),
        (Some("0"), Some("a"))
    );
    assert_eq!(before.text("list"), None);
}

#[test]
fn wrong_command_lines_are_errors() {
    let rows = [
        (
            "-y=1",
            "Error parsing command line arguments: Invalid parameter -y=1",
        ),
        (
            "--y",
            "Error parsing command line arguments: Invalid parameter --y",
        ),
        (
            "-noy",
            "Error parsing command line arguments: Invalid parameter -noy",
        ),
        (
            "-regtest.x=1",
            "Error parsing command line arguments: Invalid parameter -regtest.x=1",
        ),
        (
            "-₿=1",
            "Error parsing command line arguments: Invalid parameter -₿=1",
        ),
        (
            "-nosolid",
            "Error parsing command line arguments: Negating of -solid is meaningless and therefore forbidden",
        ),
        (
            "-includeconf=a",
            "Error parsing command line arguments: -includeconf cannot be used from commandline; -includeconf=\"a\"",
        ),
    ];
    for (option, expected) in rows {
        assert_eq!(parse(&[option]).unwrap_err().to_string(), expected);
    }
}

#[test]
fn words_end_the_options() {
    let args = Args::parse(
        table().accept_positional(),
        ["cli", "-x=1", "echo", "-y", "₿"].map(Into::into),
    )
    .unwrap();
    assert_eq!(args.positional(), ["echo", "-y", "₿"]);
    let error = Home::new("").error(&["-x=1", "word", "-x=2"]);
    assert_eq!(
        error,
        "Command line contains unexpected token 'word', see syscoind -h for a list of options."
    );
    assert!(parse(&["-x=1", "-", "word"]).unwrap().positional().is_empty());
}

#[test]
fn one_chain_is_chosen() {
    let rows: [(&[&str], &str, Network); 9] = [
        (&[], "", Network::Main),
        (&["-regtest"], "", Network::Regtest),
        (&["-chain=test"], "", Network::Testnet),
        (&["-testnet"], "", Network::Testnet),
        (&[], "signet=1", Network::Signet),
        (&[], "chain=regtest", Network::Regtest),
        (&["-regtest=0"], "", Network::Main),
        (&["-noregtest"], "regtest=1", Network::Regtest),
        (&[], "regtest=1\nregtest=0", Network::Main),
    ];
    for (options, config, expected) in rows {
        assert_eq!(
            Home::new(config).load(options).unwrap().network(),
            expected,
            "{options:?} {config}"
        );
    }
}

#[test]
fn several_chains_and_unknown_ones_are_errors() {
    const SEVERAL: &str =
        "Invalid combination of -regtest, -signet, -testnet and -chain. Can use at most one.";
    let rows: [(&[&str], &str, &str); 5] = [
        (&["-regtest", "-testnet"], "", SEVERAL),
        (&["-regtest", "-chain=regtest"], "", SEVERAL),
        (&["-testnet"], "regtest=1", SEVERAL),
        (&["-chain=moon"], "", "Unknown chain moon."),
        (&[], "chain=main2", "Unknown chain main2."),
    ];
    for (options, config, expected) in rows {
        assert_eq!(Home::new(config).error(options), expected, "{options:?} {config}");
    }
}

#[test]
fn help_is_given_whatever_else_is_wrong() {
    let program = Program {
        name: "syscoind",
        title: "Syscoin Core daemon",
        usage: "",
    };
    for option in ["-help", "-?", "-version", "-nohelp"] {
        let argv = ["syscoind", "-regtest", "-testnet", option].map(Into::into);
        let args = Args::parse(OptionTable::new().add(general_options()), argv).unwrap();
        assert!(args.requested_text(&program).is_some(), "{option}");
    }
}

#[test]
fn the_file_gives_way_to_the_command_line_and_its_default_section_to_the_network() {
    let config = "x=default\nlist=d1\n[regtest]\nx=section\nx=second\nlist=r1\nlist=r2\n[test]\nx=test\n";
    let home = Home::new(config);
    let rows: [(&[&str], &str, &[&str]); 4] = [
        (&[], "default", &["d1"]),
        (&["-regtest"], "section", &["r1", "r2", "d1"]),
        (
            &["-regtest", "-x=given", "-list=c"],
            "given",
            &["c", "r1", "r2", "d1"],
        ),
        (&["-regtest", "-nox", "-nolist"], "0", &[]),
    ];
    for (options, text, list) in rows {
        let args = home.load(options).unwrap();
        assert_eq!(args.text("x").as_deref(), Some(text), "{options:?}");
        assert_eq!(args.texts("list"), list, "{options:?}");
    }
}

#[test]
fn one_networks_options_are_not_taken_from_the_default_section() {
    let home = Home::new("port=1\n");
    let args = home.load(&["-regtest"]).unwrap();
    assert_eq!(args.text("port"), None);
    assert_eq!(
        args.check_sections().unwrap_err().to_string(),
        "Config setting for -port only applied on regtest network when in [regtest] section."
    );
    assert_eq!(home.load(&[]).unwrap().text("port").as_deref(), Some("1"));
    let home = Home::new("port=1\nregtest.port=2\n");
    let args = home.load(&["-regtest"]).unwrap();
    assert_eq!(args.text("port").as_deref(), Some("2"));
    assert!(args.check_sections().is_ok() && home.load(&[]).unwrap().check_sections().is_ok());
}

#[test]
fn unknown_sections_are_warned_of_and_unknown_keys_noted() {
    let home = Home::new("[regtset]\ndatdir=1\n[test]\nqqqqqqqq=1\n[tset]\n");
    assert_eq!(
        home.warnings(&[]),
        ["HOME/syscoin.conf:1 Section [regtset] is not recognized.\n\
          HOME/syscoin.conf:5 Section [tset] is not recognized."]
    );
    assert_eq!(
        home.load(&[]).unwrap().notices(),
        [
            "Ignoring unknown configuration value regtset.datdir (did you mean datadir?)",
            "Ignoring unknown configuration value test.qqqqqqqq",
        ]
    );
}

#[test]
fn surprising_values_are_noted() {
    let args = Home::new("nox=0\nreindex=1\n").load(&["-nolist=0"]).unwrap();
    assert_eq!(
        (args.text("x").as_deref(), args.text("list").as_deref()),
        (Some("1"), Some("1"))
    );
    let beginnings = [
        "Warning: parsed potentially confusing double-negative -list=0",
        "Warning: parsed potentially confusing double-negative -x=0",
        "Warning: reindex=1 is set in the configuration file, which will significantly slow down startup.",
    ];
    assert_eq!(args.notices().len(), beginnings.len());
    for (notice, beginning) in args.notices().iter().zip(beginnings) {
        assert!(notice.starts_with(beginning), "{notice}");
    }
}

#[test]
fn wrong_files_are_errors() {
    let rows: [(&[&str], &str, &str); 7] = [
        (
            &[],
            "-x=1",
            "parse error on line 1: -x=1, options in configuration file must be specified without leading -",
        ),
        (&[], "\nword", "parse error on line 2: word"),
        (
            &[],
            "conf=a",
            "conf cannot be set in the configuration file; use includeconf= if you want to include additional config files",
        ),
        (
            &[],
            "nosolid=1",
            "Negating of -solid is meaningless and therefore forbidden",
        ),
        (
            &["-conf=other.conf"],
            "",
            "specified config file \"HOME/other.conf\" could not be opened.",
        ),
        (&["-conf=."], "", "Config file \"HOME/.\" is a directory."),
        (
            &[],
            "includeconf=absent",
            "Failed to include configuration file absent",
        ),
    ];
    for (options, config, expected) in rows {
        let error = Home::new(config).error(options);
        assert_eq!(
            error,
            format!("Error reading configuration file: {expected}"),
            "{config}"
        );
    }
}

#[test]
fn the_files_data_directory_must_exist() {
    let home = Home::new("datadir=/nonexistent");
    let conf = format!("-conf={}", home.path(CONFIG_FILE_NAME).display());
    let error = parse(&[&conf]).unwrap().with_config_file().unwrap_err();
    assert_eq!(
        error.to_string(),
        "Error reading configuration file: specified data directory \"/nonexistent\" does not exist."
    );
}

#[test]
fn a_data_directory_must_exist() {
    let error = parse(&["-datadir=/nonexistent/₿/"])
        .unwrap()
        .with_config_file()
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "Specified data directory \"/nonexistent/₿/\" does not exist."
    );
}

#[test]
fn files_are_included_after_the_one_that_names_them() {
    let home = Home::new("includeconf=one.conf\nregtest=1\nx=main\n[regtest]\nincludeconf=two.conf\n");
    home.write("one.conf", "x=one\nlist=one\n");
    home.write("two.conf", "list=two\n[regtest]\nx=two\n");
    let args = home.load(&[]).unwrap();
    assert_eq!(args.text("x").as_deref(), Some("two"));
    assert_eq!(args.texts("list"), ["two", "one"]);
    assert_eq!(
        args.notices(),
        [
            "Included configuration file two.conf",
            "Included configuration file one.conf"
        ]
    );
    let args = home.load(&["-noincludeconf"]).unwrap();
    assert_eq!(
        (args.text("x").as_deref(), args.texts("list")),
        (Some("main"), vec![])
    );
}

#[test]
fn included_files_do_not_include_others() {
    let home = Home::new("includeconf=one.conf\n");
    home.write("one.conf", "includeconf=two.conf\n");
    let args = home.load(&[]).unwrap();
    assert_eq!(
        args.include_warnings(),
        ["warning: -includeconf cannot be used from included files; ignoring -includeconf=two.conf"]
    );
    assert!(args.warnings().is_empty());
}

#[test]
fn a_second_configuration_file_is_not_silently_ignored() {
    let home = Home::new("");
    home.write("other.conf", "x=other");
    let error = home.error(&["-conf=other.conf"]);
    let expected = "Data directory \"HOME\" contains a \"syscoin.conf\" file which is ignored, because a different \
                    configuration file \"HOME/other.conf\" from command line argument \"-conf=other.conf\" is being \
                    used instead.";
    assert!(
        error.starts_with(expected) && error.contains("allowignoredconf=1"),
        "{error}"
    );
    let args = home.load(&["-conf=other.conf", "-allowignoredconf"]).unwrap();
    assert_eq!(args.text("x").as_deref(), Some("other"));
    assert!(args.warnings().is_empty(), "standard error stays empty");
    let notices = args.notices().concat();
    assert!(notices.contains("is being used instead"), "{notices}");
}

#[test]
fn a_missing_or_refused_default_file_is_no_error() {
    let home = Home::new("word");
    assert!(home.load(&["-noconf"]).unwrap().config_file().is_none());
    fs_err::remove_file(home.path(CONFIG_FILE_NAME)).unwrap();
    assert_eq!(
        home.load(&[]).unwrap().config_file(),
        Some(home.path(CONFIG_FILE_NAME).as_path())
    );
}

#[test]
fn secrets_stay_out_of_the_log() {
    let home = Home::new("rpcpassword=geheim\n[regtest]\nx=1\n");
    let args = home.load(&["-regtest", "-rpcuser=me", "-nolist"]).unwrap();
    let lines = args.log_lines();
    assert!(!format!("{args:?}").contains("geheim"));
    assert_eq!(
        lines[..2],
        [
            "Config file arg: rpcpassword=****",
            "Config file arg: [regtest] x=\"1\""
        ]
        .map(str::to_owned)
    );
    for line in [
        "Command-line arg: list=false",
        "Command-line arg: regtest=\"\"",
        "Command-line arg: rpcuser=****",
    ] {
        assert!(lines.contains(&line.to_owned()), "{lines:?}");
    }
}

#[test]
fn help_and_version_are_recognised_in_all_spellings() {
    let program = Program {
        name: "syscoind",
        title: "Syscoin Core daemon",
        usage: "syscoind [options]",
    };
    for option in ["-?", "-h", "-help", "--help", "-help-debug"] {
        let text = parse(&[option]).unwrap().requested_text(&program).unwrap();
        assert!(
            text.starts_with(
                "Syscoin Core daemon version v5.1.1\n\nUsage:  syscoind [options]\n\nOptions:\n"
            )
        );
        assert_eq!(
            text.contains("\n  -rpcdoccheck\n"),
            option == "-help-debug",
            "{option}"
        );
    }
    let version = parse(&["-version"]).unwrap().requested_text(&program).unwrap();
    assert!(
        version.starts_with("Syscoin Core daemon version v5.1.1\nCopyright"),
        "{version}"
    );
    assert!(parse(&[]).unwrap().requested_text(&program).is_none());
}

#[cfg(unix)]
#[test]
fn paths_keep_bytes_that_are_not_unicode() {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let option = OsString::from_vec(b"-debuglogfile=/tmp/\xff=\xe2\x82".to_vec());
    let args = Args::parse(table(), ["syscoind".into(), option]).unwrap();
    assert_eq!(
        args.path("debuglogfile").unwrap().as_os_str().as_bytes(),
        b"/tmp/\xff=\xe2\x82"
    );
    let wrong = OsString::from_vec(b"-\xff=1".to_vec());
    assert!(Args::parse(table(), ["syscoind".into(), wrong]).is_err());
}

proptest! {
    #[test]
    fn no_command_line_panics(words in proptest::collection::vec("-{0,2}(no)?(x|port|regtest|chain|includeconf|.)?=?.{0,6}", 0..8)) {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        if let Ok(args) = parse(&words) {
            let _ = (args.text("x"), args.texts("x"), args.flag("port", true), args.number("x", 0), args.path("x"));
        }
    }

    #[test]
    fn the_last_value_counts(values in proptest::collection::vec("[^\0]{0,10}", 1..6)) {
        let words: Vec<String> = values.iter().map(|value| format!("-x={value}")).collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let args = parse(&words).unwrap();
        prop_assert_eq!(args.text("x"), values.last().cloned());
        prop_assert_eq!(args.texts("x"), values);
    }
}
