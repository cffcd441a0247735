//! Calls of the executable.

use std::process::{Command, Output};

/// Regtest's first block, and the same with another nonce.
const HEADER: &str = "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4ac9a8925cffff7f20";

fn call(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_syscoin-util"))
        .args(words)
        .output()
        .expect("the executable is there")
}

fn complaint(words: &[&str]) -> String {
    let output = call(words);
    assert_eq!(output.status.code(), Some(1), "{words:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn grind_prints_the_header() {
    let output = call(&["-regtest", "grind", &format!("{HEADER}ffffff00")]);
    assert!(output.status.success(), "{output:?}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with(HEADER) && printed.len() == 161, "{printed}");
}

#[test]
fn what_is_wrong_is_told() {
    assert_eq!(complaint(&[]), "Error: must specify a command");
    assert_eq!(
        complaint(&["x"]),
        "Error parsing command line arguments: Invalid command 'x'"
    );
    assert_eq!(
        complaint(&["-x"]),
        "Error parsing command line arguments: Invalid parameter -x"
    );
    assert_eq!(
        complaint(&["-regtest", "-testnet", "grind"]),
        "Error: Invalid combination of -regtest, -signet, -testnet and -chain. Can use at most one."
    );
    assert_eq!(complaint(&["grind"]), "Must specify block header to grind");
    assert_eq!(complaint(&["grind", "1234"]), "Could not decode block header");
    assert!(call(&["-help"]).status.success());
}
