//! `syscoin-cli` on a test's data directory.

use anyhow::Result;

use crate::program::arguments;
use crate::{DataDir, Executable, Finished, Program};

/// Runs the command-line client against the node of a data directory.
#[derive(Debug)]
pub struct Cli<'a> {
    data_dir: &'a DataDir,
}

impl<'a> Cli<'a> {
    /// A client of that node.
    #[must_use]
    pub fn new(data_dir: &'a DataDir) -> Self {
        Self { data_dir }
    }

    /// Starts it with these arguments after the data directory.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn start(&self, parts: &[&str], input: &str) -> Result<Program> {
        let mut all = vec![self.data_dir.option()];
        all.extend(arguments(parts.iter().copied()));
        Program::start_with_input(Executable::SyscoinCli, &all, input)
    }

    /// Runs it to its end with these arguments.
    ///
    /// # Errors
    /// When it cannot be started or does not end in time.
    pub fn run(&self, parts: &[&str]) -> Result<Finished> {
        self.start(parts, "")?.wait()
    }

    /// Runs it to its end with these arguments, `input` being its standard input.
    ///
    /// # Errors
    /// When it cannot be started or does not end in time.
    pub fn run_with_input(&self, parts: &[&str], input: &str) -> Result<Finished> {
        self.start(parts, input)?.wait()
    }
}
