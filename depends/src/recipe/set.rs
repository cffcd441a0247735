//! All recipes of a directory, checked against each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use serde_spanned::Spanned;

use super::{FILE_NAME, Recipe, RecipeError};

/// The recipes by name. Every dependency exists and none leads back to where it started.
#[derive(Debug, Clone, Default)]
pub struct RecipeSet {
    recipes: BTreeMap<String, Arc<Recipe>>,
}

/// Why the recipes of a directory do not make a set.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum SetError {
    /// A file cannot be read; the error names it.
    #[error(transparent)]
    Read(std::io::Error),
    /// A recipe is wrong.
    #[error(transparent)]
    #[diagnostic(transparent)]
    Recipe(#[from] RecipeError),
}

impl RecipeSet {
    /// Reads `*/package.toml` below `directory`.
    ///
    /// # Errors
    /// The first mistake that is found, with its place.
    pub fn load(directory: &Path) -> Result<Self, SetError> {
        let mut paths = Vec::new();
        for entry in fs_err::read_dir(directory).map_err(SetError::Read)? {
            let path = entry.map_err(SetError::Read)?.path().join(FILE_NAME);
            if path.is_file() {
                paths.push(path);
            }
        }
        paths.sort();
        let recipes = paths
            .iter()
            .map(|path| Recipe::load(path))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self::new(recipes)?)
    }

    /// Makes a set of `recipes`.
    ///
    /// # Errors
    /// Two recipes have one name, a dependency does not exist, dependencies form a cycle, or two recipes want different
    /// source files of one name.
    pub fn new(recipes: Vec<Recipe>) -> Result<Self, RecipeError> {
        let mut set = Self::default();
        for recipe in recipes {
            let name = recipe.name().to_owned();
            if let Some(earlier) = set.recipes.get(&name) {
                let place = earlier.place(earlier.name.span());
                let message = format!("the name {name:?} is taken by {place}");
                return Err(recipe.error(recipe.name.span(), message));
            }
            set.recipes.insert(name, Arc::new(recipe));
        }
        set.check_references()?;
        set.check_cycles()?;
        set.check_source_files()?;
        Ok(set)
    }

    /// The recipe of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Arc<Recipe>> {
        self.recipes.get(name)
    }

    /// All recipes, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Recipe>> {
        self.recipes.values()
    }

    /// All names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.recipes.keys().map(String::as_str)
    }

    fn check_references(&self) -> Result<(), RecipeError> {
        for recipe in self.iter() {
            for name in references(recipe) {
                if self.recipes.contains_key(name.get_ref()) {
                    continue;
                }
                let error = recipe.error(name.span(), format!("there is no package {:?}", name.get_ref()));
                return Err(match crate::suggest::nearest(name.get_ref(), self.names()) {
                    Some(near) => error.with_help(format!("did you mean {near:?}?")),
                    None => error,
                });
            }
        }
        Ok(())
    }

    /// Looks for a cycle among the dependencies for one platform. A native dependency on the package itself is none:
    /// a tool may be built with its own native form.
    fn check_cycles(&self) -> Result<(), RecipeError> {
        let mut finished = BTreeSet::new();
        for recipe in self.iter() {
            self.visit(recipe, &mut Vec::new(), &mut finished)?;
        }
        Ok(())
    }

    /// All source files lie in one directory: two of one name would replace each other again and again.
    fn check_source_files(&self) -> Result<(), RecipeError> {
        let mut files = BTreeMap::new();
        for recipe in self.iter() {
            for archive in &recipe.source.archives {
                let (digest, other) = *files
                    .entry(archive.file.as_str())
                    .or_insert((archive.sha256, recipe));
                if digest != archive.sha256 {
                    let place = other.place(other.name.span());
                    let message = format!(
                        "its source file {} is another one than that of {place}; give one of them another `file`",
                        archive.file
                    );
                    return Err(recipe.error(recipe.name.span(), message));
                }
            }
        }
        Ok(())
    }

    fn visit<'a>(
        &'a self,
        recipe: &'a Recipe,
        path: &mut Vec<&'a str>,
        finished: &mut BTreeSet<&'a str>,
    ) -> Result<(), RecipeError> {
        if finished.contains(recipe.name()) {
            return Ok(());
        }
        path.push(recipe.name());
        for name in references(recipe) {
            let target = name.get_ref().as_str();
            let only_native = !recipe.all_additions().any(|additions| {
                additions
                    .dependencies
                    .iter()
                    .any(|dependency| dependency.get_ref() == target)
            });
            if target == recipe.name() && only_native {
                continue;
            }
            if let Some(start) = path.iter().position(|step| *step == target) {
                let cycle: Vec<&str> = path[start..].iter().copied().chain([target]).collect();
                let message = format!("the dependencies form a cycle: {}", cycle.join(" -> "));
                return Err(recipe.error(name.span(), message));
            }
            let next = self
                .recipes
                .get(target)
                .expect("it exists because check_references ran before");
            self.visit(next, path, finished)?;
        }
        path.pop();
        finished.insert(recipe.name());
        Ok(())
    }
}

/// Every package that a recipe names, on any platform.
fn references(recipe: &Recipe) -> impl Iterator<Item = &Spanned<String>> {
    recipe.all_additions().flat_map(|additions| {
        additions
            .dependencies
            .iter()
            .chain(&additions.native_dependencies)
    })
}
