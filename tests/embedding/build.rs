//! Builds the C library of `packages/collatz` with the engine, and links the program to it.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use depends::observer::{Event, Observer};
use depends::{Engine, Settings};
use miette::{IntoDiagnostic as _, Result, miette};
use site_profile::SiteProfile;

/// Prints a line for each step. Cargo shows what build scripts print where they fail, and with `-vv`.
struct Lines;

impl Observer for Lines {
    fn notice(&self, event: &Event<'_>) {
        match event {
            Event::Phase { package, phase } => eprintln!("{package}: {phase:?}"),
            Event::Ready { package, origin } => eprintln!("{package}: ready, from {origin:?}"),
            Event::Failed {
                package,
                reason: Some(reason),
            } => eprintln!("{package}: {reason}"),
            Event::Warning { message } => println!("cargo::warning={message}"),
            _ => {}
        }
    }
}

fn main() -> Result<()> {
    for path in ["build.rs", "collatz", "packages"] {
        println!("cargo::rerun-if-changed={path}");
    }
    let project = PathBuf::from(env::var("CARGO_MANIFEST_DIR").into_diagnostic()?);
    let output = PathBuf::from(env::var("OUT_DIR").into_diagnostic()?);
    let settings = Settings {
        // What is built lies with all else that cargo builds.
        base: output.join("depends"),
        recipes: project.join("packages"),
        // Options that are not given here are read from the environment, where cargo's HOST and DEBUG mean something
        // else. Empty, they are not given: the library is built for this machine, and optimised.
        arguments: ["HOST", "DEBUG"]
            .map(|name| (name.to_owned(), String::new()))
            .into(),
        jobs: env::var("NUM_JOBS")
            .into_diagnostic()?
            .parse()
            .into_diagnostic()?,
        // All sources are in this project.
        offline: true,
    };
    let installed = Engine::new(settings, Arc::new(Lines))?.install()?;

    let profile = SiteProfile::load(&installed.profile)
        .into_diagnostic()?
        .profile()
        .clone();
    let collatz = profile
        .packages
        .get("collatz")
        .ok_or_else(|| miette!("{} has no collatz", installed.profile.display()))?;
    println!("cargo::rustc-env=COLLATZ_VERSION={}", collatz.version);
    for directory in profile.search.iter().flat_map(|search| &search.lib) {
        let directory = installed.prefix.join(directory);
        println!("cargo::rustc-link-search=native={}", directory.display());
    }
    println!("cargo::rustc-link-lib=static=collatz");
    Ok(())
}
