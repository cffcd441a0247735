//! What a program says on standard error, which is empty in a clean run.

use std::fmt::Display;

use crate::args::Args;

/// `Error: …`.
pub fn error(error: impl Display) {
    eprintln!("Error: {error}");
}

/// `Warning: …`.
pub fn warning(warning: impl Display) {
    eprintln!("Warning: {warning}");
}

/// Everything that the options give reason to warn of, on standard error; the log is the caller's.
pub fn option_warnings(args: &Args) {
    for line in args.include_warnings() {
        eprintln!("{line}");
    }
    for text in args.warnings() {
        warning(text);
    }
}
