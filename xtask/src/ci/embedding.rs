//! The step that builds and runs the project in `tests/embedding` from a copy that lies outside of the checkout, as
//! anybody's project would that depends on the engine.

use std::path::Path;

use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, WrapErr as _, miette};
use toml::Table;
use xshell::{Cmd, Shell};

use super::{Context, Outcome};
use crate::{cargo, workspace};

/// What the program prints.
const PRINTED: &str =
    "collatz 1.0\nfrom 6 to 1 in 8 steps\nfrom 27 to 1 in 111 steps\nfrom 97 to 1 in 118 steps";

/// What of the project is copied: all that belongs to it, nothing that cargo made.
const PARTS: [&str; 7] = [
    "Cargo.lock",
    "Cargo.toml",
    "build.rs",
    "collatz",
    "packages",
    "rustfmt.toml",
    "src",
];

/// Formats, lints, builds and runs the copy.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let original = workspace::root().join("tests/embedding");
    check_lock(
        &fs::read_to_string(workspace::root().join("Cargo.lock")).into_diagnostic()?,
        &fs::read_to_string(original.join("Cargo.lock")).into_diagnostic()?,
    )?;
    let directory = tempfile::Builder::new()
        .prefix("embedding-")
        .tempdir()
        .into_diagnostic()?;
    for part in PARTS {
        copy(&original.join(part), &directory.path().join(part))?;
    }
    lead_to(workspace::root(), &directory.path().join("Cargo.toml"))?;
    let call = |arguments: &[&str]| cargo_in(&context.shell, directory.path(), arguments);
    call(&["fmt", "--check"]).run().into_diagnostic()?;
    call(&["clippy", "--locked", "--", "-D", "warnings"])
        .run()
        .into_diagnostic()?;
    let printed = call(&["run", "--locked"]).read().into_diagnostic();
    // The copy is another package each time for cargo: without this, each would stay in the target directory.
    let cleaned = call(&["clean", "--locked", "--package", "embedding"])
        .run()
        .into_diagnostic();
    let printed = printed.wrap_err("the project does not build, or does not run")?;
    cleaned?;
    println!("{printed}");
    if printed.replace('\r', "") == PRINTED {
        Ok(Outcome::Passed)
    } else {
        Err(miette!("the program should print\n{PRINTED}"))
    }
}

/// Cargo in the copy. It compiles into the workspace's target directory, where most dependencies are compiled already.
fn cargo_in<'a>(shell: &'a Shell, directory: &Path, arguments: &[&str]) -> Cmd<'a> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || workspace::root().join("target"),
        |path| workspace::root().join(path),
    );
    let manifest = directory.join("Cargo.toml");
    let (subcommand, rest) = arguments
        .split_first()
        .expect("there is a subcommand because every caller names one");
    cargo::outside(shell, "cargo")
        .arg(subcommand)
        .arg("--manifest-path")
        .arg(manifest)
        .args(rest)
        .env("CARGO_TARGET_DIR", target)
        .env_remove(site_profile::CONFIG_SITE)
}

/// Makes the manifest's paths that lead out of the project lead into `checkout`.
fn lead_to(checkout: &Path, manifest: &Path) -> Result<()> {
    let text = fs::read_to_string(manifest).into_diagnostic()?;
    let checkout = checkout.display().to_string().replace('\\', "/");
    fs::write(manifest, text.replace("\"../..", &format!("\"{checkout}"))).into_diagnostic()
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        return ::depends::tree::copy(from, to).into_diagnostic();
    }
    fs::copy(from, to).into_diagnostic().map(drop)
}

/// Makes sure that the project is made of nothing but what the workspace is made of, whose licences and known
/// vulnerabilities other steps look at.
fn check_lock(workspace: &str, project: &str) -> Result<()> {
    let known = packages(workspace)?;
    let others: Vec<_> = packages(project)?
        .into_iter()
        .filter(|package| !known.contains(package) && !package.starts_with("embedding "))
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(miette!(
        help = "copy Cargo.lock to tests/embedding, and run: cargo metadata --offline --manifest-path tests/embedding/Cargo.toml",
        "tests/embedding/Cargo.lock has what the workspace has not: {}",
        others.join(", ")
    ))
}

/// The packages that a lock file names, each with its version.
fn packages(lock: &str) -> Result<Vec<String>> {
    let lock: Table = toml::from_str(lock).into_diagnostic()?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let text = |package: &toml::Value, key: &str| {
        let value = package.get(key).and_then(toml::Value::as_str);
        value.unwrap_or_default().to_owned()
    };
    Ok(packages
        .into_iter()
        .flatten()
        .map(|package| format!("{} {}", text(package, "name"), text(package, "version")))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_project_is_made_of_what_the_workspace_is_made_of() {
        let entry = |name, version| format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n");
        let workspace = format!("{}{}", entry("a", "1.0.0"), entry("b", "2.0.0"));
        let rows = [
            (
                format!("{}{}", entry("a", "1.0.0"), entry("embedding", "0.1.0")),
                None,
            ),
            (entry("a", "1.0.1"), Some("a 1.0.1")),
            (entry("c", "1.0.0"), Some("c 1.0.0")),
        ];
        for (project, other) in rows {
            let message = check_lock(&workspace, &project)
                .err()
                .map(|error| error.to_string());
            let expected = other
                .map(|other| format!("tests/embedding/Cargo.lock has what the workspace has not: {other}"));
            assert_eq!(message, expected);
        }
    }

    #[test]
    fn no_path_of_the_copy_leads_to_where_it_was_copied_from() {
        let directory = tempfile::tempdir().unwrap();
        let manifest = directory.path().join("Cargo.toml");
        fs::copy(workspace::root().join("tests/embedding/Cargo.toml"), &manifest).unwrap();
        lead_to(Path::new("/some/where"), &manifest).unwrap();
        let manifest: Table = toml::from_str(&fs::read_to_string(&manifest).unwrap()).unwrap();
        let paths: Vec<_> = manifest["build-dependencies"]
            .as_table()
            .unwrap()
            .values()
            .filter_map(|dependency| dependency.get("path")?.as_str())
            .collect();
        assert_eq!(paths, ["/some/where/depends", "/some/where/depends/site-profile"]);
    }
}
