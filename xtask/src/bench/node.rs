//! How long a node takes to connect blocks, to begin, and to answer.

mod chains;
mod figures;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use miette::{IntoDiagnostic as _, Result, WrapErr as _, miette};
use serde_json::Value;

use super::{Profile, compile, say};
use crate::arguments::bench::NodeBenchArguments;
use crate::executables::EXECUTABLES;
use crate::{build, site};
use chains::Chains;
use figures::Round;

/// The executables that are measured, where they are built, with the variable that names each to the driver.
const DAEMONS: [(&str, &str); 2] = [("syscoind", "SYSCOIND"), ("syscoin-node", "SYSCOIN_NODE")];

/// The executable that stands beside the daemons and is started by one of them.
const WALLET: &str = "syscoin-wallet";

/// How much is measured.
struct Size {
    /// Blocks of the chain that is indexed anew.
    reindexed: u32,
    /// Blocks of the chain that a daemon starts with.
    opened: u32,
    /// Signatures of the block that is connected, and then asked for.
    signatures: u32,
    /// How often it is connected in a round, for each daemon.
    turns: u32,
    /// How long each method of each daemon is called in a round.
    milliseconds: u32,
}

const USUAL: Size = Size {
    reindexed: 20_000,
    opened: 100_000,
    signatures: 5_200,
    turns: 3,
    milliseconds: 3_000,
};

const SMALL: Size = Size {
    reindexed: 200,
    opened: 500,
    signatures: 100,
    turns: 1,
    milliseconds: 200,
};

/// Runs the benchmark and gives its figures.
pub(super) fn run(arguments: &NodeBenchArguments) -> Result<()> {
    arguments.depends.without_targets("bench node")?;
    let programs = Programs::find(arguments)?;
    let size = if arguments.small { &SMALL } else { &USUAL };
    let chains = Chains::make(&programs.chain_driver, size)?;
    let mut rounds = Vec::new();
    for round in 1..=arguments.rounds {
        say(&format!("round {round} of {}", arguments.rounds));
        rounds.push(programs.measure(&chains, size)?);
    }
    let figures = figures::of(&rounds, !arguments.small);
    let text = serde_json::to_string_pretty(&figures).into_diagnostic()?;
    match &arguments.json {
        None => println!("{text}"),
        Some(path) => fs_err::write(path, text + "\n").into_diagnostic()?,
    }
    Ok(())
}

/// What is run.
struct Programs {
    /// Connects blocks and makes chains; `crates/chain/benches/chain.rs`.
    chain_driver: PathBuf,
    /// Starts daemons and calls them; `tests/benches/daemons`.
    daemon_driver: PathBuf,
    /// The daemons that there are: name, variable, path.
    daemons: Vec<(&'static str, &'static str, PathBuf)>,
}

impl Programs {
    /// Builds everything, or takes the executables that the user names.
    fn find(arguments: &NodeBenchArguments) -> Result<Self> {
        let depends = &arguments.depends;
        let site = site::choose(depends)?;
        let mut daemons = Vec::new();
        if let Some(directory) = &arguments.executables {
            let directory = fs_err::canonicalize(directory).into_diagnostic()?;
            for (name, variable) in DAEMONS {
                let path = directory.join(format!("{name}{}", std::env::consts::EXE_SUFFIX));
                if path.is_file() {
                    daemons.push((name, variable, path));
                }
            }
        } else {
            say("building what is measured");
            let features = build::features(&site.profile, depends.install_tools)?;
            let names = DAEMONS.map(|(name, _)| name);
            let enabled = EXECUTABLES.iter().filter(|executable| {
                (names.contains(&executable.name) || executable.name == WALLET)
                    && executable.lacks(&features).is_empty()
            });
            // Apart from each other, for what one of them needs is not to get into the others.
            for executable in enabled {
                let what = ["-p", executable.name];
                let path = compile(&site, depends, Profile::Release, &what, executable.name)?;
                let daemon = DAEMONS.iter().find(|(name, _)| *name == executable.name);
                daemons.extend(daemon.map(|(name, variable)| (*name, *variable, path)));
            }
        }
        if daemons.is_empty() {
            return Err(miette!("there is no executable to be measured"));
        }
        let profile = match arguments.executables {
            Some(_) => Profile::Development,
            None => Profile::Release,
        };
        let driver =
            |package, name| compile(&site, depends, profile, &["-p", package, "--bench", name], name);
        Ok(Self {
            chain_driver: driver("chain", "chain")?,
            daemon_driver: driver("functional-tests", "daemons")?,
            daemons,
        })
    }

    /// One round: everything once.
    fn measure(&self, chains: &Chains, size: &Size) -> Result<Round> {
        let mut connect = Vec::new();
        for (name, ..) in &self.daemons {
            let directory = chains.place_for_large(name)?;
            let mut command = Command::new(&self.chain_driver);
            command.arg("connect").arg(directory);
            command.args([size.signatures, size.turns].map(|number| number.to_string()));
            let turns: Vec<[f64; 2]> = serde_json::from_str(&read(&mut command)?).into_diagnostic()?;
            connect.extend(turns);
        }
        let mut command = Command::new(&self.daemon_driver);
        command.arg(chains.directory());
        command.args([size.reindexed, size.opened, size.milliseconds].map(|number| number.to_string()));
        for (name, variable, path) in &self.daemons {
            command.arg(name).env(variable, path);
        }
        let daemons: Value = serde_json::from_str(&read(&mut command)?).into_diagnostic()?;
        let Value::Object(daemons) = daemons else {
            return Err(miette!("the driver printed {daemons}"));
        };
        Ok(Round { connect, daemons })
    }
}

/// Runs a program and gives what it printed.
fn read(command: &mut Command) -> Result<String> {
    let output = command.stderr(Stdio::inherit()).output().into_diagnostic()?;
    if !output.status.success() {
        return Err(miette!("{command:?} ended with {}", output.status));
    }
    String::from_utf8(output.stdout)
        .into_diagnostic()
        .wrap_err("a driver prints text")
}

/// Makes the directory anew.
fn clear(directory: &Path) -> Result<()> {
    match fs_err::remove_dir_all(directory) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error).into_diagnostic(),
        _ => fs_err::create_dir_all(directory).into_diagnostic(),
    }
}
