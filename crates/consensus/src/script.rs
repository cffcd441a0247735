//! Scripts: how they are read, and whether an input may spend an output.
//!
//! [`verify_consensus`] is what a block's inputs are held to: Bitcoin Core's own library decides.

mod flags;
mod library;
mod read;

pub use flags::{ScriptFlags, block_script_flags};
pub use library::{ConsensusScriptError, verify_consensus};
pub use read::is_unspendable;
pub(crate) use read::{Counting, Operations, count_sigops, last_push};
