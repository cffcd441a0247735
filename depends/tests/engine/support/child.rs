//! Runs in a process of their own, for what belongs to a process: its environment and its umask.
//!
//! The process is this test program again, told to run [`installs_what_a_parent_asks_for`] alone.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use super::{Recorder, Run, World, told};

const TEST: &str = "support::child::installs_what_a_parent_asks_for";
const BASE: &str = "DEPENDS_TEST_BASE";
const RECIPES: &str = "DEPENDS_TEST_RECIPES";
const OPTIONS: &str = "DEPENDS_TEST_OPTIONS";
const JOBS: &str = "DEPENDS_TEST_JOBS";
const EVENTS: &str = "DEPENDS_TEST_EVENTS";
/// The variable that names the file for what a run reports.
pub(crate) const REPORT: &str = "DEPENDS_TEST_REPORT";

/// A process that installs what `run` says, to be varied before it is handed to [`finish`]. The shell lines in
/// `before` are run first.
pub(crate) fn install(run: &Run, before: &str) -> Command {
    install_with(&std::env::current_exe().unwrap(), run, before)
}

/// As [`install`], with a copy of this program.
pub(crate) fn install_with(program: &Path, run: &Run, before: &str) -> Command {
    let script = format!("{before}\nexec \"$0\" \"$@\"");
    let options: Vec<String> = run
        .arguments
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", &script])
        .arg(program)
        .args(["--exact", TEST])
        .env(BASE, &run.base)
        .env(RECIPES, &run.recipes)
        .env(OPTIONS, options.join("\n"))
        .env(JOBS, run.jobs.to_string());
    command
}

/// The same process below `unshare`, in namespaces of its own that `arguments` ask for.
pub(crate) fn unshare(arguments: &[&str], process: &Command) -> Command {
    let mut command = Command::new("unshare");
    command
        .args(arguments)
        .arg(process.get_program())
        .args(process.get_args())
        .envs(
            process
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
    command
}

/// Starts the process as the leader of a process group; it writes what its engine does to the pipe at `events`.
pub(crate) fn start_group(mut command: Command, events: &Path) -> std::process::Child {
    use std::os::unix::process::CommandExt as _;
    command
        .process_group(0)
        .env(EVENTS, events)
        .env(REPORT, "/dev/null")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs the process; what a failure says is the error.
pub(crate) fn finish(mut command: Command) -> Result<(), String> {
    let report = tempfile::NamedTempFile::new().unwrap();
    // The process may be another user's.
    fs_err::set_permissions(report.path(), std::fs::Permissions::from_mode(0o666)).unwrap();
    let output = command.env(REPORT, report.path()).output().unwrap();
    if !output.status.success() {
        let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        panic!("{out}{err}");
    }
    match fs_err::read_to_string(report.path()).unwrap() {
        report if report == "installed" => Ok(()),
        report => Err(report),
    }
}

/// Does nothing unless a parent asks for something.
#[test]
fn installs_what_a_parent_asks_for() {
    let Some(base) = std::env::var_os(BASE) else {
        return;
    };
    let text = |name| std::env::var(name).unwrap();
    let mut run = World::new([]).run().base(base);
    run.recipes = PathBuf::from(text(RECIPES));
    run.jobs = text(JOBS).parse().unwrap();
    run.arguments = text(OPTIONS)
        .lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    if let Some(events) = std::env::var_os(EVENTS) {
        run.recorder = Arc::new(Recorder::live(Path::new(&events)));
    }
    let report = match run.try_install() {
        Ok(_) => "installed".to_owned(),
        Err(error) => told(&error),
    };
    fs_err::write(text(REPORT), report).unwrap();
}
