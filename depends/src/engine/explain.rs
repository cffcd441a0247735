//! The engine's answers about what it would build and what it has built.

use super::{Engine, EngineError};
use crate::graph::Graph;
use crate::observer::Event;
use crate::plan::Plan;
use crate::record::{Record, Records};

impl Engine {
    /// The packages that the options select, with what the cache has of them.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub fn graph(&self) -> Result<Graph, EngineError> {
        Ok(Graph::new(&self.plan()?, &self.cache()))
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
