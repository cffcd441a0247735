//! The grammar of `cargo xtask depends`: its commands, which stand beside its targets.

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Subcommand, ValueEnum};

use super::{Arguments, DependsArguments};

pub(crate) mod author;
pub(crate) mod upkeep;

use author::{NewArguments, UpdateArguments};
use upkeep::{GcArguments, LicensesArguments, ShellArguments, VendorArguments};

/// Targets and options, or a command with its own.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DependsCommand {
    #[command(flatten)]
    pub(crate) arguments: DependsArguments,
    #[command(subcommand)]
    pub(crate) command: Option<DependsVerb>,
}

/// What is done with the dependencies instead of building them.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum DependsVerb {
    /// Say which inputs of a package changed since it was built last.
    #[command(after_help = WHY_HELP)]
    Why(WhyArguments),
    /// Build packages again, and compare them bit by bit with what is in the cache.
    #[command(after_help = VERIFY_HELP)]
    Verify(VerifyArguments),
    /// Show the packages, what they need of each other, and what is built already.
    #[command(after_help = GRAPH_HELP)]
    Graph(GraphArguments),
    /// Remove built packages that are not needed any more, and what killed runs have left.
    #[command(after_help = upkeep::GC_HELP)]
    Gc(GcArguments),
    /// Copy all sources into a directory, to build from without a network.
    #[command(after_help = upkeep::VENDOR_HELP)]
    Vendor(VendorArguments),
    /// List the packages' licences, or write their texts into one file.
    #[command(after_help = upkeep::LICENSES_HELP)]
    Licenses(LicensesArguments),
    /// Work by hand in a package's build environment.
    #[command(after_help = upkeep::SHELL_HELP)]
    Shell(ShellArguments),
    /// Write a first recipe for a package, from an archive of its source.
    #[command(after_help = author::NEW_HELP)]
    New(Box<NewArguments>),
    /// Move a recipe to another version.
    #[command(after_help = author::UPDATE_HELP)]
    Update(Box<UpdateArguments>),
}

const GRAPH_HELP: &str = "\
Builds nothing. The packages are those that the options select:
  cargo xtask depends graph MULTIPROCESS=1
  cargo xtask depends graph MULTIPROCESS=1 --format html --output depends.html

The page also shows the last build of the host that built anything: when each package waited, for what, and what it
did; and its critical path, packages that waited for one another until the end.

In the tree, a package that several others need is shown in full once; later only its name is.";

const WHY_HELP: &str = "\
Why is capnp built again, with these options?
  cargo xtask depends why capnp MULTIPROCESS=1

What tells the debug build from the one under the key 481faa96d89?
  cargo xtask depends why capnp DEBUG=1 --against 481faa96d89

Without --against, the package is compared with its last build for the same machine, as release or debug as it is now.
What changed in the packages that it needs is said first. Builds nothing.";

/// Which package, and what it is compared with.
#[derive(Debug, Clone, Args)]
pub(crate) struct WhyArguments {
    /// The package, and options.
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// Compare with the build whose key begins so.
    #[arg(long, value_name = "KEY")]
    pub(crate) against: Option<String>,
}

const VERIFY_HELP: &str = "\
All packages that the options select, or those that are named:
  cargo xtask depends verify MULTIPROCESS=1
  cargo xtask depends verify capnp sqlite

They are built in depends/work/verify; the cache is only read, but for what it lacks, which is built into it first.
Where a package differs, the first difference is shown, both trees are kept, and the exit code is not zero.";

/// Which packages are built again.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArguments {
    /// Packages, without any all that the options select; and options.
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
}

/// How the graph is shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct GraphArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// What to write.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: GraphFormat,
    /// The file to write; by default, the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What the graph is written as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum GraphFormat {
    /// A tree for a terminal.
    #[default]
    Text,
    /// The language of Graphviz.
    Dot,
    /// One page that needs nothing else: the packages, and the last build over time.
    Html,
}

/// The names of the commands.
pub(crate) fn command_names() -> Vec<String> {
    let command = Arguments::command();
    let depends = command.find_subcommand("depends");
    depends
        .into_iter()
        .flat_map(clap::Command::get_subcommands)
        .map(|command| command.get_name().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Verb;

    fn graph(line: &str) -> DependsArguments {
        let words = std::iter::once("xtask").chain(line.split(' '));
        let Verb::Depends(command) = Arguments::try_parse_from(words).unwrap().verb else {
            panic!("{line} is another verb");
        };
        let Some(DependsVerb::Graph(graph)) = &command.command else {
            panic!("{line} has no such command: {command:?}");
        };
        command.arguments.followed_by(&graph.depends)
    }

    #[test]
    fn options_and_flags_stand_before_a_command_or_after_it() {
        for line in [
            "depends graph A=1 B=2 -j3 --offline --format text",
            "depends A=1 graph B=2 -j3 --offline",
            "depends A=1 B=2 --offline -j3 graph",
            "depends -j 3 A=1 graph --format=text --offline B=2",
            "depends -j4 A=1 graph B=2 --offline -j3",
        ] {
            let arguments = graph(line);
            assert_eq!(arguments.words, ["A=1", "B=2"], "{line}");
            assert_eq!((arguments.jobs, arguments.offline), (Some(3), true), "{line}");
        }
    }

    #[test]
    fn no_package_has_the_name_of_a_command() {
        let packages = crate::workspace::root().join("packages");
        for name in command_names() {
            assert!(!packages.join(&name).exists(), "{name}");
        }
    }
}
