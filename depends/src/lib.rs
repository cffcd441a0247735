//! An engine that builds C and C++ dependencies from recipes.

pub mod digest;
pub mod observer;
pub mod recipe;
pub mod suggest;
