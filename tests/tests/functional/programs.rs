//! What each executable says about itself.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Executable, Program, for_multiprocess};

for_multiprocess![syscoin_node_explains_itself, syscoin_wallet_explains_itself];

/// Checks help and version of one executable.
fn check(executable: Executable, title: &str, options: &[&str]) -> Result<()> {
    let version = Program::run(executable, &["-version"])?;
    version.check_success()?;
    let first_line = version.stdout.lines().next().context("no version")?;
    ensure!(
        first_line.starts_with(&format!("{title} version v")),
        "{first_line:?} does not begin with {title:?}"
    );

    for help_option in ["-help", "-h", "-?", "--help"] {
        let help = Program::run(executable, &[help_option])?;
        help.check_success().context(help_option)?;
        ensure!(
            help.stdout.starts_with(first_line),
            "{help_option} does not begin with the version: {help:?}"
        );
        ensure!(
            help.stdout.contains(&format!("\nUsage:  {} ", executable.name())),
            "no usage: {help:?}"
        );
        for option in options.iter().chain(&["-version"]) {
            ensure!(
                help.stdout.lines().any(|line| line.trim() == *option),
                "{help_option} does not explain {option}: {}",
                help.stdout
            );
        }
    }

    let unknown = Program::run(executable, &["-nonsuch=₿"])?;
    unknown
        .check_failure("Error: Error parsing command line arguments: Invalid parameter -nonsuch=₿")
        .or_else(|_| {
            // The client has always said it in its own way.
            unknown.check_failure("Error parsing command line arguments: Invalid parameter -nonsuch=₿")
        })
}

const NODE_OPTIONS: [&str; 11] = [
    "-datadir=<dir>",
    "-conf=<file>",
    "-debug=<category>",
    "-includeconf=<file>",
    "-pid=<file>",
    "-printtoconsole",
    "-regtest",
    "-rpcauth=<userpw>",
    "-rpcport=<port>",
    "-server",
    "-uacomment=<cmt>",
];

#[test]
fn syscoind_explains_itself() -> Result<()> {
    check(Executable::Syscoind, "Syscoin Core daemon", &NODE_OPTIONS)
}

fn syscoin_node_explains_itself() -> Result<()> {
    check(
        Executable::SyscoinNode,
        "Syscoin Core multiprocess daemon",
        &NODE_OPTIONS,
    )
}

fn syscoin_wallet_explains_itself() -> Result<()> {
    let options = [
        "-datadir=<dir>",
        "-debug=<category>",
        "-ipcconnect=<address>",
        "-regtest",
    ];
    check(Executable::SyscoinWallet, "Syscoin Core wallet process", &options)
}

#[test]
fn syscoin_cli_explains_itself() -> Result<()> {
    let options = [
        "-datadir=<dir>",
        "-getinfo",
        "-named",
        "-rpcwait",
        "-rpcwallet=<walletname>",
        "-stdin",
        "-stdinrpcpass",
        "-netinfo",
    ];
    check(Executable::SyscoinCli, "Syscoin Core RPC client", &options)
}

#[test]
fn help_of_the_daemon_lists_test_options_only_when_asked() -> Result<()> {
    let short = Program::run(Executable::Syscoind, &["-help"])?;
    let long = Program::run(Executable::Syscoind, &["-help", "-help-debug"])?;
    long.check_success()?;
    for option in ["-logtimemicros", "-rpcservertimeout", "-rpcworkqueue"] {
        ensure!(
            !short.stdout.contains(option),
            "{option} is for developers: {}",
            short.stdout
        );
        ensure!(
            long.stdout.contains(option),
            "{option} is not explained: {}",
            long.stdout
        );
    }
    Ok(())
}
