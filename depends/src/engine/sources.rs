//! The engine's targets that concern sources alone.

use super::{Engine, EngineError};
use crate::fetch::FetchError;
use crate::host::Host;
use crate::observer::{Event, Phase};
use crate::recipe::Recipe;

impl Engine {
    /// The packages whose sources a build for the hosts called `triplets` needs, with what the options select.
    pub(super) fn packages_for(&self, triplets: &[&str]) -> Result<Vec<String>, EngineError> {
        let selected = self.selected();
        let mut names: std::collections::BTreeSet<String> = selected.native_packages.clone();
        for triplet in triplets {
            let host = Host::find(triplet)?;
            names.extend(crate::plan::reachable(
                &self.recipes,
                &selected,
                Some((&host, &self.options)),
            ));
        }
        Ok(names.into_iter().collect())
    }

    /// Fetches the sources of all packages that a build for any of `hosts` needs.
    ///
    /// # Errors
    /// A source cannot be had; the others are there.
    pub fn download(&self, hosts: &[&str]) -> Result<(), EngineError> {
        let fetcher = self.fetcher();
        self.for_sources(hosts, |name, recipe| {
            self.observer.notice(&Event::Phase {
                package: name,
                phase: Phase::Fetch,
            });
            fetcher
                .fetch(name, &recipe.source, recipe.directory(), &*self.observer)
                .map(drop)
        })
    }

    /// Verifies the sources that are there, for a build for this host.
    ///
    /// # Errors
    /// A source is absent or wrong.
    pub fn check_sources(&self) -> Result<(), EngineError> {
        let fetcher = self.fetcher();
        self.for_sources(&[&self.host.triplet], |name, recipe| {
            fetcher.check(name, &recipe.source).map(drop)
        })
    }

    fn for_sources(
        &self,
        hosts: &[&str],
        mut act: impl FnMut(&str, &Recipe) -> Result<(), FetchError>,
    ) -> Result<(), EngineError> {
        let mut failed = Vec::new();
        for name in self.packages_for(hosts)? {
            let Some(recipe) = self.recipes.get(&name) else {
                continue;
            };
            if let Err(error) = act(&name, recipe) {
                failed.push((name, error));
            }
        }
        if failed.is_empty() {
            Ok(())
        } else {
            Err(EngineError::Sources(failed))
        }
    }
}
