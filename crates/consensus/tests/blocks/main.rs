//! Blocks: those that upstream's `generate` makes, byte for byte, and each way in which a block may be wrong.

mod chain;
mod commitments;
mod generated;
mod merge_mining;
mod reading;
mod rules;
mod signet;
