//! `ipc-key`: the keys by which processes know each other over TCP, shown and changed.

use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::process::ExitCode;
use std::time::SystemTime;

use anyhow::{Context as _, bail, ensure};
use app::{Args, DataDir, OptionSpec, OptionTable, Program, options, report};
use ipc::{Authorized, Date, Keys, TcpAddress, Trusted};

/// The word that asks for this.
const COMMAND: &str = "ipc-key";

const PROGRAM: Program = Program {
    name: "syscoin-node",
    title: "Syscoin Core multiprocess daemon",
    usage: "syscoin-node [options] ipc-key show                           Print the own key\n\
            or:     syscoin-node [options] ipc-key list                           Print the keys that are known\n\
            or:     syscoin-node [options] ipc-key authorize <name> <key> [<day>] Let a key connect, until a day\n\
            or:     syscoin-node [options] ipc-key revoke <name>                  Let it connect no more\n\
            or:     syscoin-node [options] ipc-key trust <host>:<port> <key>      Expect a key at an address\n\
            or:     syscoin-node [options] ipc-key forget <host>:<port>           Expect it no more\n\n\
            A key is what `show` prints. A day is written YYYY-MM-DD, and over at its end in UTC. The keys are in the directory ipc of the\n\
            network's data directory; a running node heeds changes with the next client that connects.\n",
};

/// Whether the first word that is no option asks for this.
pub(crate) fn is_requested(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter().skip(1).filter(|word| !is_option(word));
    words.next().is_some_and(|word| word == COMMAND)
}

fn is_option(word: &OsStr) -> bool {
    word.as_encoded_bytes().starts_with(b"-")
}

/// Puts options that stand directly behind the command before it, where options are understood.
fn options_first(mut arguments: Vec<OsString>) -> Vec<OsString> {
    if let Some(command) = arguments.iter().position(|word| word == COMMAND) {
        let behind = &mut arguments[command..];
        let n_options = behind.iter().skip(1).take_while(|word| is_option(word)).count();
        behind[..=n_options].rotate_left(1);
    }
    arguments
}

/// Does what the words behind `ipc-key` ask for.
pub(crate) fn main(arguments: Vec<OsString>) -> ExitCode {
    match run(arguments) {
        Ok(text) => {
            // A reader that closes its end is no error.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(error) => {
            report::error(node::with_causes(&error));
            ExitCode::FAILURE
        }
    }
}

/// What is printed.
fn run(arguments: Vec<OsString>) -> anyhow::Result<String> {
    let args = Args::parse(table(), options_first(arguments))?;
    if let Some(text) = args.requested_text(&PROGRAM) {
        return Ok(text);
    }
    let args = args.with_config_file()?;
    let keys = Keys::new(DataDir::resolve(&args)?.network());
    let words: Vec<&str> = args.positional().iter().skip(1).map(String::as_str).collect();
    match words.as_slice() {
        ["show"] => Ok(format!("{}\n", keys.identity()?.digest())),
        ["list"] => list(&keys),
        ["authorize", name, key] => authorize(&keys, name, key, None),
        ["authorize", name, key, day] => authorize(&keys, name, key, Some(day)),
        ["revoke", name] => {
            ensure!(keys.revoke(name)?, "no key is authorised as {name}");
            Ok(String::new())
        }
        ["trust", address, key] => {
            keys.trust(Trusted::new(
                tcp_address(address)?,
                key.parse().with_context(|| (*key).to_owned())?,
            ))?;
            Ok(String::new())
        }
        ["forget", address] => {
            ensure!(
                keys.forget(&tcp_address(address)?)?,
                "no key is trusted at {address}"
            );
            Ok(String::new())
        }
        _ => bail!(
            "syscoin-node ipc-key does not understand this; syscoin-node ipc-key -help tells what it does"
        ),
    }
}

fn table() -> OptionTable {
    let understood = |option: &OptionSpec| ["conf", "datadir", "includeconf"].contains(&option.name);
    OptionTable::new()
        .add(options::help_options())
        .add(options::chain_options())
        .add(options::general_options().into_iter().filter(understood))
        .accept_positional()
}

fn authorize(keys: &Keys, name: &str, key: &str, day: Option<&str>) -> anyhow::Result<String> {
    let until = day
        .map(|day| day.parse::<Date>().with_context(|| day.to_owned()))
        .transpose()?;
    let key = key.parse().with_context(|| key.to_owned())?;
    let entry = Authorized::new(name, key, until).with_context(|| name.to_owned())?;
    // It would let nobody in, which whoever mistypes a year would find out from afar.
    ensure!(
        !entry.has_lapsed(SystemTime::now()),
        "{}: this day is over; `ipc-key revoke {name}` takes an authorisation away",
        day.unwrap_or_default()
    );
    keys.authorize(entry)?;
    Ok(String::new())
}

/// All known keys, a line each.
fn list(keys: &Keys) -> anyhow::Result<String> {
    let now = SystemTime::now();
    let mut text = String::new();
    for entry in keys.authorized()? {
        let remark = if entry.has_lapsed(now) { " (over)" } else { "" };
        text.push_str(&format!("authorized {entry}{remark}\n"));
    }
    for entry in keys.trusted()? {
        text.push_str(&format!("trusted {entry}\n"));
    }
    Ok(text)
}

fn tcp_address(text: &str) -> anyhow::Result<TcpAddress> {
    text.parse()
        .with_context(|| format!("an address is written as HOST:PORT, not {text}"))
}
