//! Trees of blocks, some of them invalid, that come in any order: the best valid chain is the active one, whatever happens
//! to the process meanwhile.

mod kills;
mod order;
mod support;
