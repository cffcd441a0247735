//! Where the executables under test are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// The command that builds all of them, told to whoever lacks one.
const BUILD_COMMAND: &str = "cargo xtask build MULTIPROCESS=1 NO_QT=1 --install-tools";

/// One of the executables under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Executable {
    /// The daemon as one process.
    Syscoind,
    /// The daemon that spawns other processes.
    SyscoinNode,
    /// The wallet process.
    SyscoinWallet,
    /// The user interface's process.
    SyscoinGui,
    /// The command-line client.
    SyscoinCli,
}

impl Executable {
    /// The name of its file, without the extension that some systems add.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Syscoind => "syscoind",
            Self::SyscoinNode => "syscoin-node",
            Self::SyscoinWallet => "syscoin-wallet",
            Self::SyscoinGui => "syscoin-gui",
            Self::SyscoinCli => "syscoin-cli",
        }
    }

    /// The environment variable that names its path.
    fn variable(self) -> &'static str {
        match self {
            Self::Syscoind => "SYSCOIND",
            Self::SyscoinNode => "SYSCOIN_NODE",
            Self::SyscoinWallet => "SYSCOIN_WALLET",
            Self::SyscoinGui => "SYSCOIN_GUI",
            Self::SyscoinCli => "SYSCOINCLI",
        }
    }

    /// Its path: from its own variable, else in `SYSCOIN_BIN_DIR`, else in this workspace's `build/<host>/bin`.
    ///
    /// # Errors
    /// When there is no such file, with the command that builds it.
    pub fn path(self) -> Result<PathBuf> {
        let path = match (env::var_os(self.variable()), env::var_os("SYSCOIN_BIN_DIR")) {
            (Some(path), _) => PathBuf::from(path),
            (None, Some(directory)) => self.file_in(Path::new(&directory)),
            (None, None) => self.file_in(&built_directory()?),
        };
        if !path.is_file() {
            bail!(
                "there is no {name} at {path}: build it with `{BUILD_COMMAND}`, or name another one in {variable}",
                name = self.name(),
                path = path.display(),
                variable = self.variable()
            );
        }
        Ok(path)
    }

    fn file_in(self, directory: &Path) -> PathBuf {
        directory.join(format!("{}{}", self.name(), env::consts::EXE_SUFFIX))
    }
}

/// The workspace's `build/<host>/bin` for the machine that runs the tests.
fn built_directory() -> Result<PathBuf> {
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("../build");
    let system = match env::consts::OS {
        "macos" => "darwin",
        "windows" => "mingw",
        system => system,
    };
    let hosts = fs_err::read_dir(&build)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            let host = entry.file_name();
            let host = host.to_string_lossy();
            host.starts_with(env::consts::ARCH) && host.contains(system)
        });
    let directories: Vec<PathBuf> = hosts.map(|entry| entry.path().join("bin")).collect();
    match directories.as_slice() {
        [directory] => Ok(directory.clone()),
        [] => bail!("nothing is built for this machine: type `{BUILD_COMMAND}`, or set SYSCOIN_BIN_DIR"),
        _ => bail!("several builds serve this machine, so SYSCOIN_BIN_DIR must name one: {directories:?}"),
    }
}
