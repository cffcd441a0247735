//! What the chain says of the NEVM, and what transactions prove of it.
//!
//! Since the NEVM each block commits to a block of the NEVM and to its transactions and receipts. Tokens that were frozen
//! there are made here by whoever proves that against such a commitment. Nothing runs an NEVM or asks one: whether a
//! commitment is true, its nodes alone can tell.

mod commitment;
mod error;
mod freeze;
mod mint;
mod proof;
mod rlp;
#[cfg(test)]
pub(crate) mod tests;

use sha3::{Digest as _, Keccak256};

pub use commitment::{CommitmentError, NevmCommitment, nevm_commitment};
pub use error::MintError;
pub(crate) use mint::check_mint;
pub use mint::{EarlierMint, Mint, MintContext};

/// A hash of the NEVM (Keccak-256), whose bytes are in the order in which they are shown there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NevmHash(pub [u8; 32]);

impl NevmHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Keccak256::digest(bytes).into())
    }
}

/// What a block of the NEVM's transactions and receipts come to: the roots of two tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NevmRoots {
    /// Of its transactions.
    pub transactions: NevmHash,
    /// Of their receipts.
    pub receipts: NevmHash,
}
