//! Licences, origins and bans of everything that the workspace and the projects beside it are made of, crates and
//! recipes, against `deny.toml`.
//! Needs no network beyond what cargo has fetched.

use miette::{IntoDiagnostic as _, Result, miette};
use serde::Deserialize;

use super::policy::{Package, Policy};
use super::{Context, Outcome};
use crate::{cargo, depends, workspace};

/// The projects that have a lock file of their own.
const MANIFESTS: [&str; 5] = [
    "Cargo.toml",
    "crates/chain/fuzz/Cargo.toml",
    "crates/ipc/fuzz/Cargo.toml",
    "tests/clients/rust/Cargo.toml",
    "tests/embedding/Cargo.toml",
];

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

/// Checks all of them.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let policy = Policy::load(&workspace::root().join("deny.toml"))?;
    let mut packages = Vec::new();
    for manifest in MANIFESTS {
        let command = cargo::outside(&context.shell, "cargo")
            .args(["metadata", "--format-version=1", "--locked"])
            .args(["--manifest-path", manifest]);
        let metadata: Metadata =
            serde_json::from_str(&command.read().into_diagnostic()?).into_diagnostic()?;
        packages.extend(metadata.packages);
    }
    // Most are in several projects.
    packages.sort();
    packages.dedup();
    let n_crates = packages.len();
    let engine = depends::quiet_engine(Vec::new())?;
    packages.extend(engine.recipes().iter().map(|recipe| Package {
        name: recipe.name().to_owned(),
        version: recipe.version.clone(),
        license: Some(recipe.license.clone()),
        source: None,
    }));
    let complaints = policy.complaints(&packages);
    if !complaints.is_empty() {
        let list: String = complaints
            .iter()
            .map(|complaint| format!("\n  {complaint}"))
            .collect();
        return Err(miette!("{} dependencies are refused:{list}", complaints.len()));
    }
    eprintln!(
        "{n_crates} crates and {} recipes are as deny.toml wants them",
        packages.len() - n_crates
    );
    Ok(Outcome::Passed)
}
