//! The rules for options, as a user meets them.
