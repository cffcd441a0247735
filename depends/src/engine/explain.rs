//! The engine's answers about what it would build and what it has built.

use super::{Engine, EngineError};
use crate::cache::Lookup;
use crate::graph::Graph;
use crate::observer::Event;
use crate::plan::Plan;
use crate::record::{Record, Records};
use crate::why::{Comparison, Finder, Why};

impl Engine {
    /// The packages that the options select, with what the cache has of them.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub fn graph(&self) -> Result<Graph, EngineError> {
        Ok(Graph::new(&self.plan()?, &self.cache()))
    }

    /// What changed in the package `name` since the build whose key begins with `against`, or since its last build.
    ///
    /// # Errors
    /// There is no such package or build, the package does not exist for the host, or as [`Engine::plan`].
    pub fn why(&self, name: &str, against: Option<&str>) -> Result<Why, EngineError> {
        let (plan, index) = self.plan_with(name)?;
        let unit = &plan.units[index];
        let (cache, records) = (self.cache(), self.records());
        let finder = Finder {
            plan: &plan,
            cache: &cache,
            records: &records,
        };
        let history = finder.history(unit.name());
        let (archive, damaged) = match cache.peek(unit) {
            Lookup::Found(entry) => (Some(entry.archive), None),
            Lookup::Absent => (None, None),
            Lookup::Damaged(reason) => (None, Some(reason)),
        };
        let earlier = match against {
            Some(prefix) => Some(history.find(unit.name(), prefix)?),
            None if archive.is_some() => None,
            None => history.last_other(unit),
        };
        let comparison = earlier.and_then(|earlier| {
            Comparison::new(unit.name(), earlier.key, unit.key, &|package, key| {
                finder.preimage(package, key)
            })
        });
        let against = earlier.cloned();
        let others = history.builds.iter().filter(|built| built.key != unit.key);
        Ok(Why {
            label: unit.label(),
            key: unit.key,
            machine: unit.platform().to_owned(),
            variant: unit.variant,
            last_failure: finder.last_failure(unit),
            archive,
            damaged,
            against,
            comparison,
            others: others.cloned().collect(),
        })
    }

    /// What the last runs did.
    #[must_use]
    pub fn records(&self) -> Records {
        Records::new(self.layout.work.join("records"))
    }

    /// Keeps the record of a run; that it cannot be kept is said, and stops nothing.
    pub(super) fn keep_record(&self, record: &Record, plan: &Plan) {
        if let Err(error) = self.records().save(record, plan) {
            let message = format!("the record of this run is not kept: {error}");
            self.observer.notice(&Event::Warning { message: &message });
        }
    }
}
