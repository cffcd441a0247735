//! Which packages a selection needs, told without compilers.

use std::collections::BTreeSet;

use cargo_platform::Cfg;
use serde_spanned::Spanned;

use super::planner::{self, Platform};
use crate::host::Host;
use crate::options::Options;
use crate::recipe::{Condition, RecipeSet};
use crate::selection::Selected;

/// The packages that the selected ones need, themselves included, for a host with these options; without, in any case.
#[must_use]
pub fn reachable(
    recipes: &RecipeSet,
    selected: &Selected,
    target: Option<(&Host, &Options)>,
) -> BTreeSet<String> {
    let current = Host::current();
    let facts = |platform: Platform| -> Option<Vec<Cfg>> {
        let ((host, options), build) = (target?, current.as_deref()?);
        let machine = match platform {
            Platform::Native => build,
            Platform::Host => host,
        };
        Some(planner::facts(machine, build, platform, options))
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
