//! The site profile of a prefix: what was built, for whom, and where it lies.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use site_profile::{Feature, Package, Profile, Provenance, Search};

use crate::cache::Entry;
use crate::digest::Digest;
use crate::options::Options;
use crate::plan::Plan;
use crate::recipe::RecipeSet;
use crate::selection::Selected;

/// Why writing to a text cannot fail.
const WRITES: &str = "a string takes all that is written";

/// The profile's place in the prefix.
pub const PATH: &str = "share/config.site.toml";

/// The profile's text. Without the entries of its packages, it is the same but for the archives' digests.
pub(crate) fn render(
    plan: &Plan,
    selected: &Selected,
    options: &Options,
    recipes_sha256: Digest,
    entries: &BTreeMap<usize, Entry>,
) -> String {
    let packages = plan.packages.iter().map(|(name, index)| (name.clone(), *index));
    let native = plan
        .native_packages
        .iter()
        .map(|(name, index)| (format!("native_{name}"), *index));
    let packages: BTreeMap<String, Package> = packages
        .chain(native)
        .map(|(name, index)| {
            let unit = &plan.units[index];
            let package = Package {
                version: unit.recipe.version.clone(),
                license: unit.recipe.license.clone(),
                key: unit.key.to_string(),
                archive_sha256: entries
                    .get(&index)
                    .map(|entry| entry.sha256.to_string())
                    .unwrap_or_default(),
            };
            (name, package)
        })
        .collect();
    let strings = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let state = |on: bool| if on { Feature::On } else { Feature::Off };
    let profile = Profile {
        schema: site_profile::SCHEMA,
        provenance: Some(Provenance {
            generator: format!("depends {}", env!("CARGO_PKG_VERSION")),
            final_build_id: plan.final_id().to_string(),
            recipes_sha256: recipes_sha256.to_string(),
            options: options.decisive(),
        }),
        host: Some(site_profile::Host {
            triplet: plan.host.triplet.clone(),
            rust_target: plan.host.rust_target.clone(),
        }),
        features: selected
            .features
            .iter()
            .map(|(name, on)| (name.clone(), state(*on)))
            .collect(),
        tools: selected
            .tools
            .iter()
            .map(|(role, path)| (role.clone(), format!("native/{path}")))
            .collect(),
        search: Some(Search {
            prefix: "..".to_owned(),
            include: strings(&["include"]),
            lib: strings(&["lib"]),
            pkg_config: strings(&["lib/pkgconfig", "share/pkgconfig"]),
            cmake: strings(&["lib/cmake"]),
            native_bin: strings(&["native/bin"]),
            allow_host_packages: options.switch("ALLOW_HOST_PACKAGES"),
        }),
        unsupported: plan.unsupported.clone(),
        packages,
        system: BTreeMap::new(),
    };
    let body =
        toml::to_string(&profile).expect("a profile can be written because its maps have texts as keys");
    format!(
        "# A site profile, written by depends. It moves with its prefix; every path is relative to it.\n{body}"
    )
}

/// The digest over the selected recipes, as [`Engine::recipes_digest`](crate::Engine::recipes_digest) says.
pub(crate) fn recipes_digest(recipes: &RecipeSet, selected: &Selected) -> std::io::Result<Digest> {
    let names = crate::plan::reachable(recipes, selected, None);
    let mut text = format!("engine {}\n", crate::plan::key::FORMAT);
    for recipe in names.iter().filter_map(|name| recipes.get(name)) {
        writeln!(text, "{} {}", recipe.name(), recipe.digest()).expect(WRITES);
        for patch in &recipe.patches {
            let digest = Digest::of_file(recipe.patch_path(patch.get_ref()))?;
            writeln!(text, "  {} {digest}", patch.get_ref()).expect(WRITES);
        }
    }
    for (name, on) in &selected.features {
        writeln!(text, "feature {name} {on}").expect(WRITES);
    }
    Ok(Digest::of(text.as_bytes()))
}
