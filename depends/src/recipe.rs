//! Recipes as they are written.

pub mod source;
