//! An engine that builds C and C++ dependencies from recipes: fetched, verified, built in private prefixes, cached
//! under keys that cover every input, and composed into one prefix for each host, with a site profile.
//!
//! [`Engine`] is the whole; the modules are its parts, in the order in which a run goes through them. Nothing here
//! knows what the packages are for, and nothing writes to a terminal: an [`observer::Observer`] hears what happens.

pub mod archive;
pub mod author;
pub mod build;
pub mod cache;
pub mod engine;
pub mod extract;
pub mod fetch;
pub mod graph;
pub mod host;
pub mod lint;
pub mod options;
pub mod patch;
pub mod plan;
pub mod prefix;
pub mod profile;
pub mod recipe;
pub mod record;
pub mod sandbox;
pub mod schedule;
pub mod selection;
pub mod site;
pub mod tool;
pub mod toolchain;
pub mod tree;
pub mod verify;
pub mod why;

pub mod digest;
pub mod layout;
pub mod observer;
pub mod process;
pub mod suggest;

mod atomic;
mod children;
mod glob;
mod lock;
mod scratch;

pub use engine::{Engine, EngineError, Installed, Settings};
