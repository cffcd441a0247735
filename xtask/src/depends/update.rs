//! `cargo xtask depends update`.

use depends::author::Update;

use super::{explain, open};
use crate::arguments::depends::author::UpdateArguments;
use crate::arguments::{DependsArguments, UsageError};

pub(super) fn run(depends: &DependsArguments, arguments: &UpdateArguments) -> miette::Result<()> {
    let words = depends.targets();
    let [name, version] = words[..] else {
        let message = format!("update takes a package and a version, not {} words", words.len());
        let help = "cargo xtask depends update miniupnpc 2.2.9".to_owned();
        return Err(UsageError { message, help }.into());
    };
    let engine = open(depends)?;
    let update = Update {
        name: name.to_owned(),
        version: version.to_owned(),
        sha256: arguments.sha256,
        crate_version: arguments.crate_version.clone(),
        suite: arguments.suite.clone(),
        force: arguments.force,
        dry_run: arguments.dry_run,
    };
    let updated = engine.update(&update).map_err(|error| explain(error, false))?;
    println!("--- {}", updated.path.display());
    for change in &updated.changes {
        println!("@@ line {}", change.line);
        println!("-{}", change.old);
        println!("+{}", change.new);
    }
    for misfit in &updated.misfits {
        eprintln!("warning: {misfit}");
    }
    for note in &updated.notes {
        eprintln!("note: {note}");
    }
    if arguments.dry_run {
        eprintln!("Nothing was written.");
    } else {
        eprintln!("Build it with `cargo xtask depends {name}`.");
    }
    Ok(())
}
