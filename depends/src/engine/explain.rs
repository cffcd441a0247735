//! The engine's answers about what it would build and what it has built.

use super::{Engine, EngineError};
use crate::graph::Graph;

impl Engine {
    /// The packages that the options select, with what the cache has of them.
    ///
    /// # Errors
    /// As [`Engine::plan`].
    pub fn graph(&self) -> Result<Graph, EngineError> {
        Ok(Graph::new(&self.plan()?, &self.cache()))
    }
}
