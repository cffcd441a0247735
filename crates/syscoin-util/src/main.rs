//! `syscoin-util`: work that needs no node. Its one command so far finds a header's proof of work.

mod grind;

use std::ffi::OsString;
use std::io::Write as _;
use std::process::ExitCode;

use app::Args;
use app::options::{OptionTable, chain_options, help_options};
use app::program::Program;

/// The program, as `-help` presents it.
const PROGRAM: Program = Program {
    name: "syscoin-util",
    title: "Syscoin Core syscoin-util utility",
    usage: "syscoin-util [options] [commands]\n\
            \n\
            Commands:\n\
            \n\
            \x20 grind HEADER  Find the nonce with which a block header in hexadecimal has the work that it claims\n",
};

/// Carries out a command, given what follows its name.
type Command = fn(&[String]) -> Result<String, grind::GrindError>;

const COMMANDS: [(&str, Command); 1] = [("grind", grind::grind)];

fn table() -> OptionTable {
    OptionTable::new()
        .add(help_options())
        .add(chain_options())
        .accept_positional()
}

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let args = match Args::parse(table(), argv) {
        Ok(args) => args,
        Err(error) => {
            app::report::tool_options_error(&error);
            return ExitCode::FAILURE;
        }
    };
    if let Some(text) = args.requested_text(&PROGRAM) {
        print(&text);
        return ExitCode::SUCCESS;
    }
    let Some((name, words)) = args.positional().split_first() else {
        eprintln!("Error: must specify a command");
        return ExitCode::FAILURE;
    };
    let Some((_, run)) = COMMANDS.iter().find(|(known, _)| known == name) else {
        eprintln!("Error parsing command line arguments: Invalid command '{name}'");
        return ExitCode::FAILURE;
    };
    match run(words) {
        Ok(text) => {
            print(&format!("{text}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Writes to standard output, which nobody may be reading any more.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
