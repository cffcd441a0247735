//! `syscoin-tx`: makes, changes, signs and shows transactions, without a node.

mod commands;
mod error;
mod options;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::process::ExitCode;

use app::{Args, Network};
use bitcoin::absolute::LockTime;
use bitcoin::transaction::{Transaction, Version};
use consensus::Params;
use encoding::json;
use encoding::transaction::{Form, from_hex, to_hex};
use serde_json::Value;

use crate::commands::Workbench;
use crate::error::TxError;

fn main() -> ExitCode {
    let argv: Vec<OsString> = std::env::args_os().collect();
    let args = match Args::parse(options::table(), argv.clone()) {
        Ok(args) => args,
        Err(error) => {
            app::report::tool_options_error(&error);
            return ExitCode::FAILURE;
        }
    };
    if argv.len() < 2 {
        print(&options::table().help_text(&options::PROGRAM, false));
        eprintln!("Error: too few parameters");
        return ExitCode::FAILURE;
    }
    if let Some(text) = args.requested_text(&options::PROGRAM) {
        print(&text);
        return ExitCode::SUCCESS;
    }
    match run(&args, words(&argv)) {
        Ok(text) => {
            print(&format!("{text}\n"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What follows the options. A dash alone is a word.
fn words(argv: &[OsString]) -> Vec<String> {
    argv.iter()
        .skip(1)
        .map(|argument| argument.to_string_lossy().into_owned())
        .skip_while(|argument| argument.len() > 1 && argument.starts_with('-'))
        .collect()
}

fn run(args: &Args, words: Vec<String>) -> Result<String, TxError> {
    let params = Params::new(match args.network() {
        Network::Main => consensus::Network::Main,
        Network::Testnet => consensus::Network::Test,
        Network::Signet => consensus::Network::Signet,
        Network::Regtest => consensus::Network::Regtest,
    });
    let mut words = words.into_iter();
    let transaction = if args.flag("create", false) {
        Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: Vec::new(),
            output: Vec::new(),
        }
    } else {
        read_transaction(words.next().ok_or(TxError::TooFewParameters)?)?
    };
    let mut workbench = Workbench::new(transaction, params.address);
    for word in words {
        let (command, value) = word.split_once('=').unwrap_or((&word, ""));
        workbench.run(command, value)?;
    }
    Ok(show(args, &workbench))
}

fn read_transaction(word: String) -> Result<Transaction, TxError> {
    let digits = if word == "-" {
        let mut input = Vec::new();
        let read = std::io::stdin().lock().read_to_end(&mut input);
        read.map_err(|source| TxError::StandardInput { source })?;
        String::from_utf8_lossy(&input).trim().to_owned()
    } else {
        word
    };
    from_hex(&digits, Form::Either).ok_or(TxError::TransactionEncoding)
}

fn show(args: &Args, workbench: &Workbench) -> String {
    let transaction = workbench.transaction();
    if args.flag("json", false) {
        let mut object = json::transaction(transaction, workbench.chain());
        object.insert("hex".to_owned(), to_hex(transaction).into());
        app::json_text::pretty(&Value::Object(object), 4)
    } else if args.flag("txid", false) {
        transaction.compute_txid().to_string()
    } else {
        to_hex(transaction)
    }
}

/// Writes to standard output, which nobody may be reading any more.
fn print(text: &str) {
    let mut output = std::io::stdout().lock();
    let _ = output.write_all(text.as_bytes()).and_then(|()| output.flush());
}
