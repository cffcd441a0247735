//! Which packages a selection needs, told without compilers.

use std::collections::BTreeSet;

use cargo_platform::Cfg;
use serde_spanned::Spanned;

use super::planner::Platform;
use crate::host::Host;
use crate::recipe::{Condition, RecipeSet};
use crate::selection::Selected;

/// The packages that the selected ones need, themselves included, for `host`; without one, on any platform.
#[must_use]
pub fn reachable(recipes: &RecipeSet, selected: &Selected, host: Option<&Host>) -> BTreeSet<String> {
    let current = Host::current();
    let facts = |platform: Platform| -> Option<Vec<Cfg>> {
        let (machine, build) = (host?, current.as_deref()?);
        let machine = if platform == Platform::Native {
            build
        } else {
            machine
        };
        let word = if machine.triplet == build.triplet {
            "native"
        } else {
            "cross"
        };
        let word = word.parse().expect("it is a fact because it is a plain word");
        Some(machine.facts().into_iter().chain([word]).collect())
    };
    let mut found = BTreeSet::new();
    let native = selected
        .native_packages
        .iter()
        .map(|name| (name.clone(), Platform::Native));
    let mut waiting: Vec<_> = native
        .chain(
            selected
                .packages
                .iter()
                .map(|name| (name.clone(), Platform::Host)),
        )
        .collect();
    while let Some((name, platform)) = waiting.pop() {
        let Some(recipe) = recipes.get(&name) else {
            continue;
        };
        let facts = facts(platform);
        let holds = |condition: &Condition| facts.as_ref().is_none_or(|facts| condition.holds(facts));
        let conditional = recipe
            .conditional
            .iter()
            .filter(|(condition, _)| holds(condition));
        let additions: Vec<_> = std::iter::once(&recipe.base)
            .chain(conditional.map(|(_, additions)| additions))
            .collect();
        if facts.is_some() && additions.iter().any(|additions| additions.unsupported.is_some()) {
            continue;
        }
        if !found.insert((name, platform)) {
            continue;
        }
        for additions in additions {
            let names = |list: &[Spanned<String>], platform| -> Vec<(String, Platform)> {
                list.iter()
                    .map(|name| (name.get_ref().clone(), platform))
                    .collect()
            };
            waiting.extend(names(&additions.dependencies, platform));
            waiting.extend(names(&additions.native_dependencies, Platform::Native));
        }
    }
    found.into_iter().map(|(name, _)| name).collect()
}
