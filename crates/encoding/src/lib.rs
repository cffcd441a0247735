//! How amounts, addresses, keys, scripts, messages and transactions are written as text and as JSON, and read from it.
//!
//! Owns the forms that command lines and RPC clients meet, with each chain's own prefixes. Makes no signatures of
//! transactions, reads no file and knows of no chain's state.

pub mod address;
pub mod amount;
pub mod assembly;
pub mod descriptor;
pub mod hex;
pub mod json;
mod kind;
pub mod message;
pub mod secret_key;
pub mod transaction;

pub use address::Address;
pub use kind::{KIND_NAMES, MAX_KEYS_OF_MULTISIG, ScriptKind};
pub use secret_key::SecretKey;
