//! Recipes as they are written: what a `package.toml` says, checked for itself and not yet resolved for a host.
//!
//! Owns the file format. Resolving a recipe for one platform, and everything that is done with it, belongs to
//! [`crate::plan`].

pub mod build;
pub mod condition;
pub mod error;
pub mod escapes;
mod lint;
pub mod set;
pub mod source;
pub mod template;
pub(crate) mod texts;

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_spanned::Spanned;

use crate::lint::Excuse;

pub use build::BuildSystem;
pub use condition::Condition;
pub use error::{Place, RecipeError};
pub use escapes::Escapes;
pub use set::RecipeSet;
pub use source::{Archive, Route, Source};
pub use template::{Template, TemplateError, Variable};
pub use texts::PLACEHOLDER;

/// The name of a recipe's file in its directory.
pub const FILE_NAME: &str = "package.toml";

/// One package as its recipe describes it.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The name, unique among the recipes: lower-case letters, digits, `-`, `_` and `+`.
    pub name: Spanned<String>,
    /// The version.
    pub version: String,
    /// The licence, an SPDX expression.
    pub license: String,
    /// What it is, in one line.
    pub description: String,
    /// Its web site.
    pub homepage: String,
    /// The licence's texts in the source; they are kept with the package.
    pub license_files: Vec<String>,
    /// The patches, files below `patches/`, in the order in which they are applied.
    pub patches: Vec<Spanned<String>>,
    /// Where the source comes from.
    pub source: Source,
    /// How it is built.
    pub build: BuildSystem,
    /// What the checks of a built package are not to tell.
    pub excuses: Vec<Excuse>,
    /// What its build may do that builds may not.
    pub escapes: Escapes,
    /// What holds on every platform.
    pub base: Additions,
    /// What holds where a condition does, in the order of the conditions' texts.
    pub conditional: Vec<(Condition, Additions)>,
    file: Arc<RecipeFile>,
}

/// The file that a recipe was read from.
#[derive(Debug)]
struct RecipeFile {
    path: PathBuf,
    text: String,
}

/// What a recipe adds to a build, at its top level or under a condition.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// Packages for the same platform that it is built against.
    pub dependencies: Vec<Spanned<String>>,
    /// Packages whose programs run while it is built.
    pub native_dependencies: Vec<Spanned<String>>,
    /// Programs of the system that its build calls, besides those of its build system.
    pub tools: Vec<Spanned<String>>,
    /// Arguments of the configure step, or variables for plain make.
    pub options: Vec<Template>,
    /// Compiler flags, appended to those of the platform.
    pub flags: Flags,
    /// Paths in the staged prefix that are removed; `*` stands for any characters but `/`, `**` for any.
    pub remove: Vec<String>,
    /// Why the package does not exist on the platform.
    pub unsupported: Option<String>,
}

/// Flags by the step that they are for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Flags {
    /// For the preprocessor (`CPPFLAGS`).
    pub cpp: Vec<String>,
    /// For the C compiler (`CFLAGS`).
    pub c: Vec<String>,
    /// For the C++ compiler (`CXXFLAGS`).
    pub cxx: Vec<String>,
    /// For the linker (`LDFLAGS`).
    pub ld: Vec<String>,
}

impl Flags {
    /// Appends `other` to each list.
    pub fn extend(&mut self, other: &Self) {
        self.cpp.extend_from_slice(&other.cpp);
        self.c.extend_from_slice(&other.c);
        self.cxx.extend_from_slice(&other.cxx);
        self.ld.extend_from_slice(&other.ld);
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RecipeFields {
    name: Spanned<String>,
    version: Spanned<String>,
    license: String,
    description: String,
    homepage: String,
    license_files: Vec<Spanned<String>>,
    #[serde(default)]
    patches: Vec<Spanned<String>>,
    source: Spanned<Source>,
    build: build::BuildFields,
    #[serde(default, rename = "sandbox")]
    escapes: Escapes,
    #[serde(default)]
    dependencies: Vec<Spanned<String>>,
    #[serde(default)]
    native_dependencies: Vec<Spanned<String>>,
    #[serde(default)]
    tools: Vec<Spanned<String>>,
    #[serde(default)]
    options: Vec<Template>,
    #[serde(default)]
    flags: Flags,
    #[serde(default)]
    remove: Vec<String>,
    #[serde(default)]
    lint: lint::LintFields,
    #[serde(default)]
    when: toml::map::Map<String, toml::Value>,
    #[serde(default, rename = "unsupported")]
    _unsupported: Option<OnlyUnderCondition>,
}

/// A key that says nothing at the top level of a recipe.
struct OnlyUnderCondition;

impl<'de> Deserialize<'de> for OnlyUnderCondition {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom(
            "`unsupported` stands under a condition, as in [when.'cfg(windows)']",
        ))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[derive(Default)]
struct ConditionalFields {
    dependencies: Vec<Spanned<String>>,
    native_dependencies: Vec<Spanned<String>>,
    tools: Vec<Spanned<String>>,
    options: Vec<Template>,
    flags: Flags,
    remove: Vec<String>,
    unsupported: Option<String>,
}

/// The conditional tables alone, read a second time so that they keep their places.
#[derive(Deserialize)]
struct WhenTables {
    #[serde(default)]
    when: std::collections::BTreeMap<Spanned<Condition>, ConditionalFields>,
}

impl Recipe {
    /// Reads the recipe at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or something in it is wrong: the error says what and where.
    pub fn load(path: &Path) -> Result<Self, set::SetError> {
        let text = fs_err::read_to_string(path).map_err(set::SetError::Read)?;
        Ok(Self::parse(path, text)?)
    }

    /// Reads a recipe's text; `path` is where it lies.
    ///
    /// # Errors
    /// Something in it is wrong: the error says what and where.
    pub fn parse(path: &Path, text: String) -> Result<Self, RecipeError> {
        let from_toml = |error: &toml::de::Error| {
            let message = error.message();
            let recipe_error = RecipeError::from_toml(path, &text, error);
            match unknown_field_help(message) {
                Some(help) => recipe_error.with_help(help),
                None => recipe_error,
            }
        };
        if let Some(unfilled) = texts::placeholders(&text).first() {
            let message = format!("`{}` is yet to be filled in", unfilled.key);
            return Err(RecipeError::new(path, &text, unfilled.span.clone(), message));
        }
        let fields: RecipeFields = toml::from_str(&text).map_err(|error| from_toml(&error))?;
        let tables: WhenTables = if fields.when.is_empty() {
            WhenTables {
                when: std::collections::BTreeMap::new(),
            }
        } else {
            toml::from_str(&text).map_err(|error| from_toml(&error))?
        };
        check_fields(path, &text, &fields)?;
        let build = fields
            .build
            .resolve()
            .map_err(|(span, message)| RecipeError::new(path, &text, span, message))?;
        let excuses = fields
            .lint
            .resolve()
            .map_err(|(span, message)| RecipeError::new(path, &text, span, message))?;
        let conditional = tables
            .when
            .into_iter()
            .map(|(condition, fields)| (condition.into_inner(), Additions::from(fields)))
            .collect();
        Ok(Self {
            name: fields.name,
            version: fields.version.into_inner(),
            license: fields.license,
            description: fields.description,
            homepage: fields.homepage,
            license_files: fields
                .license_files
                .into_iter()
                .map(Spanned::into_inner)
                .collect(),
            patches: fields.patches,
            source: fields.source.into_inner(),
            build,
            excuses,
            escapes: fields.escapes,
            base: Additions {
                dependencies: fields.dependencies,
                native_dependencies: fields.native_dependencies,
                tools: fields.tools,
                options: fields.options,
                flags: fields.flags,
                remove: fields.remove,
                unsupported: None,
            },
            conditional,
            file: Arc::new(RecipeFile {
                path: path.to_owned(),
                text,
            }),
        })
    }

    /// The recipe's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.name.get_ref()
    }

    /// The directory that holds the recipe and its `patches/`.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.file.path.parent().unwrap_or(Path::new(""))
    }

    /// The file that it was read from.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.file.path
    }

    /// The text that it was read from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.file.text
    }

    /// The path of the patch that the recipe names `patch`.
    #[must_use]
    pub fn patch_path(&self, patch: &str) -> PathBuf {
        self.directory().join("patches").join(patch)
    }

    /// The digest of what the recipe says, whatever its layout and its comments.
    #[must_use]
    pub fn digest(&self) -> crate::digest::Digest {
        let table: toml::Table = self
            .file
            .text
            .parse()
            .expect("it is TOML because the recipe was read from it");
        crate::digest::Digest::of(table.to_string().as_bytes())
    }

    /// An error at a place in this recipe.
    #[must_use]
    pub fn error(&self, span: std::ops::Range<usize>, message: impl Into<String>) -> RecipeError {
        RecipeError::new(&self.file.path, &self.file.text, span, message)
    }

    /// The place of `span` in this recipe.
    #[must_use]
    pub fn place(&self, span: std::ops::Range<usize>) -> Place {
        Place::new(&self.file.path, &self.file.text, span)
    }

    /// What holds in any case, then what holds under each condition.
    pub fn all_additions(&self) -> impl Iterator<Item = &Additions> {
        std::iter::once(&self.base).chain(self.conditional.iter().map(|(_, additions)| additions))
    }
}

impl From<ConditionalFields> for Additions {
    fn from(fields: ConditionalFields) -> Self {
        Self {
            dependencies: fields.dependencies,
            native_dependencies: fields.native_dependencies,
            tools: fields.tools,
            options: fields.options,
            flags: fields.flags,
            remove: fields.remove,
            unsupported: fields.unsupported,
        }
    }
}

/// The rules that the types do not carry.
fn check_fields(path: &Path, text: &str, fields: &RecipeFields) -> Result<(), RecipeError> {
    let error = |span, message: String| Err(RecipeError::new(path, text, span, message));
    let name = fields.name.get_ref();
    let plain = |character: char| {
        character.is_ascii_lowercase() || character.is_ascii_digit() || "-_+".contains(character)
    };
    if name.is_empty() || !name.chars().all(plain) || name.starts_with('-') {
        let message = format!("{name:?} is no package name: lower-case letters, digits, `-`, `_` and `+`");
        return error(fields.name.span(), message);
    }
    if name.starts_with("native_") {
        let message = format!("{name:?} is taken: native_NAME names the native form of package NAME");
        return error(fields.name.span(), message);
    }
    let version = fields.version.get_ref();
    if version.is_empty() || version.contains(['/', ' ', '\n']) || version.starts_with('.') {
        return error(fields.version.span(), format!("{version:?} is no version"));
    }
    let source = fields.source.get_ref();
    if source.archives.is_empty() {
        return error(fields.source.span(), "the source has no archive".to_owned());
    }
    if source.archives.len() > 1 && source.tree_sha256.is_none() {
        let message =
            "a source with several archives needs `tree-sha256`, which decides that they hold the same tree";
        return error(fields.source.span(), message.to_owned());
    }
    for archive in &source.archives {
        if archive.file.is_empty() || archive.file.contains('/') || archive.file.starts_with('.') {
            return error(
                fields.source.span(),
                format!("{:?} is no file name for an archive", archive.file),
            );
        }
        if let Some(pattern) = archive
            .only
            .iter()
            .find(|pattern| !crate::glob::is_inside(pattern))
        {
            return error(
                fields.source.span(),
                format!("{pattern:?} is no pattern of paths inside the source"),
            );
        }
        if archive.routes.is_empty() {
            return error(
                fields.source.span(),
                format!("archive {} has no route", archive.file),
            );
        }
    }
    for file in fields.patches.iter().chain(&fields.license_files) {
        let inside = Path::new(file.get_ref())
            .components()
            .all(|component| matches!(component, Component::Normal(_)));
        if !inside || file.get_ref().is_empty() {
            return error(
                file.span(),
                format!("{:?} is no path inside the package", file.get_ref()),
            );
        }
    }
    let mut kept = std::collections::BTreeSet::new();
    for file in &fields.license_files {
        if !kept.insert(Path::new(file.get_ref()).file_name()) {
            let message = format!(
                "another licence file has the name of {:?}, under which it is kept",
                file.get_ref()
            );
            return error(file.span(), message);
        }
    }
    for patch in &fields.patches {
        let file = path.with_file_name("patches").join(patch.get_ref());
        if !file.is_file() {
            return error(patch.span(), format!("the patch {} is not there", file.display()));
        }
    }
    Ok(())
}

/// The nearest of the keys that a TOML error lists as expected.
fn unknown_field_help(message: &str) -> Option<String> {
    let rest = message.strip_prefix("unknown field `")?;
    let (field, rest) = rest.split_once('`')?;
    let near = crate::suggest::nearest(field, rest.split('`').skip(1).step_by(2))?;
    Some(format!("did you mean `{near}`?"))
}

#[cfg(test)]
mod tests;
