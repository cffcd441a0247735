//! `cargo xtask depends`: fetches, builds and caches the dependencies, and composes the prefix of a host.

mod gc;
mod graph;
#[cfg(test)]
mod guide;
mod licenses;
mod new;
mod progress;
mod shell;
mod target;
mod update;
mod vendor;
mod verify;
mod why;

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use depends::schedule::UnitError;
use depends::{Engine, EngineError, Installed, Settings, chain};
use miette::{IntoDiagnostic as _, miette};

use crate::arguments::DependsArguments;
use crate::arguments::depends::{DependsCommand, DependsVerb};
use crate::{install_tools, workspace};
use progress::Progress;
use target::Target;

/// How many lines of a log are shown when a package fails.
const TAIL: usize = 40;

/// Runs the verb.
pub(crate) fn run(command: &DependsCommand) -> miette::Result<()> {
    let before = &command.arguments;
    match &command.command {
        None => reach_all(before),
        Some(DependsVerb::Why(why)) => why::run(&before.followed_by(&why.depends), why),
        Some(DependsVerb::Verify(verify)) => verify::run(&before.followed_by(&verify.depends)),
        Some(DependsVerb::Graph(graph)) => graph::run(&before.followed_by(&graph.depends), graph),
        Some(DependsVerb::Gc(gc)) => gc::run(&before.followed_by(&gc.depends), gc),
        Some(DependsVerb::Vendor(vendor)) => vendor::run(&before.followed_by(&vendor.depends), vendor),
        Some(DependsVerb::Licenses(licenses)) => {
            licenses::run(&before.followed_by(&licenses.depends), licenses)
        }
        Some(DependsVerb::New(new)) => new::run(&before.followed_by(&new.depends), new),
        Some(DependsVerb::Update(update)) => update::run(&before.followed_by(&update.depends), update),
        Some(DependsVerb::Shell(shell)) => shell::run(&before.followed_by(&shell.depends), shell),
    }
}

/// Reaches the targets in `arguments`, or builds everything.
pub(crate) fn reach_all(arguments: &DependsArguments) -> miette::Result<()> {
    let engine = open(arguments)?;
    let targets: Vec<Target> = arguments
        .targets()
        .iter()
        .map(|word| Target::parse(word, engine.recipes()))
        .collect::<Result<_, _>>()?;
    if targets.is_empty() {
        let installed = with_tools(arguments, &engine, Engine::install)?;
        say(&installed);
        return Ok(());
    }
    let runs = targets.chunk_by(|left, right| left.as_package().is_some() && right.as_package().is_some());
    for run in runs {
        let packages: Vec<_> = run.iter().filter_map(Target::as_package).collect();
        if packages.is_empty() {
            run.iter()
                .try_for_each(|target| reach(target, &engine, arguments))?;
        } else {
            with_tools(arguments, &engine, |engine| engine.build_packages(&packages))?;
        }
    }
    Ok(())
}

/// Builds everything for the options in `arguments`, whose callers have refused targets.
pub(crate) fn install(arguments: &DependsArguments) -> miette::Result<Installed> {
    let engine = open(arguments)?;
    let installed = with_tools(arguments, &engine, Engine::install)?;
    say(&installed);
    Ok(installed)
}

/// Builds everything for the options in `arguments`, and composes the prefix below `base`; sources and built packages
/// are shared with all other runs.
pub(crate) fn install_at(base: &Path, arguments: &DependsArguments) -> miette::Result<Installed> {
    let usual = open(arguments)?;
    let mut settings = settings(arguments.options(), usual_jobs(arguments), arguments.offline);
    base.clone_into(&mut settings.base);
    for (option, path) in [
        ("SOURCES_PATH", &usual.layout().sources),
        ("BASE_CACHE", &usual.layout().cache),
    ] {
        settings
            .arguments
            .push((option.to_owned(), path.display().to_string()));
    }
    let engine = Engine::new(settings, Arc::new(Progress::new(false)))?;
    with_tools(arguments, &engine, Engine::install)
}

/// An engine for options that are given elsewhere than on a command line, silent.
pub(crate) fn quiet_engine(options: Vec<(String, String)>) -> Result<Engine, EngineError> {
    let settings = settings(options, 1, true);
    Engine::new(settings, Arc::new(depends::observer::Silent))
}

fn settings(arguments: Vec<(String, String)>, jobs: usize, offline: bool) -> Settings {
    let workspace = workspace::root();
    Settings {
        base: workspace.join("depends"),
        recipes: workspace.join("packages"),
        arguments,
        jobs,
        offline,
    }
}

pub(crate) fn usual_jobs(arguments: &DependsArguments) -> usize {
    arguments
        .jobs
        .unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from))
}

fn open(arguments: &DependsArguments) -> miette::Result<Engine> {
    let options = arguments.options();
    let verbose = options
        .iter()
        .rev()
        .find(|(name, _)| name == "V")
        .is_some_and(|(_, value)| value != "0");
    let settings = settings(options, usual_jobs(arguments), arguments.offline);
    Ok(Engine::new(settings, Arc::new(Progress::new(verbose)))?)
}

fn reach(target: &Target, engine: &Engine, arguments: &DependsArguments) -> miette::Result<()> {
    match target {
        Target::Install => say(&with_tools(arguments, engine, Engine::install)?),
        Target::Check => {
            let n_recipes = engine.recipes().iter().count();
            println!("{n_recipes} recipes are right");
        }
        Target::Download(hosts) => {
            let chosen = [engine.host().triplet.as_str()];
            let hosts = if hosts.is_empty() { &chosen[..] } else { hosts };
            engine.download(hosts).map_err(|error| explain(error, false))?;
        }
        Target::CheckSources => engine.check_sources().map_err(|error| explain(error, false))?,
        Target::CheckPackages => with_tools(arguments, engine, Engine::check_packages)?,
        Target::Clean { all } => {
            let cleaned = engine.clean(*all)?;
            for path in cleaned.removed {
                println!("removed {}", path.display());
            }
            for path in cleaned.kept {
                println!("kept {}, which an option names", path.display());
            }
        }
        Target::Print(name) => match with_tools(arguments, engine, |engine| engine.variable(name))? {
            Some(value) => println!("{name}={value}"),
            None => {
                let help = "variables are the options, BUILD, WORK_PATH, host_prefix, final_build_id, packages, \
                            native_packages, and PACKAGE_version, PACKAGE_build_id and PACKAGE_cached";
                return Err(miette!(help = help, "there is no variable {name}"));
            }
        },
        Target::Package { name, phase } => {
            with_tools(arguments, engine, |engine| engine.build_package(name, *phase))?;
        }
        Target::PackageChecksum(name) => with_tools(arguments, engine, |engine| engine.check_package(name))?,
    }
    Ok(())
}

/// Writes `text` to the file, or to the standard output without one.
fn write_or_print(file: Option<&Path>, text: &str) -> miette::Result<()> {
    let written = match file {
        Some(file) => fs_err::write(file, text),
        None => std::io::stdout().lock().write_all(text.as_bytes()),
    };
    written.into_diagnostic()
}

/// A time in the past, by its largest unit.
fn ago(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let (number, unit) = match seconds {
        0..60 => return "just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86400 => (seconds / 3600, "hour"),
        _ => (seconds / 86400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural} ago")
}

/// Does `act`, and once more after missing tools were installed, where that is allowed.
fn with_tools<T>(
    arguments: &DependsArguments,
    engine: &Engine,
    act: impl Fn(&Engine) -> Result<T, EngineError>,
) -> miette::Result<T> {
    let keep_log = engine.options().switch("LOG");
    match act(engine) {
        Err(EngineError::Tools(missing)) if arguments.install_tools => {
            install_tools::install(&missing)?;
            act(engine).map_err(|error| explain(error, keep_log))
        }
        Err(EngineError::Tools(missing)) => {
            let help = "with --install-tools they are installed for you";
            Err(miette!(help = help, "{missing}"))
        }
        result => result.map_err(|error| explain(error, keep_log)),
    }
}

fn say(installed: &Installed) {
    let state = if installed.changed {
        "is ready"
    } else {
        "is up to date"
    };
    eprintln!("{} {state}", installed.prefix.display());
    eprintln!("CONFIG_SITE={}", installed.profile.display());
}

/// Shows what a failure left behind, and gives the failure itself.
pub(crate) fn explain(error: EngineError, whole_log: bool) -> miette::Report {
    match &error {
        EngineError::Units(units) => {
            for unit in units {
                show_log(unit, whole_log);
                eprintln!("error: {}: {}", unit.label, chain(&*unit.cause));
            }
        }
        EngineError::Sources(sources) => {
            for (name, source) in sources {
                eprintln!("error: {name}: {}", chain(source));
            }
        }
        _ => {}
    }
    error.into()
}

fn show_log(unit: &UnitError, whole: bool) {
    let Some(path) = &unit.log else { return };
    let bytes = fs_err::read(path).into_diagnostic().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<&str> = text.lines().collect();
    let first = if whole {
        0
    } else {
        lines.len().saturating_sub(TAIL)
    };
    eprintln!(
        "--- the log of {}, from line {} of {}",
        unit.label,
        first + 1,
        lines.len()
    );
    for line in &lines[first..] {
        eprintln!("{line}");
    }
    eprintln!("--- the whole log is {}", path.display());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_options_select_the_packages_that_upstreams_do() {
        const ALWAYS: [&str; 3] = ["boost", "gmp", "libevent"];
        let rows: [(&[&str], &[&str]); 9] = [
            (&[], &["libnatpmp", "miniupnpc", "qrencode", "sqlite", "zeromq"]),
            (&["NO_UPNP"], &["libnatpmp", "qrencode", "sqlite", "zeromq"]),
            (&["NO_NATPMP"], &["miniupnpc", "qrencode", "sqlite", "zeromq"]),
            (&["NO_QR"], &["libnatpmp", "miniupnpc", "sqlite", "zeromq"]),
            (&["NO_QT"], &["libnatpmp", "miniupnpc", "sqlite", "zeromq"]),
            (&["NO_WALLET"], &["libnatpmp", "miniupnpc", "qrencode", "zeromq"]),
            (&["NO_SQLITE"], &["libnatpmp", "miniupnpc", "qrencode", "zeromq"]),
            (
                &["NO_ZMQ", "NO_BDB", "NO_USDT"],
                &["libnatpmp", "miniupnpc", "qrencode", "sqlite"],
            ),
            (
                &[
                    "MULTIPROCESS",
                    "NO_QT",
                    "NO_ZMQ",
                    "NO_WALLET",
                    "NO_UPNP",
                    "NO_NATPMP",
                ],
                &["capnp", "libmultiprocess"],
            ),
        ];
        for (switches, expected) in rows {
            let options = switches.iter().map(|name| ((*name).to_owned(), "1".to_owned()));
            let selected = quiet_engine(options.collect()).unwrap().selected();
            let expected: std::collections::BTreeSet<String> = ALWAYS
                .iter()
                .chain(expected)
                .map(|name| (*name).to_owned())
                .collect();
            assert_eq!(selected.packages, expected, "{switches:?}");
        }
    }
}
