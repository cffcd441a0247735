//! A small program for each package: linked with what pkg-config says of it, run, and its words compared.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use ::depends::host::Host;
use ::depends::plan::Unit;
use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};
use serde::Deserialize;
use tempfile::TempDir;
use xshell::Shell;

use super::Built;
use super::runner::Runner;

/// The table of the programs in their directory.
const FILE_NAME: &str = "programs.toml";

/// The programs by package.
pub(super) struct Programs {
    directory: PathBuf,
    table: BTreeMap<String, Program>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Program {
    source: String,
    #[serde(default)]
    pkg_config: Vec<String>,
    #[serde(default)]
    unix: Vec<String>,
    prints: String,
}

impl Programs {
    /// Reads the table.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn load(directory: &Path) -> Result<Self> {
        let path = directory.join(FILE_NAME);
        let table = toml::from_str(&fs::read_to_string(&path).into_diagnostic()?)
            .map_err(|error| miette!("{}: {error}", path.display()))?;
        Ok(Self {
            directory: directory.to_owned(),
            table,
        })
    }

    /// Links and runs a program for each package of the host, and returns how many.
    ///
    /// # Errors
    /// A package has no program, or one does not print what it should.
    pub(super) fn check(&self, built: &Built, runner: &Runner) -> Result<usize> {
        let scratch = TempDir::new().into_diagnostic()?;
        let waiting: Mutex<Vec<(&String, &usize)>> = Mutex::new(built.plan.packages.iter().collect());
        let failures = Mutex::new(Vec::new());
        let next = || {
            waiting
                .lock()
                .expect("no holder panics because none calls out")
                .pop()
        };
        let work = || -> Result<()> {
            let shell = Shell::new().into_diagnostic()?;
            while let Some((name, index)) = next() {
                let unit = &built.plan.units[*index];
                if let Err(report) = self.check_one(name, unit, built, runner, &shell, scratch.path()) {
                    failures
                        .lock()
                        .expect("no holder panics because none calls out")
                        .push(format!("{name} for {}: {report:?}", built.host.triplet));
                }
            }
            Ok(())
        };
        let n_threads = std::thread::available_parallelism().map_or(1, usize::from);
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..n_threads).map(|_| scope.spawn(work)).collect();
            threads.into_iter().try_for_each(|thread| {
                thread
                    .join()
                    .expect("the thread does not panic because all that it does returns its errors")
            })
        })?;
        let failures = failures
            .into_inner()
            .expect("no holder panics because none calls out");
        if failures.is_empty() {
            Ok(built.plan.packages.len())
        } else {
            Err(miette!("{}", failures.join("\n")))
        }
    }

    fn check_one(
        &self,
        name: &str,
        unit: &Unit,
        built: &Built,
        runner: &Runner,
        shell: &Shell,
        scratch: &Path,
    ) -> Result<()> {
        let Some(program) = self.table.get(name) else {
            return Err(miette!(
                "{} has no program for it",
                self.directory.join(FILE_NAME).display()
            ));
        };
        let is_cxx = program.source.ends_with(".cpp");
        let (compiler, standard) = if is_cxx {
            (&built.compilers()?.cxx, "-std=c++20")
        } else {
            (&built.compilers()?.cc, "-std=c11")
        };
        let suffix = if built.host.is_windows() { ".exe" } else { "" };
        let executable = scratch.join(format!("{name}{suffix}"));
        let mut command = shell
            .cmd(&compiler.program)
            .args(&compiler.arguments)
            .args([standard, "-O1", "-Wall", "-Werror", "-o"])
            .arg(&executable)
            .arg(self.directory.join(&program.source))
            .args(flags(program, &built.prefix, &built.host, shell)?);
        if built.host.is_windows() {
            // The compiler's own libraries are beside no program.
            command = command.arg("-static");
        }
        command.quiet().run().into_diagnostic()?;
        let printed = runner.run(shell, &executable)?;
        let expected = program.prints.replace("{version}", &unit.recipe.version);
        if printed == expected {
            Ok(())
        } else {
            Err(miette!("it prints {printed:?}, not {expected:?}"))
        }
    }
}

/// What the compiler is told of the package.
fn flags(program: &Program, prefix: &Path, host: &Host, shell: &Shell) -> Result<Vec<String>> {
    let modules = || program.pkg_config.iter();
    if program.pkg_config.is_empty() {
        return Ok(vec![format!("-I{}", prefix.join("include").display())]);
    }
    let unix = program.unix.iter().filter(|_| !host.is_windows());
    let directories = ["lib/pkgconfig", "share/pkgconfig"].map(|directory| prefix.join(directory));
    let directories = std::env::join_paths(directories).into_diagnostic()?;
    let text = shell
        .cmd("pkg-config")
        .args(["--static", "--cflags", "--libs"])
        .args(unix.chain(modules()))
        .env("PKG_CONFIG_LIBDIR", directories)
        .env_remove("PKG_CONFIG_PATH")
        .quiet()
        .read()
        .into_diagnostic()?;
    Ok(words(&text))
}

/// The words of a line in which a backslash stands before each special character of a word.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        let last = words.last_mut().expect("there is a word because none is removed");
        match character {
            '\\' => last.extend(characters.next()),
            character if character.is_whitespace() => words.push(String::new()),
            character => last.push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace;

    #[test]
    fn special_characters_in_paths_stay_in_their_words() {
        assert_eq!(
            words("-I/a\\ b/include  -L/\\$c\\\\d -lx\n"),
            ["-I/a b/include", "-L/$c\\d", "-lx"]
        );
    }

    #[test]
    fn every_package_has_a_program_and_every_program_a_package() {
        let programs = Programs::load(&workspace::root().join("tests/hosts")).unwrap();
        let engine = crate::depends::quiet_engine(Vec::new()).unwrap();
        let packages: Vec<&str> = engine.recipes().names().collect();
        let known: Vec<&str> = programs.table.keys().map(String::as_str).collect();
        assert_eq!(known, packages);
        for program in programs.table.values() {
            assert!(programs.directory.join(&program.source).is_file(), "{program:?}");
        }
    }
}
