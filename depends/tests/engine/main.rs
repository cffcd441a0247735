//! The engine as a whole, driven by its public interface with small recipes and a server on loopback.

#![expect(clippy::unwrap_used, reason = "a test fails where its support does")]

mod author;
mod base_directory;
mod build_systems;
mod cache;
mod clean;
mod closures;
mod concurrency;
mod disk;
mod eight_runs;
mod failures;
mod faults;
mod final_id;
mod gc;
mod hermetic;
mod isolation;
mod key;
mod kills;
mod licenses;
mod lint;
mod options;
mod overrides;
mod parallel;
mod patches;
mod prefix;
mod recipes;
mod records;
mod relocation;
mod reproducible;
mod shell;
mod sources;
mod stages;
mod support;
mod tools;
mod trees;
mod twins;
mod vendor;
mod verify;
mod why;
