//! Whether a parent's work was done for a block of ours.

use bitcoin::BlockHash;
use bitcoin::hashes::Hash;
use thiserror::Error;

use super::{AuxPow, branch_root};
use crate::params::AuxPowParams;
use crate::version;

/// What stands before the root in a parent's coinbase.
pub const MERGED_MINING_HEADER: [u8; 4] = [0xfa, 0xbe, b'm', b'm'];

/// The longest way from a block to the root.
const MAX_CHAIN_BRANCH: usize = 30;

/// Why a parent's work was not done for the block. Upstream refuses all of them as `high-hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AuxPowError {
    /// The parent is merge-mined, and of our chain.
    #[error("parent has our chain id")]
    ParentChainId,
    /// The parent is merge-mined, and of our chain before DIP3.
    #[error("parent has our old chain id")]
    ParentOldChainId,
    /// More than 30 steps from the block to the root.
    #[error("chain merkle branch is too long")]
    ChainBranchTooLong,
    /// The coinbase is not the parent's first transaction.
    #[error("coinbase is not the first leaf below the parent's merkle root")]
    CoinbaseNotInParent,
    /// The coinbase has no input that could hold a root.
    #[error("coinbase has no inputs")]
    NoInputs,
    /// The coinbase does not hold the root.
    #[error("coinbase lacks the chain merkle root")]
    RootMissing,
    /// The coinbase does not say where the root stands.
    #[error("coinbase lacks the merged mining header")]
    HeaderMissing,
    /// The coinbase says twice where the root stands.
    #[error("coinbase has several merged mining headers")]
    SeveralHeaders,
    /// Something stands between them, or the root stands elsewhere before.
    #[error("merged mining header is not just before the chain merkle root")]
    HeaderNotBeforeRoot,
    /// Less than eight bytes after the root.
    #[error("coinbase lacks size and nonce of the chain merkle tree")]
    SizeMissing,
    /// The tree's size is not that of the branch.
    #[error("size of the chain merkle tree does not match the branch")]
    SizeMismatch,
    /// The block stands where another chain's should.
    #[error("block is at a wrong place in the chain merkle tree")]
    WrongIndex,
}

/// The place of a chain's block among the leaves of a tree of this height, which is at most 30.
///
/// It is the same whoever makes the tree, so that one parent cannot stand for two blocks of a chain.
#[must_use]
pub fn expected_index(nonce: u32, chain_id: i32, height: usize) -> i32 {
    const MULTIPLIER: u64 = 1_103_515_245;
    const INCREMENT: u64 = 12_345;
    let leaves = 1_u64 << height;
    let mut place = u64::from(nonce) * MULTIPLIER + INCREMENT;
    place %= leaves;
    place = place.wrapping_add_signed(chain_id.into());
    place = place.wrapping_mul(MULTIPLIER).wrapping_add(INCREMENT);
    place %= leaves;
    i32::try_from(place).expect("a place among at most 2^30 leaves")
}

/// Where `needle` first stands in `bytes`.
fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    bytes.windows(needle.len()).position(|window| window == needle)
}

impl AuxPow {
    /// Checks that the parent's work was done for a block of the chain `chain_id`.
    ///
    /// # Consensus
    /// <https://en.bitcoin.it/wiki/Merged_mining_specification>, without its way of doing without the header.
    ///
    /// # Errors
    /// [`AuxPowError`] with the first rule that is broken.
    pub fn check(
        &self,
        block_hash: BlockHash,
        chain_id: i32,
        params: &AuxPowParams,
    ) -> Result<(), AuxPowError> {
        if params.strict_chain_id {
            match version::chain_id(self.parent.version) {
                id if id > 0 && id == params.chain_id => return Err(AuxPowError::ParentChainId),
                0 if version::old_chain_id(self.parent.version) == params.old_chain_id => {
                    return Err(AuxPowError::ParentOldChainId);
                }
                _ => {}
            }
        }
        if self.chain_branch.len() > MAX_CHAIN_BRANCH {
            return Err(AuxPowError::ChainBranchTooLong);
        }
        let coinbase = self.coinbase.compute_txid().to_raw_hash().into();
        if branch_root(coinbase, &self.coinbase_branch, 0) != self.parent.merkle_root {
            return Err(AuxPowError::CoinbaseNotInParent);
        }
        let input = self.coinbase.input.first().ok_or(AuxPowError::NoInputs)?;
        self.check_script(input.script_sig.as_bytes(), block_hash, chain_id)
    }

    /// Checks what the parent's coinbase says of our block.
    fn check_script(&self, script: &[u8], block_hash: BlockHash, chain_id: i32) -> Result<(), AuxPowError> {
        let mut root = self.chain_root(block_hash).to_byte_array();
        root.reverse();
        let root_place = find(script, &root).ok_or(AuxPowError::RootMissing)?;
        let header_place = find(script, &MERGED_MINING_HEADER).ok_or(AuxPowError::HeaderMissing)?;
        if find(&script[header_place + 1..], &MERGED_MINING_HEADER).is_some() {
            return Err(AuxPowError::SeveralHeaders);
        }
        if header_place + MERGED_MINING_HEADER.len() != root_place {
            return Err(AuxPowError::HeaderNotBeforeRoot);
        }
        let (size, nonce) = split_size(&script[root_place + root.len()..]).ok_or(AuxPowError::SizeMissing)?;
        if size != 1 << self.chain_branch.len() {
            return Err(AuxPowError::SizeMismatch);
        }
        if self.chain_index != expected_index(nonce, chain_id, self.chain_branch.len()) {
            return Err(AuxPowError::WrongIndex);
        }
        Ok(())
    }
}

/// The tree's size and nonce, which stand after the root, the lowest byte first.
fn split_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let (size, rest) = bytes.split_first_chunk()?;
    let nonce = rest.first_chunk()?;
    Some((u32::from_le_bytes(*size), u32::from_le_bytes(*nonce)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_of_one_leaf_have_one_place() {
        for nonce in [0, 7, u32::MAX] {
            assert_eq!(expected_index(nonce, 16, 0), 0);
        }
    }

    #[test]
    fn places_depend_on_nonce_chain_and_height() {
        for (nonce, chain_id, height, place) in [
            (7, 16, 30, 45_299_245),
            (7, 0, 30, 642_666_333),
            (7, 16, 4, 13),
            (8, 16, 4, 6),
            (u32::MAX, 16, 12, 741),
        ] {
            assert_eq!(
                expected_index(nonce, chain_id, height),
                place,
                "{nonce} {chain_id} {height}"
            );
        }
    }
}
