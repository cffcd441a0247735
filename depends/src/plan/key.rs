//! The key of a unit: the digest over all that decides its result, and over nothing else.
//!
//! Paths, users, locales, job counts, file times and the layout of the recipe are not in it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{Unit, Variant};
use crate::digest::Digest;
use crate::lint::Excuse;
use crate::recipe::{BuildSystem, Escapes, Flags, Template};

/// The version of what the engine does with a unit. It changes whenever the same inputs would give another archive.
pub const FORMAT: u32 = 5;

#[derive(Serialize)]
struct Preimage<'a> {
    engine: u32,
    name: &'a str,
    version: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    about: Option<[&'a str; 2]>,
    source: SourceIdentity<'a>,
    patches: Vec<PatchIdentity<'a>>,
    build: &'a BuildSystem,
    options: &'a [Template],
    flags: &'a Flags,
    remove: &'a [String],
    #[serde(skip_serializing_if = "<[Excuse]>::is_empty")]
    excuses: &'a [Excuse],
    license_files: &'a [String],
    #[serde(skip_serializing_if = "Escapes::is_empty")]
    sandbox: &'a Escapes,
    #[serde(skip_serializing_if = "Option::is_none")]
    variant: Option<Variant>,
    machine: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    toolchain: Option<&'a BTreeMap<String, String>>,
    dependencies: BTreeMap<&'a str, Digest>,
    native_dependencies: BTreeMap<&'a str, Digest>,
    salt: &'a str,
}

/// The bytes that are built, not the routes that lead to them.
#[derive(Serialize)]
#[serde(untagged, rename_all_fields = "kebab-case")]
enum SourceIdentity<'a> {
    Tree {
        tree_sha256: Digest,
    },
    Archive {
        sha256: Digest,
        root: Option<&'a str>,
        #[serde(skip_serializing_if = "<[String]>::is_empty")]
        only: &'a [String],
    },
}

#[derive(Serialize)]
struct PatchIdentity<'a> {
    name: &'a str,
    sha256: Option<Digest>,
}

/// The text whose digest is the unit's key; `units` are those that it depends on.
pub(super) fn preimage(unit: &Unit, units: &[Unit], salt: &str) -> String {
    let recipe = &unit.recipe;
    let keys = |indices: &[usize]| -> BTreeMap<&str, Digest> {
        indices
            .iter()
            .map(|index| (units[*index].recipe.name.get_ref().as_str(), units[*index].key))
            .collect()
    };
    let source = match (recipe.source.tree_sha256, recipe.source.archives.first()) {
        (Some(tree_sha256), _) => SourceIdentity::Tree { tree_sha256 },
        (None, Some(archive)) => SourceIdentity::Archive {
            sha256: archive.sha256,
            root: archive.root.as_deref(),
            only: &archive.only,
        },
        (None, None) => unreachable!("a recipe has an archive because reading it checks that"),
    };
    let patches = recipe.patches.iter().map(|patch| PatchIdentity {
        name: patch.get_ref(),
        // A patch that cannot be read has no digest here; applying it fails with the reason.
        sha256: Digest::of_file(recipe.patch_path(patch.get_ref())).ok(),
    });
    // Only a `.pc` file that the engine writes says what the package is.
    let about = matches!(recipe.build, BuildSystem::Cc { .. })
        .then_some([recipe.description.as_str(), recipe.homepage.as_str()]);
    let compiled = !recipe.build.is_portable();
    let preimage = Preimage {
        engine: FORMAT,
        name: recipe.name(),
        version: &recipe.version,
        about,
        source,
        patches: patches.collect(),
        build: &recipe.build,
        options: &unit.options,
        flags: &unit.flags,
        remove: &unit.remove,
        excuses: &recipe.excuses,
        license_files: &recipe.license_files,
        sandbox: &recipe.escapes,
        variant: compiled.then_some(unit.variant),
        machine: unit.platform(),
        toolchain: compiled.then_some(&unit.toolchain.identity),
        dependencies: keys(&unit.dependencies),
        native_dependencies: keys(&unit.native_dependencies),
        salt,
    };
    let mut text = serde_json::to_string_pretty(&preimage)
        .expect("it can be written because its maps have texts as keys");
    text.push('\n');
    text
}
