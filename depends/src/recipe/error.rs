//! What can be wrong with a recipe, always with the place where it is.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use miette::{Diagnostic, LabeledSpan, NamedSource, SourceCode};

/// A mistake in a recipe or in another file of the recipes' directory.
///
/// The message begins with the file, the line and the column; with [`miette`] it is shown beside the line itself.
#[derive(Debug)]
pub struct RecipeError {
    /// Boxed, because an error is passed around far more often than it is shown.
    inner: Box<Inner>,
}

#[derive(Debug)]
struct Inner {
    place: Place,
    source: NamedSource<String>,
    message: String,
    label: String,
    help: Option<String>,
}

/// Where in which file something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub path: PathBuf,
    /// Its byte range.
    pub span: Range<usize>,
    /// The line, from 1.
    pub line: usize,
    /// The column in characters, from 1.
    pub column: usize,
}

impl Place {
    /// The place of `span` in the file at `path`, whose text is `text`.
    #[must_use]
    pub fn new(path: &Path, text: &str, span: Range<usize>) -> Self {
        let before = text.get(..span.start).unwrap_or(text);
        Self {
            path: path.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before.rsplit('\n').next().unwrap_or_default().chars().count() + 1,
            span,
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}:{}", self.path.display(), self.line, self.column)
    }
}

impl RecipeError {
    /// An error at `span` of the file at `path`, whose text is `text`.
    #[must_use]
    pub fn new(path: &Path, text: &str, span: Range<usize>, message: impl Into<String>) -> Self {
        let message = message.into();
        Self {
            inner: Box::new(Inner {
                place: Place::new(path, text, span),
                source: NamedSource::new(path.display().to_string(), text.to_owned()),
                label: "here".to_owned(),
                message,
                help: None,
            }),
        }
    }

    /// An error that the TOML reader found.
    #[must_use]
    pub fn from_toml(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let span = error.span().unwrap_or(0..0);
        Self::new(path, text, span, error.message())
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.inner.help = Some(help.into());
        self
    }

    /// Where the mistake is.
    #[must_use]
    pub fn place(&self) -> &Place {
        &self.inner.place
    }
}

impl fmt::Display for RecipeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.inner.place, self.inner.message)
    }
}

impl std::error::Error for RecipeError {}

impl Diagnostic for RecipeError {
    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        let help = self.inner.help.as_ref()?;
        Some(Box::new(help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.inner.source)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let label = LabeledSpan::new_with_span(Some(self.inner.label.clone()), self.inner.place.span.clone());
        Some(Box::new(std::iter::once(label)))
    }
}
