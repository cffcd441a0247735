//! Making inputs spend their outputs: keys, signatures, and what is known of an input that is not complete yet.
//!
//! Owns the way from an output's script and keys to an input's script and witness, and the merging of what several
//! signers did. Whether an input is complete, `consensus`' interpreter says, with the rules of relay. Reads no file, and
//! knows of no wallet and no chain: whoever calls brings keys and coins.

mod creator;
mod data;
mod extract;
mod keys;
mod policy;
pub mod psbt;
mod solve;
mod transaction;

pub use creator::{Creator, DummyCreator, SignatureHashType, TransactionCreator};
pub use data::{Missing, SignatureData, Signatures, TaprootData};
pub use extract::data_of_input;
pub use keys::{KeyId, Keys, key_id};
pub use solve::produce;
pub use transaction::{InputError, combine_input, sign_transaction};
