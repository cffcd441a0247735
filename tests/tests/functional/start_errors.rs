//! Starts that fail: what is said, and what is left behind.

use std::ffi::OsString;

use anyhow::{Context as _, Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Finished, Program, for_each_daemon};

for_each_daemon![
    refuses_what_is_wrong_on_the_command_line,
    refuses_what_is_wrong_in_the_config_file,
    refuses_a_data_directory_that_is_missing,
    refuses_unusable_addresses_of_the_rpc_server,
    refuses_a_busy_rpc_port,
    refuses_an_unusable_rpcauth,
    refuses_unfit_user_agent_comments,
    refuses_unknown_log_categories_and_levels,
    leaves_nothing_behind_when_the_start_fails,
];

/// Starts a daemon that is expected to give up.
fn run(daemon: Daemon, data_dir: &DataDir, options: &[&str]) -> Result<Finished> {
    let mut all = vec![data_dir.option()];
    all.extend(options.iter().map(OsString::from));
    Program::run(daemon.executable(), &all)
}

fn check(daemon: Daemon, options: &[&str], message: &str) -> Result<()> {
    let data_dir = DataDir::new()?;
    run(daemon, &data_dir, options)?
        .check_failure(message)
        .with_context(|| format!("with {options:?}"))
}

fn refuses_what_is_wrong_on_the_command_line(daemon: Daemon) -> Result<()> {
    let parsing = "Error: Error parsing command line arguments:";
    check(
        daemon,
        &["-nonsuch=1"],
        &format!("{parsing} Invalid parameter -nonsuch=1"),
    )?;
    check(
        daemon,
        &["-nonsuch"],
        &format!("{parsing} Invalid parameter -nonsuch"),
    )?;
    check(
        daemon,
        &["--nonsuch=₿"],
        &format!("{parsing} Invalid parameter --nonsuch=₿"),
    )?;
    check(
        daemon,
        &["stray"],
        &format!(
            "Error: Command line contains unexpected token 'stray', see {} -h for a list of options.",
            daemon.executable().name()
        ),
    )?;
    check(
        daemon,
        &["-regtest", "-testnet"],
        "Error: Invalid combination of -regtest, -signet, -testnet and -chain. Can use at most one.",
    )?;
    check(daemon, &["-chain=nonsuch"], "Error: Unknown chain nonsuch.")
}

fn refuses_what_is_wrong_in_the_config_file(daemon: Daemon) -> Result<()> {
    let rows = [
        (
            "-dash=1\n",
            "parse error on line 1: -dash=1, options in configuration file must be specified without leading -",
        ),
        ("regtest=1\nstray\n", "parse error on line 2: stray"),
        (
            "noserver\n",
            "parse error on line 1: noserver, if you intended to specify a negated option, use noserver=1 instead",
        ),
        (
            "includeconf=absent.conf\n",
            "Failed to include configuration file absent.conf",
        ),
        (
            "regtest=1\nconf=other.conf\n",
            "conf cannot be set in the configuration file; use includeconf= if you want to include additional config \
             files",
        ),
    ];
    for (config, message) in rows {
        let data_dir = DataDir::new()?;
        data_dir.write_config(config)?;
        run(daemon, &data_dir, &[])?
            .check_failure(&format!("Error: Error reading configuration file: {message}"))
            .with_context(|| format!("with {config:?}"))?;
    }
    Ok(())
}

fn refuses_a_data_directory_that_is_missing(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let missing = data_dir.outside().join("not here ₿");
    let option = format!("-datadir={}", missing.display());
    Program::run(daemon.executable(), &["-regtest", &option])?.check_failure(&format!(
        "Error: Specified data directory \"{}\" does not exist.",
        missing.display()
    ))?;
    ensure!(!missing.exists(), "it was made");
    Ok(())
}

fn refuses_unusable_addresses_of_the_rpc_server(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let rows = [
        (
            &["-rpcallowip=nonsense"][..],
            "Error: Invalid -rpcallowip subnet specification: nonsense.",
        ),
        (
            &["-rpcallowip=127.0.0.1/33"],
            "Error: Invalid -rpcallowip subnet specification: 127.0.0.1/33.",
        ),
        (
            &["-rpcallowip=0.0.0.0/0", "-rpcbind=127.0.0.1:notaport"],
            "Error: Invalid port specified in -rpcbind",
        ),
        (
            &["-rpcallowip=0.0.0.0/0", "-rpcbind=127.0.0.1:99999"],
            "Error: Invalid port specified in -rpcbind",
        ),
        (
            &["-port=70000"],
            "Error: Invalid port specified in -port: '70000'",
        ),
        (&["-rpcport=0"], "Error: Invalid port specified in -rpcport: '0'"),
    ];
    for (options, message) in rows {
        let finished = run(daemon, &data_dir, options)?;
        ensure!(finished.status.code() == Some(1), "{options:?}: {finished:?}");
        ensure!(
            finished.stderr.starts_with(message),
            "{options:?} should say {message:?}: {finished:?}"
        );
    }
    Ok(())
}

/// What is said when the RPC server cannot be had, as rigs match it.
const NO_SERVER: &str = "Error: Unable to start HTTP server. See debug log for details.";

fn refuses_a_busy_rpc_port(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    data_dir.rpc_port().occupy()?;
    // Without -rpcbind the server would be content with ::1 alone.
    run(
        daemon,
        &data_dir,
        &["-rpcallowip=127.0.0.1", "-rpcbind=127.0.0.1"],
    )?
    .check_failure(NO_SERVER)
}

fn refuses_an_unusable_rpcauth(daemon: Daemon) -> Result<()> {
    for option in [
        "-rpcauth=foo",
        "-rpcauth=foo:bar",
        "-rpcauth=foo:bar:baz",
        "-rpcauth=foo$bar:baz",
    ] {
        let data_dir = DataDir::new()?;
        run(daemon, &data_dir, &[option])?
            .check_failure(NO_SERVER)
            .with_context(|| option)?;
    }
    Ok(())
}

fn refuses_unfit_user_agent_comments(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let long = format!("-uacomment={}", "a".repeat(256));
    let finished = run(daemon, &data_dir, &[&long])?;
    let message = "exceeds maximum length (256). Reduce the number or size of uacomments.\n";
    ensure!(
        finished.status.code() == Some(1) && finished.stderr.ends_with(message),
        "{finished:?}"
    );
    for comment in ["/", ":", "(", ")", "₿", "🏃"] {
        let option = format!("-uacomment={comment}");
        let message = format!("Error: User Agent comment ({comment}) contains unsafe characters.");
        run(daemon, &data_dir, &[&option])?
            .check_failure(&message)
            .context(option)?;
    }
    Ok(())
}

fn refuses_unknown_log_categories_and_levels(daemon: Daemon) -> Result<()> {
    check(
        daemon,
        &["-debug=nonsuch"],
        "Error: Unsupported logging category -debug=nonsuch.",
    )?;
    check(
        daemon,
        &["-debugexclude=RPC"],
        "Error: Unsupported logging category -debugexclude=RPC.",
    )?;
    check(
        daemon,
        &["-loglevel=nonsuch"],
        "Error: Unsupported global logging level -loglevel=nonsuch. Valid values: info, debug, trace.",
    )
}

fn leaves_nothing_behind_when_the_start_fails(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    run(daemon, &data_dir, &["-rpcauth=foo"])?.check_failure(NO_SERVER)?;
    for name in ["syscoind.pid", ".cookie"] {
        ensure!(!data_dir.regtest(name).exists(), "{name} is left");
    }
    fs::remove_dir_all(data_dir.regtest(""))?;
    run(daemon, &data_dir, &["-nonsuch"])?;
    ensure!(
        !data_dir.regtest("").exists(),
        "a network directory was made for a wrong command line"
    );
    Ok(())
}
