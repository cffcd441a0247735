//! depends.
