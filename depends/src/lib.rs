//! An engine that builds C and C++ dependencies from recipes: fetched, verified, built in private prefixes, cached
//! under keys that cover every input, and composed into one prefix for each host, with a site profile.
//!
//! [`Engine`] is the whole; the modules are its parts, in the order in which a run goes through them. Nothing here
//! knows what the packages are for, and nothing writes to a terminal: an [`observer::Observer`] hears what happens.
//!
//! # Use
//!
//! 1. Write a recipe for each package, `<name>/package.toml` in one directory. [`recipe::Recipe`] is what it says;
//!    [`Engine::scaffold`] writes a first one for an archive.
//! 2. Beside them, `selection.toml` says which packages are built: always, or as options want it
//!    ([`selection::Selection`]).
//! 3. Fill in [`Settings`]: where things lie, the options ([`options::Options`]), how many processes run at a time.
//! 4. Give [`Engine::new`] an [`observer::Observer`], which is told each [`observer::Event`], or
//!    [`observer::Silent`]. Recipes and options are checked here, all of them, before anything is done.
//! 5. [`Engine::plan`] finds toolchains and programs, and says what would be built under which keys
//!    ([`plan::Plan`]); [`Engine::install`] does it, and returns where the prefix and its profile are ([`Installed`]).
//! 6. The profile ([`profile::PATH`] in the prefix) names directories, versions and digests. C++ trees are configured
//!    with [`site::AUTOCONF_PATH`] and [`site::CMAKE_PATH`].
//!
//! Errors are [`EngineError`]s; each is a [`miette::Diagnostic`], with causes and, where there is something to do about
//! it, help.
//!
//! # Example
//!
//! ```no_run
//! use std::path::PathBuf;
//! use std::sync::Arc;
//!
//! use depends::observer::{Event, Observer};
//! use depends::{Engine, EngineError, Settings};
//!
//! struct Lines;
//!
//! impl Observer for Lines {
//!     fn notice(&self, event: &Event<'_>) {
//!         match event {
//!             Event::Phase { package, phase } => eprintln!("{package}: {phase:?}"),
//!             Event::Warning { message } => eprintln!("warning: {message}"),
//!             _ => {}
//!         }
//!     }
//! }
//!
//! fn main() -> Result<(), EngineError> {
//!     let project = PathBuf::from("/home/me/project");
//!     let settings = Settings {
//!         base: project.join("depends"),
//!         recipes: project.join("packages"),
//!         arguments: vec![("HOST".to_owned(), "aarch64-linux-gnu".to_owned())],
//!         jobs: 4,
//!         offline: false,
//!     };
//!     let installed = Engine::new(settings, Arc::new(Lines))?.install()?;
//!     println!("{}", installed.prefix.display());
//!     Ok(())
//! }
//! ```
//!
//! # In a build script
//!
//! Options that are not among [`Settings::arguments`] are read from the environment. Cargo sets `HOST` and `DEBUG` for
//! build scripts and means something else by them: give both, if only empty, which is as if they were not set. What
//! is built then lies below `OUT_DIR`, if that is the [`Settings::base`].

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
mod directory;
mod glob;
mod lock;
mod scratch;

pub use engine::{Engine, EngineError, Installed, Settings, chain};
