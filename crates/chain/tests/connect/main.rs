//! What blocks do to coins: each rule about coins at its edge, and that what was done can be undone.

mod property;
mod rules;
mod support;
