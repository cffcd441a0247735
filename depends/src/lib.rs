//! An engine that builds C and C++ dependencies from recipes.

pub mod digest;
pub mod extract;
pub mod fetch;
pub mod observer;
pub mod patch;
pub mod recipe;
pub mod suggest;
pub mod tree;
