//! The same in C++, over the libmultiprocess of the active profile.

use std::path::PathBuf;

use crate::program;

/// Builds a program that knows the same words, but only the cases that block, and gives its path; nothing where the
/// profile has no libmultiprocess.
pub(crate) fn build() -> Option<PathBuf> {
    program::is_possible()
        .then(|| program::build("cpp-calls", &[("calls.cpp", include_str!("calls.cpp"))], "-O3"))
}
