//! functional-tests.
