//! The grammar of `cargo xtask bench`.

use std::path::PathBuf;

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
  peak_memory     the most memory that this program had, after composing from the cache and building everything
                  once, in KiB

Nothing of what is there already is touched; work lies below depends/work/bench and is removed.";

const IPC_BENCH_HELP: &str = "\
Builds syscoin-node and the benchmarks' programs, optimised, from the profile that `cargo xtask build` with the same
options would choose; then writes one JSON object to the standard output and what it is doing to the standard error. All
processes run on one processor. Each round measures everything once, and figures are medians:

  calls           microseconds a call, for each pair of caller and server: rust_to_rust is ours; the pairs with cpp are
                  C++ programs with the libmultiprocess of the profile, and null where it has none
    raw           the same without Cap'n Proto: a blocking pair of sockets, 8 bytes there and 8 back, or 1 MiB there and
                  8 bytes back. A ratio is to this
    call          a thread makes a call and waits for it
    in_flight_64  one task keeps 64 calls under way
    threads_64    64 threads each make a call and wait for it
    argument_of_1_mib
                  a thread makes a call with an argument of 1 MiB, for which it gets a short answer; without the
                  copying of the argument for the next call, which only the interfaces in Rust take for themselves
  echoipc         milliseconds of the RPC method of that name, for which the node starts a process and calls it
  idle_megabytes  resident memory of a node that waits for calls, and of a process that serves it
  under_attack    what a client of -ipcbind waits for an answer while another one attacks the node without a pause, beside
                  what the same client waits before. Attacks from other_processor take from the client what the node
                  spends on them, and nothing else; null where there is one processor. Those from same_processor also
                  take what the attacker itself needs. A ratio is of medians, the target's too

Only rust_to_rust and the node have targets; `met` says whether they are reached. Compare figures of one run alone.";

const NODE_BENCH_HELP: &str = "\
Builds the daemons that the profile allows, optimised, and writes one JSON object; what it is doing goes to the standard
error. MULTIPROCESS=1 NO_QT=1 measures syscoin-node beside syscoind, in turn. Each round measures everything once, and
figures are medians, with the least and the most of the rounds:

  connect         a block of 5,200 transactions that each spend a P2WPKH output, against the checks of these signatures
                  alone, on all processors, in the same process
  first_answer_milliseconds
                  from the start of the process in an empty regtest directory until getblockcount is answered
  start_seconds   the same with a chain of 100,000 blocks
  idle_megabytes, idle_threads
                  what the processes have that wait for calls, in sum; idle_processes lists them
  reindexed_blocks_per_second
                  from the start of the process with -reindex and 20,000 small blocks until all are connected
  getblockcount_per_second, getblock_per_second
                  answers on 8 connections that stay open; getblock with verbosity 0, of a block of 1 MB
  syscoin-node_to_syscoind
                  the same of one daemon, divided by those of the other in the same round

`met` says whether a target is reached; a small run has none. The long chains are made once and kept in the target
directory. Compare figures of one run alone: all that the machine does beside it is in them.";

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
    /// Measure calls between processes.
    #[command(after_help = IPC_BENCH_HELP)]
    Ipc(IpcBenchArguments),
    /// Measure a node: connecting, starting, answering.
    #[command(after_help = NODE_BENCH_HELP)]
    Node(NodeBenchArguments),
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

/// How calls are measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct IpcBenchArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// How often everything is measured.
    #[arg(long, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
}

/// How a node is measured.
#[derive(Debug, Clone, Args)]
pub(crate) struct NodeBenchArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// How often everything is measured.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) rounds: u32,
    /// Write the figures into this file, not to the standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Measure so little that it says nothing but that everything runs.
    #[arg(long)]
    pub(crate) small: bool,
    /// Measure the executables in this directory, and build what measures them for development.
    #[arg(long, value_name = "DIRECTORY")]
    pub(crate) executables: Option<PathBuf>,
}
