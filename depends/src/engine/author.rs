//! The engine's targets that write recipes.

use std::path::Path;

use super::{Engine, EngineError};
use crate::atomic;
use crate::author::{AuthorError, Scaffold, Scaffolded, Update, Updated};
use crate::digest::Digest;
use crate::fetch::{FetchConfig, Fetcher};
use crate::observer::Silent;
use crate::recipe::source::{Archive, Route, Source};
use crate::recipe::{Recipe, RecipeSet};
use crate::scratch::Scratch;

impl Engine {
    /// Makes a first recipe for a package: the archive is fetched and looked into. What cannot be told from it begins
    /// with [`PLACEHOLDER`](crate::recipe::PLACEHOLDER), which is refused until it is filled in.
    ///
    /// # Errors
    /// There is such a recipe, the archive cannot be had or unpacked, or the recipe does not go with the others.
    pub fn scaffold(&self, scaffold: &Scaffold) -> Result<Scaffolded, EngineError> {
        let scratch = self.scratch("new-")?;
        let fetcher = self.fetcher_into(scratch.path());
        let made = scaffold.make(&self.layout.recipes, &fetcher, scratch.path(), &*self.observer)?;
        if made.unfilled.is_empty() {
            self.check_among_others(
                &Recipe::parse(&made.path, made.text.clone()).map_err(AuthorError::from)?,
            )?;
        }
        if !scaffold.dry_run {
            self.keep_source(&made.archive, &made.source.0, made.source.1)?;
            atomic::write(&made.path, made.text.as_bytes())?;
        }
        Ok(made)
    }

    /// Moves a recipe to another version: what says the version changes, in its text, and the digests; the new archive
    /// is fetched, and looked at whether the patches and licence files go with it. All of it happens or nothing.
    ///
    /// # Errors
    /// There is no such recipe, no route leads to the version, or it does not go with the recipe.
    pub fn update(&self, update: &Update) -> Result<Updated, EngineError> {
        self.check_name(&update.name)?;
        let recipe = self
            .recipes
            .get(&update.name)
            .ok_or_else(|| EngineError::UnknownPackage {
                name: update.name.clone(),
                help: "a recipe is moved under its own name, for all platforms".to_owned(),
            })?;
        let scratch = self.scratch("update-")?;
        let fetcher = self.fetcher_into(scratch.path());
        let made = update.make(recipe, &fetcher, scratch.path(), &*self.observer)?;
        self.check_among_others(&Recipe::parse(&made.path, made.text.clone()).map_err(AuthorError::from)?)?;
        if !update.dry_run {
            for (path, file, sha256) in &made.archives {
                self.keep_source(path, file, *sha256)?;
            }
            atomic::write(&made.path, made.text.as_bytes())?;
        }
        Ok(made)
    }

    fn scratch(&self, prefix: &str) -> Result<Scratch, EngineError> {
        Ok(Scratch::new(&self.layout.work.join("fetch"), prefix)?)
    }

    /// A fetcher that puts what it finds into `directory`.
    fn fetcher_into(&self, directory: &Path) -> Fetcher {
        let sources = directory.join("sources");
        Fetcher::new(FetchConfig {
            sources,
            ..self.fetch_config()
        })
    }

    /// Checks that the recipes are right with this one among them, in place of one of its name.
    fn check_among_others(&self, recipe: &Recipe) -> Result<(), EngineError> {
        let others = self.recipes.iter().filter(|other| other.name() != recipe.name());
        let recipes: Vec<Recipe> = others
            .map(|other| Recipe::clone(other))
            .chain([recipe.clone()])
            .collect();
        RecipeSet::new(recipes).map_err(AuthorError::from)?;
        Ok(())
    }

    /// Puts an archive into the sources directory, so that a build need not fetch it again.
    fn keep_source(&self, path: &Path, file: &str, sha256: Digest) -> Result<(), EngineError> {
        let source = Source {
            tree_sha256: None,
            archives: vec![Archive {
                file: file.to_owned(),
                sha256,
                root: None,
                only: Vec::new(),
                routes: vec![Route::Path(path.to_owned())],
            }],
        };
        self.fetcher()
            .fetch(file, &source, Path::new(""), &Silent)
            .map(drop)
            .map_err(|error| EngineError::Sources(vec![(file.to_owned(), error)]))
    }
}
