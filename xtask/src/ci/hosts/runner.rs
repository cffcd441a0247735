//! What runs a host's programs here: nothing on the machine itself, an emulator elsewhere.

use std::path::{Path, PathBuf};

use ::depends::host::{self, Host};
use ::depends::tool::{MissingTool, MissingTools, SearchPath};
use miette::{IntoDiagnostic as _, Result, miette};
use tempfile::TempDir;
use xshell::{Cmd, Shell};

use crate::install_tools;

/// Runs programs for one host; what it remembers and leaves running ends with it.
pub(super) struct Runner {
    emulator: Option<Emulator>,
}

struct Emulator {
    program: PathBuf,
    runner: host::Runner,
    home: TempDir,
}

impl Runner {
    /// The host's runner.
    ///
    /// # Errors
    /// None is known, or it is not there and may not be installed.
    pub(super) fn find(host: &Host, install: bool) -> Result<Self> {
        if Host::current().is_some_and(|current| current.triplet == host.triplet) {
            return Ok(Self { emulator: None });
        }
        let Some(runner) = host.runner.clone() else {
            return Err(miette!("nothing is known to run programs for {}", host.triplet));
        };
        let find = || SearchPath::from_environment().find_any(runner.programs.iter().map(String::as_str));
        if find().is_none() {
            let missing = MissingTool {
                name: "emulator".to_owned(),
                programs: runner.programs.clone(),
                needed_by: format!("programs for {}", host.triplet),
                install: runner.install.clone(),
            };
            install_tools::provide(&MissingTools(vec![missing]), install)?;
        }
        let Some(program) = find() else {
            return Err(miette!("{} is not on PATH", runner.programs.join(" or ")));
        };
        let home = TempDir::new().into_diagnostic()?;
        Ok(Self {
            emulator: Some(Emulator {
                program,
                runner,
                home,
            }),
        })
    }

    /// What `program` prints.
    ///
    /// # Errors
    /// It ends with a failure.
    pub(super) fn run(&self, shell: &Shell, program: &Path) -> Result<String> {
        let command = match &self.emulator {
            None => shell.cmd(program),
            Some(emulator) => emulator
                .surround(shell.cmd(&emulator.program))
                .args(&emulator.runner.arguments)
                .arg(program),
        };
        let text = command.quiet().read().into_diagnostic()?;
        Ok(text.replace("\r\n", "\n").trim_end().to_owned())
    }
}

impl Emulator {
    fn surround<'a>(&self, command: Cmd<'a>) -> Cmd<'a> {
        let command = command.envs(&self.runner.environment);
        match &self.runner.home {
            Some(variable) => command.env(variable, self.home.path().join("home")),
            None => command,
        }
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if let (Some((program, arguments)), Ok(shell)) = (self.runner.stop.split_first(), Shell::new()) {
            // It fails where nothing is running.
            let _ = self
                .surround(shell.cmd(program).args(arguments))
                .quiet()
                .ignore_status()
                .run();
        }
    }
}
