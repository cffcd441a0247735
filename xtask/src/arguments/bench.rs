//! The grammar of `cargo xtask bench`.

use clap::{Args, Subcommand};

use super::DependsArguments;

const DEPENDS_BENCH_HELP: &str = "\
Writes one JSON object to the standard output and what it is doing to the standard error. Times are in seconds, and
every figure that has a target is a ratio within this run or says what it was measured on:

  nothing_to_do   `cargo xtask depends` and the program alone, when the prefix is up to date: medians
  cold            all packages from their sources, as the engine builds them, against the same packages one after
                  another, native ones and their twins separately, each with all processors
  restore         composing the prefix from the cache, against `tar -xzf` of the same archives: medians of rounds that
                  alternate
  second_host     how many native packages a build for another host would build, for each host whose compilers are there
  peak_memory     the most memory that this program had, in KiB

Nothing of what is there already is touched; work lies below depends/work/bench and is removed.";

/// What is measured.
#[derive(Debug, Args)]
pub(crate) struct BenchArguments {
    #[command(subcommand)]
    pub(crate) subject: Subject,
}

/// The benchmarks.
#[derive(Debug, Subcommand)]
pub(crate) enum Subject {
    /// Measure the building, caching and composing of the dependencies.
    #[command(after_help = DEPENDS_BENCH_HELP)]
    Depends(DependsBenchArguments),
}

/// How the dependencies are measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct DependsBenchArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// How often short things are measured.
    #[arg(long, value_name = "N", default_value_t = 9, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Leave out the building from sources, which takes minutes.
    #[arg(long)]
    pub(crate) warm: bool,
}
