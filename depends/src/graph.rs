//! A plan as people look at it: packages, what they need of each other, and what the cache has of them.
//!
//! Nothing is built or read through here.

use crate::cache::{Cache, Lookup};
use crate::plan::{Plan, Unit, Variant};

/// The packages of a plan, dependencies before what needs them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Graph {
    /// The triplet that is built for.
    pub host: String,
    /// The packages.
    pub nodes: Vec<Node>,
}

/// A package of a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// The package's name, with `native_` before it for a native tool.
    pub label: String,
    /// Its version.
    pub version: String,
    /// The first digits of its key.
    pub key: String,
    /// The triplet of the machine that it runs on, or `any`.
    pub machine: String,
    /// Whether only the building machine uses it.
    pub native_only: bool,
    /// What it is built as.
    pub variant: Variant,
    /// What the cache has of it.
    pub state: State,
    /// The numbers of the packages that it is built against.
    pub dependencies: Vec<usize>,
    /// The numbers of the packages whose programs run while it is built.
    pub native_dependencies: Vec<usize>,
}

/// What the cache has of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// It is there.
    Cached {
        /// The archive's size in bytes.
        n_bytes: u64,
    },
    /// It is not there.
    ToBuild,
    /// It is there, but will be built again, for this reason.
    Damaged(String),
}

impl Graph {
    /// The graph of a plan; archives are looked for, not read.
    #[must_use]
    pub fn new(plan: &Plan, cache: &Cache) -> Self {
        Self {
            host: plan.host.triplet.clone(),
            nodes: plan.units.iter().map(|unit| Node::new(unit, cache)).collect(),
        }
    }

    /// The numbers of the packages that no other needs.
    #[must_use]
    pub fn roots(&self) -> Vec<usize> {
        let needed: std::collections::BTreeSet<usize> = self.nodes.iter().flat_map(Node::needs).collect();
        let is_root = |index: &usize| !needed.contains(index);
        (0..self.nodes.len()).filter(is_root).collect()
    }
}

impl Node {
    fn new(unit: &Unit, cache: &Cache) -> Self {
        let state = match cache.peek(unit) {
            Lookup::Found(entry) => State::Cached {
                n_bytes: fs_err::metadata(entry.archive).map_or(0, |metadata| metadata.len()),
            },
            Lookup::Absent => State::ToBuild,
            Lookup::Damaged(reason) => State::Damaged(reason),
        };
        Self {
            label: unit.label(),
            version: unit.recipe.version.clone(),
            key: unit.short_key(),
            machine: unit.platform().to_owned(),
            native_only: unit.native_only,
            variant: unit.variant,
            state,
            dependencies: unit.dependencies.clone(),
            native_dependencies: unit.native_dependencies.clone(),
        }
    }

    /// The numbers of all packages that it needs directly, those that it is built against first.
    pub fn needs(&self) -> impl Iterator<Item = usize> {
        self.dependencies.iter().chain(&self.native_dependencies).copied()
    }
}
