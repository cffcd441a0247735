//! Real hosts: every package built for each of them, its objects looked at, and programs that use it run there.
//!
//! Prefixes lie in a directory of their own, so that the one that the other checks build from stays as it is; sources
//! and built packages are shared with it.

mod objects;
mod programs;
mod runner;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use ::depends::host::Host;
use ::depends::observer::{Event, Observer, Phase};
use ::depends::plan::Plan;
use ::depends::toolchain::Toolchain;
use ::depends::{Engine, EngineError, Settings};
use miette::{IntoDiagnostic as _, Result, WrapErr as _, miette};
use site_profile::SiteProfile;
use xshell::Shell;

use super::steps::provide_tools;
use super::{Context, Outcome};
use crate::trees::{self, Workplace};
use crate::{install_tools, workspace};
use programs::Programs;
use runner::Runner;

/// The hosts, the building machine first.
const HOSTS: [&str; 4] = [
    "x86_64-pc-linux-gnu",
    "aarch64-linux-gnu",
    "riscv64-linux-gnu",
    "x86_64-w64-mingw32",
];

/// The package that Windows does not have.
const ONLY_UNIX: &str = "libmultiprocess";

/// Builds, looks and runs.
///
/// # Errors
/// Something is not as it should be, or a tool is missing and may not be installed.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    provide_tools(context, &trees::TOOLS, "the C++ tree")?;
    let workplace = Workplace::new(workspace::root().join("depends/work/check-hosts"))?;
    let programs = Programs::load(&workspace::root().join("tests/hosts"))?;
    for (number, triplet) in HOSTS.iter().enumerate() {
        let start = Instant::now();
        let host = Host::find(triplet)?;
        let built = Built::new(&host, workplace.path(), context)?;
        if number > 0 {
            built.check_nothing_is_built_again()?;
        }
        let n_objects = objects::check(&built.prefix.join("lib"), &host)?;
        built.check_profile()?;
        let runner = Runner::find(&host, context.install_tools)?;
        let n_programs = programs.check(&built, &runner)?;
        built.check_trees(&runner, &context.shell)?;
        eprintln!(
            "{triplet}: {} packages, {n_objects} objects, {n_programs} programs and both trees run, {:.1} s",
            built.plan.packages.len(),
            start.elapsed().as_secs_f64()
        );
    }
    Ok(Outcome::Passed)
}

/// A host's prefix, with what it is made of.
struct Built {
    host: Arc<Host>,
    plan: Plan,
    prefix: PathBuf,
    profile: PathBuf,
    /// What was compiled for it in this run.
    compiled: BTreeSet<String>,
}

impl Built {
    fn new(host: &Arc<Host>, base: &Path, context: &Context) -> Result<Self> {
        let listener = Arc::new(Listener::default());
        let engine = engine(host, base, Arc::clone(&listener) as Arc<dyn Observer>)?;
        let plan = match engine.plan() {
            Err(EngineError::Tools(missing)) => {
                install_tools::provide(&missing, context.install_tools)?;
                engine.plan()?
            }
            plan => plan?,
        };
        let installed = engine
            .install()
            .map_err(|error| crate::depends::explain(error, false))?;
        Ok(Self {
            host: Arc::clone(host),
            plan,
            prefix: installed.prefix,
            profile: installed.profile,
            compiled: listener.compiled(),
        })
    }

    /// The compilers for the host.
    fn compilers(&self) -> Result<&Toolchain> {
        let compiled = self
            .plan
            .packages
            .values()
            .map(|index| &self.plan.units[*index])
            .find(|unit| !unit.recipe.build.is_portable());
        compiled
            .map(|unit| &*unit.toolchain)
            .ok_or_else(|| miette!("nothing is compiled for {}", self.host.triplet))
    }

    /// What runs on the building machine, or is the same everywhere, was there after the first host.
    fn check_nothing_is_built_again(&self) -> Result<()> {
        let shared = self
            .plan
            .units
            .iter()
            .filter(|unit| unit.native_only || unit.recipe.build.is_portable());
        let again: Vec<String> = shared
            .map(::depends::plan::Unit::label)
            .filter(|label| self.compiled.contains(label))
            .collect();
        if again.is_empty() {
            return Ok(());
        }
        Err(miette!(
            "{} was built again for {}, though another host has it",
            again.join(", "),
            self.host.triplet
        ))
    }

    /// The C++ tree is built against the prefix with each build system, and calls into each library.
    fn check_trees(&self, runner: &Runner, shell: &Shell) -> Result<()> {
        let directory = self.prefix.with_extension("tree");
        for tree in trees::build(&self.prefix, &directory)? {
            let output = runner.run(shell, &tree.program)?;
            trees::check(&self.prefix, &output)
                .wrap_err_with(|| format!("the tree that {} built for {}", tree.system, self.host.triplet))?;
        }
        Ok(())
    }

    /// The profile has each package, or says why the host has it not.
    fn check_profile(&self) -> Result<()> {
        let profile = SiteProfile::load(&self.profile).into_diagnostic()?;
        let profile = profile.profile();
        let reason = profile.unsupported.get(ONLY_UNIX);
        let is_right = match (self.host.is_windows(), reason) {
            (true, Some(reason)) => reason.contains("POSIX") && !profile.packages.contains_key(ONLY_UNIX),
            (false, None) => profile.packages.contains_key(ONLY_UNIX),
            _ => false,
        };
        if is_right {
            return Ok(());
        }
        Err(miette!(
            "{} says {reason:?} of {ONLY_UNIX}",
            self.profile.display()
        ))
    }
}

/// An engine for all packages and one host, whose prefix lies below `base`.
fn engine(host: &Host, base: &Path, observer: Arc<dyn Observer>) -> Result<Engine> {
    let shared = workspace::root().join("depends");
    let option = |name: &str, value: &Path| (name.to_owned(), value.display().to_string());
    let settings = Settings {
        base: base.to_owned(),
        recipes: workspace::root().join("packages"),
        arguments: vec![
            ("HOST".to_owned(), host.triplet.clone()),
            ("MULTIPROCESS".to_owned(), "1".to_owned()),
            option("SOURCES_PATH", &shared.join("sources")),
            option("BASE_CACHE", &shared.join("built")),
        ],
        jobs: std::thread::available_parallelism().map_or(1, usize::from),
        offline: false,
    };
    Ok(Engine::new(settings, observer)?)
}

/// Says what is built, and remembers it.
#[derive(Default)]
struct Listener {
    compiled: Mutex<BTreeSet<String>>,
}

impl Listener {
    fn compiled(&self) -> BTreeSet<String> {
        self.compiled
            .lock()
            .expect("no holder panics because none calls out")
            .clone()
    }
}

impl Observer for Listener {
    fn notice(&self, event: &Event<'_>) {
        match event {
            Event::Warning { message } => eprintln!("note: {message}"),
            Event::Phase {
                package,
                phase: Phase::Build,
            } => {
                eprintln!("Building {package}...");
                self.compiled
                    .lock()
                    .expect("no holder panics because none calls out")
                    .insert((*package).to_owned());
            }
            _ => {}
        }
    }
}
