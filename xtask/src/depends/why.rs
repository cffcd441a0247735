//! `cargo xtask depends why PACKAGE`: which inputs changed since the package was built last.

mod words;

use crate::arguments::depends::WhyArguments;
use crate::arguments::{DependsArguments, UsageError};

use super::{open, with_tools};

/// Runs the command.
pub(super) fn run(arguments: &DependsArguments, why: &WhyArguments) -> miette::Result<()> {
    let [package] = arguments.targets()[..] else {
        return Err(UsageError {
            message: "depends why takes one package".to_owned(),
            help: "for example: cargo xtask depends why capnp MULTIPROCESS=1".to_owned(),
        }
        .into());
    };
    let engine = open(arguments)?;
    let answer = with_tools(arguments, &engine, |engine| {
        engine.why(package, why.against.as_deref())
    })?;
    super::write_or_print(None, &words::render(&answer))
}
