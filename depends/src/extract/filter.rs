//! Which of an archive's entries are unpacked: patterns of a recipe against paths below the archive's root.

use std::path::Path;

use crate::glob;

/// The patterns, and which of them matched something.
#[derive(Debug)]
pub(super) struct Filter<'a> {
    patterns: Vec<(&'a str, bool)>,
    /// Whether the root is the archive's single top-level directory, whose name patterns leave out.
    is_single: bool,
}

impl<'a> Filter<'a> {
    pub(super) fn new(patterns: &'a [String], is_single: bool) -> Self {
        Self {
            patterns: patterns.iter().map(|pattern| (pattern.as_str(), false)).collect(),
            is_single,
        }
    }

    /// Whether the root is the archive's single top-level directory.
    pub(super) fn is_single(&self) -> bool {
        self.is_single
    }

    /// Whether what lies at `place`, relative to the directory that is unpacked, is wanted.
    pub(super) fn takes(&mut self, place: &Path) -> bool {
        if self.patterns.is_empty() {
            return true;
        }
        let mut components = place.components();
        if self.is_single {
            components.next();
        }
        let path = components.as_path().to_string_lossy();
        let mut is_taken = false;
        for (pattern, matched) in &mut self.patterns {
            if !path.is_empty() && glob::matches(pattern, &path) {
                *matched = true;
                is_taken = true;
            }
        }
        is_taken
    }

    /// The patterns that have matched nothing.
    pub(super) fn idle(&self) -> Vec<String> {
        let idle = self.patterns.iter().filter(|(_, matched)| !matched);
        idle.map(|(pattern, _)| (*pattern).to_owned()).collect()
    }
}
