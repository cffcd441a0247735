//! Scripts: how they are read, and whether an input may spend an output.
//!
//! [`PreparedTransaction`] is what a block's inputs are held to: Bitcoin Core's own library decides. [`check_inputs`] is what
//! those of a transaction to be relayed are held to: an interpreter of our own knows more rules, and says why. Where both
//! know the rules they must agree, and the library's word stands.

mod checker;
mod error;
mod flags;
mod input;
mod interpreter;
mod library;
mod read;
mod sighash;
mod spending;

pub use checker::{ExecutionData, SignatureChecker, TransactionChecker};
pub use error::ScriptError;
pub use flags::{ScriptFlags, block_script_flags};
pub use input::{Disagreement, InputScriptError, check_input, check_inputs};
pub use interpreter::{SignatureVersion, verify_script};
pub use library::{ConsensusScriptError, PreparedTransaction, sha256_implementation, verify_consensus};
pub(crate) use read::{Counting, Operations, count_sigops};
pub use read::{is_unspendable, last_push, revealed_sigops};
pub use sighash::legacy_hash;
pub use spending::SpendingTransaction;
