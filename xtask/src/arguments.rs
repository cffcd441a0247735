//! The grammar of the command line: every verb with its words and flags. Nothing is done here.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) mod bench;
pub(crate) mod depends;

use depends::DependsCommand;

const OVERVIEW: &str = "\
From a bare machine to running executables:
  cargo xtask build MULTIPROCESS=1 NO_QT=1 --install-tools

Every test, as CI runs them:
  cargo xtask test --install-tools

What is built, and why:
  cargo xtask configure

Words with a `=` are options (MULTIPROCESS=1), other words are targets. Options may also stand in the environment.
Each verb says more: cargo xtask VERB --help";

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Builds the dependencies and the executables of multiprocess Syscoin, and tests them.",
    after_help = OVERVIEW,
    disable_help_subcommand = true
)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// What is to be done.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Fetch, verify, build and cache the C++ dependencies, and write a site profile.
    #[command(
        after_help = DEPENDS_HELP,
        subcommand_precedence_over_arg = true,
        disable_help_subcommand = true
    )]
    Depends(DependsCommand),
    /// Print what would be built, and why.
    #[command(after_help = CONFIGURE_HELP)]
    Configure(DependsArguments),
    /// Build the executables into build/HOST/bin.
    #[command(after_help = BUILD_HELP)]
    Build(BuildArguments),
    /// Build the executables and install them.
    #[command(after_help = INSTALL_HELP)]
    Install(InstallArguments),
    /// Run every check: this is what CI runs.
    #[command(after_help = CHECKS_HELP)]
    Test(CheckArguments),
    /// Measure, and print the figures as JSON.
    Bench(bench::BenchArguments),
    /// The same list of checks, by its other name.
    #[command(after_help = CHECKS_HELP)]
    Ci(CheckArguments),
}

const DEPENDS_HELP: &str = "\
Targets:
  install             build all packages and compose the prefix (the default)
  download            fetch all sources, for every platform; also download-linux, download-osx, download-win,
                      and download-one for this host
  check               read all recipes, build nothing
  check-sources       verify the sources that are there
  check-packages      verify the built packages that are there
  clean, clean-all    remove what was built; clean-all also the sources
  print-NAME          print a variable, such as print-final_build_id
  PACKAGE             build one package; PACKAGE_STAGE stops after a stage:
                      fetched extracted preprocessed configured built staged postprocessed cached

Options that are used most (a value of 0, no or off is off):
  MULTIPROCESS=1      what syscoin-node, syscoin-gui and syscoin-wallet need
  NO_WALLET NO_SQLITE NO_ZMQ NO_QT …
                      leave a feature out
  HOST=TRIPLET        build for another machine
  DEBUG=1 LTO=1 CC= CXX= CFLAGS= CXXFLAGS= …
                      how to compile
  SOURCES_PATH= BASE_CACHE= FALLBACK_DOWNLOAD_PATH=
                      where sources and built packages are
  ALLOW_HOST_PACKAGES=1
                      let the system's packages fill gaps
  LOG=1 V=1           keep logs; show the commands
  SANDBOX=namespaces|landlock|off
                      insist on how builds are cut off from this machine

C++ trees are built against the prefix by CONFIG_SITE=PREFIX/share/config.site ./configure, or by
cmake --toolchain PREFIX/toolchain.cmake; docs/build.md says more.

Options and flags may stand before a command or after it; each command says more:
  cargo xtask depends COMMAND --help";

const CONFIGURE_HELP: &str = "\
With options, says what `cargo xtask build` with the same options would build; without, what it builds from
CONFIG_SITE or from the top-level config.site.toml. Builds nothing.";

const BUILD_HELP: &str = "\
What is built is decided by a site profile, found in this order:
  1. options on the command line: `cargo xtask depends` runs first, with them, and its profile is used
  2. CONFIG_SITE=<prefix>/share/config.site.toml in the environment
  3. the top-level config.site.toml, which finds the system's packages

The executables land in build/<host>/bin; build/bin leads there.";

const INSTALL_HELP: &str = "\
Takes what `cargo xtask build` takes. DESTDIR in the environment is put before the prefix, for packagers.";

const CHECKS_HELP: &str = "\
Runs the list that `--list` prints, cheapest first, and goes on after a failure where it can. A failed step is run
alone with `--only STEP`.";

/// Which packages to build, and how: what `depends` and all that runs it take.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct DependsArguments {
    /// Options; for `depends`, also targets.
    #[arg(value_name = "NAME=VALUE")]
    pub(crate) words: Vec<String>,
    /// Processes at the same time; by default, one for each core.
    #[arg(short, long, value_name = "N", value_parser = positive)]
    pub(crate) jobs: Option<usize>,
    /// Download nothing.
    #[arg(long)]
    pub(crate) offline: bool,
    /// Install missing tools through the system's package manager.
    #[arg(long)]
    pub(crate) install_tools: bool,
}

/// What to build the executables from, and how.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct BuildArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// Optimise.
    #[arg(long)]
    pub(crate) release: bool,
}

/// What to install, and where.
#[derive(Debug, Clone, Args)]
pub(crate) struct InstallArguments {
    #[command(flatten)]
    pub(crate) build: BuildArguments,
    /// The directory to install into: DIR/bin, DIR/share/doc; with MULTIPROCESS also DIR/include and DIR/lib, for clients.
    #[arg(long, value_name = "DIR")]
    pub(crate) prefix: PathBuf,
}

/// Which checks to run.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct CheckArguments {
    /// Print the list and run nothing.
    #[arg(long)]
    pub(crate) list: bool,
    /// Run this step alone; may be given several times.
    #[arg(long, value_name = "STEP")]
    pub(crate) only: Vec<String>,
    /// Leave this step out; may be given several times.
    #[arg(long, value_name = "STEP", conflicts_with = "only")]
    pub(crate) skip: Vec<String>,
    /// Install missing tools through the system's package manager.
    #[arg(long)]
    pub(crate) install_tools: bool,
}

/// Words that parse, but make no sense together. The exit code is 2.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("{message}")]
#[diagnostic(help("{help}"))]
pub(crate) struct UsageError {
    /// What is wrong.
    pub(crate) message: String,
    /// What to type.
    pub(crate) help: String,
}

/// A command that was run for the user ended with this code, and said why itself.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
#[error("the command ended with {0}")]
pub(crate) struct CommandFailed(pub(crate) u8);

impl DependsArguments {
    /// The options among the words, in order.
    pub(crate) fn options(&self) -> Vec<(String, String)> {
        self.words
            .iter()
            .filter_map(|word| word.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// These words and flags, followed by `later` ones.
    pub(crate) fn followed_by(&self, later: &Self) -> Self {
        Self {
            words: self.words.iter().chain(&later.words).cloned().collect(),
            jobs: later.jobs.or(self.jobs),
            offline: self.offline || later.offline,
            install_tools: self.install_tools || later.install_tools,
        }
    }

    /// The targets among the words, in order.
    pub(crate) fn targets(&self) -> Vec<&str> {
        self.words
            .iter()
            .map(String::as_str)
            .filter(|word| !word.contains('='))
            .collect()
    }

    /// Checks that there are no targets, for a verb that has none.
    ///
    /// # Errors
    /// There is one.
    pub(crate) fn without_targets(&self, verb: &str) -> Result<&Self, UsageError> {
        match self.targets().first() {
            None => Ok(self),
            Some(target) => Err(UsageError {
                message: format!("{verb} takes options as NAME=VALUE, and {target} is none"),
                help: format!("to build one dependency: cargo xtask depends {target}"),
            }),
        }
    }
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("a whole number above 0 is wanted".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn depends(line: &str) -> DependsArguments {
        let words = std::iter::once("xtask").chain(line.split(' '));
        match Arguments::try_parse_from(words).unwrap().verb {
            Verb::Depends(command) => command.arguments,
            Verb::Configure(arguments) => arguments,
            Verb::Build(arguments) => arguments.depends,
            Verb::Install(_) | Verb::Test(_) | Verb::Bench(_) | Verb::Ci(_) => {
                panic!("{line} takes no words")
            }
        }
    }

    #[test]
    fn the_grammar_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn words_with_an_equals_sign_are_options_wherever_they_stand() {
        let rows = [
            ("depends", "", "", None),
            (
                "depends capnp HOST=a -j4 zeromq_built",
                "capnp zeromq_built",
                "HOST:a",
                Some(4),
            ),
            ("depends -j 2 CFLAGS=-DA=1 --offline", "", "CFLAGS:-DA=1", Some(2)),
            (
                "build MULTIPROCESS=1 NO_QT= --release",
                "",
                "MULTIPROCESS:1 NO_QT:",
                None,
            ),
        ];
        for (line, targets, options, jobs) in rows {
            let arguments = depends(line);
            let pairs = arguments.options();
            let pairs: Vec<_> = pairs
                .iter()
                .map(|(name, value)| format!("{name}:{value}"))
                .collect();
            assert_eq!(arguments.targets().join(" "), targets, "{line}");
            assert_eq!(pairs.join(" "), options, "{line}");
            assert_eq!(arguments.jobs, jobs, "{line}");
        }
    }

    #[test]
    fn every_job_is_one_call_that_parses() {
        let jobs = fs_err::read_to_string(crate::workspace::root().join("ci/jobs.toml")).unwrap();
        let jobs: toml::Table = toml::from_str(&jobs).unwrap();
        for job in jobs["job"].as_array().unwrap() {
            let command = job["command"].as_str().unwrap();
            let words = command.strip_prefix("cargo ").unwrap().split(' ');
            assert!(Arguments::try_parse_from(words).is_ok(), "{command}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for line in [
            "",
            "biuld",
            "build -j0",
            "build -jmany",
            "install",
            "test --only fmt --skip fmt",
        ] {
            let words = std::iter::once("xtask").chain(line.split_whitespace());
            assert!(Arguments::try_parse_from(words).is_err(), "{line}");
        }
        let error = depends("build capnp").without_targets("build").unwrap_err();
        assert_eq!(error.help, "to build one dependency: cargo xtask depends capnp");
    }
}
