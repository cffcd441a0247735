//! `test` and `ci`: the one list of checks, run in order.

mod advisories;
mod clients;
mod documents;
mod embedding;
mod fuzz;
mod hosts;
mod licences;
mod names;
mod policy;
mod script;
mod steps;
mod trees;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use miette::{IntoDiagnostic as _, Result, miette};
use xshell::Shell;

use crate::arguments::{CheckArguments, UsageError};
use crate::workspace;
use steps::STEPS;

/// Whether cargo keeps what lets it compile a change faster. Whoever lets the checks install tools has a machine for
/// this one run: it never compiles a change, and several gigabytes of its disk stay free without.
const INCREMENTAL: &str = "CARGO_INCREMENTAL";

/// One check.
struct Step {
    name: &'static str,
    /// What holds when it passes.
    claim: &'static str,
    /// The steps without which it says nothing: it is not run where one of them failed.
    needs: &'static [&'static str],
    run: fn(&Context) -> Result<Outcome>,
}

/// What a step came to, unless it failed.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Outcome {
    Passed,
    /// It could not be checked here.
    NotChecked {
        reason: String,
    },
}

/// What steps run in.
struct Context {
    /// A shell at the top of the checkout.
    shell: Shell,
    install_tools: bool,
    /// This executable, where it lay at the start. A step that compiles the workspace may put another of the same
    /// name in its place, after which the system calls the one that runs deleted.
    driver: PathBuf,
}

/// What became of a step.
struct Record {
    name: &'static str,
    verdict: Verdict,
    duration: Duration,
}

enum Verdict {
    Passed,
    NotChecked(String),
    Failed,
    NotRun(&'static str),
}

/// Runs the checks that are asked for, and sums up.
///
/// # Errors
/// One fails.
pub(crate) fn run(arguments: &CheckArguments) -> Result<()> {
    let chosen = choose(arguments)?;
    if arguments.list {
        for step in chosen {
            println!("{:<12} {}", step.name, step.claim);
        }
        return Ok(());
    }
    if arguments.install_tools && std::env::var_os(INCREMENTAL).is_none() {
        return run_without_incremental();
    }
    let shell = Shell::new().into_diagnostic()?;
    shell.change_dir(workspace::root());
    let context = Context {
        shell,
        install_tools: arguments.install_tools,
        driver: std::env::current_exe().into_diagnostic()?,
    };
    let mut records: Vec<Record> = Vec::new();
    for step in chosen {
        let record = perform(step, &context, &records);
        records.push(record);
    }
    sum_up(&records)
}

/// This same command once more, in an environment that all of its programs inherit.
fn run_without_incremental() -> Result<()> {
    let shell = Shell::new().into_diagnostic()?;
    let driver = std::env::current_exe().into_diagnostic()?;
    shell
        .cmd(driver)
        .args(std::env::args_os().skip(1))
        .env(INCREMENTAL, "0")
        .quiet()
        .run()
        .into_diagnostic()
}

/// The steps that are asked for, in the list's order.
fn choose(arguments: &CheckArguments) -> Result<Vec<&'static Step>, UsageError> {
    for name in arguments.only.iter().chain(&arguments.skip) {
        if !STEPS.iter().any(|step| step.name == name) {
            let near = ::depends::suggest::nearest(name, STEPS.iter().map(|step| step.name));
            let help = near.map_or_else(
                || "`cargo xtask test --list` shows the steps".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            return Err(UsageError {
                message: format!("there is no step {name}"),
                help,
            });
        }
    }
    let has = |list: &[String], step: &Step| list.iter().any(|name| name == step.name);
    let wanted = |step: &&Step| {
        (arguments.only.is_empty() || has(&arguments.only, step)) && !has(&arguments.skip, step)
    };
    Ok(STEPS.iter().filter(wanted).collect())
}

fn perform(step: &Step, context: &Context, records: &[Record]) -> Record {
    let start = Instant::now();
    let lost = |need: &&&'static str| {
        let is_lost = |record: &Record| matches!(record.verdict, Verdict::Failed | Verdict::NotRun(_));
        records
            .iter()
            .any(|record| record.name == **need && is_lost(record))
    };
    let verdict = match step.needs.iter().find(lost) {
        Some(need) => Verdict::NotRun(need),
        None => {
            eprintln!("\n==> {}: {}", step.name, step.claim);
            match (step.run)(context) {
                Ok(Outcome::Passed) => Verdict::Passed,
                Ok(Outcome::NotChecked { reason }) => Verdict::NotChecked(reason),
                Err(report) => {
                    eprintln!("{report:?}");
                    Verdict::Failed
                }
            }
        }
    };
    let record = Record {
        name: step.name,
        verdict,
        duration: start.elapsed(),
    };
    eprintln!("==> {}", record.line());
    record
}

impl Record {
    fn line(&self) -> String {
        let (name, seconds) = (self.name, self.duration.as_secs_f64());
        match &self.verdict {
            Verdict::Passed => format!("passed       {name:<12} {seconds:>7.1} s"),
            Verdict::NotChecked(reason) => format!("not checked  {name:<12} {seconds:>7.1} s  {reason}"),
            Verdict::Failed => {
                format!("failed       {name:<12} {seconds:>7.1} s  alone: cargo xtask test --only {name}")
            }
            Verdict::NotRun(need) => format!("not run      {name:<12} {seconds:>7.1} s  {need} comes first"),
        }
    }
}

fn sum_up(records: &[Record]) -> Result<()> {
    println!();
    for record in records {
        println!("{}", record.line());
    }
    let count = |is: fn(&Verdict) -> bool| records.iter().filter(|record| is(&record.verdict)).count();
    let passed = count(|verdict| matches!(verdict, Verdict::Passed));
    let failed = count(|verdict| matches!(verdict, Verdict::Failed));
    let others = records.len() - passed - failed;
    let others = if others == 0 {
        String::new()
    } else {
        format!(", {others} not checked")
    };
    let seconds: f64 = records.iter().map(|record| record.duration.as_secs_f64()).sum();
    println!("{passed} steps passed, {failed} failed{others} in {seconds:.0} s");
    if failed == 0 {
        Ok(())
    } else {
        Err(miette!("{failed} of {} steps failed", records.len()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(only: &[&str], skip: &[&str]) -> Result<Vec<&'static str>, String> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let arguments = CheckArguments {
            only: owned(only),
            skip: owned(skip),
            ..CheckArguments::default()
        };
        let steps = choose(&arguments).map_err(|error| format!("{error}: {}", error.help))?;
        Ok(steps.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_by_name_and_keep_their_order() {
        assert_eq!(chosen(&["clippy", "fmt"], &[]).unwrap(), ["fmt", "clippy"]);
        assert_eq!(chosen(&[], &["fmt"]).unwrap().len(), STEPS.len() - 1);
        assert_eq!(
            chosen(&["clipy"], &[]).unwrap_err(),
            "there is no step clipy: did you mean clippy?"
        );
    }

    #[test]
    fn steps_need_only_earlier_ones_and_have_one_name_each() {
        for (index, step) in STEPS.iter().enumerate() {
            let earlier: Vec<_> = STEPS[..index].iter().map(|earlier| earlier.name).collect();
            assert!(!earlier.contains(&step.name), "{}", step.name);
            assert!(
                step.needs.iter().all(|need| earlier.contains(need)),
                "{}",
                step.name
            );
        }
    }

    #[test]
    fn a_step_is_not_run_where_what_it_needs_failed() {
        let context = Context {
            shell: Shell::new().unwrap(),
            install_tools: false,
            driver: PathBuf::new(),
        };
        let first = Step {
            name: "first",
            claim: "",
            needs: &[],
            run: |_| Err(miette!("broken")),
        };
        let second = Step {
            name: "second",
            claim: "",
            needs: &["first"],
            run: |_| Ok(Outcome::Passed),
        };
        let third = Step {
            name: "third",
            claim: "",
            needs: &[],
            run: |_| Ok(Outcome::Passed),
        };
        let mut records = Vec::new();
        for step in [&first, &second, &third] {
            let record = perform(step, &context, &records);
            records.push(record);
        }
        let verdicts: Vec<_> = records
            .iter()
            .map(|record| record.line()[..7].trim().to_owned())
            .collect();
        assert_eq!(verdicts, ["failed", "not run", "passed"]);
        assert_eq!(sum_up(&records).unwrap_err().to_string(), "1 of 3 steps failed");
    }
}
