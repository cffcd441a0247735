//! Work that was done for another chain, whose block names ours.
//!
//! Owns its bytes, and whether it stands for a block of ours. Whether the other chain's block is valid is of no interest.

mod check;
mod tag;

use bitcoin::block::Header;
use bitcoin::consensus::encode::{self, Decodable, Encodable};
use bitcoin::hashes::{Hash, HashEngine, sha256d};
use bitcoin::io::{self, Read, Write};
use bitcoin::{Transaction, TxMerkleNode};

pub use check::{AuxPowError, MERGED_MINING_HEADER, expected_index};
pub use tag::{TagError, check_tag, tag_height, tag_script};

use crate::transaction::{decode_transaction, encode_transaction};

/// How a block of another chain, the parent, stands for a block of ours.
///
/// The parent's coinbase holds the root of a tree whose leaves are blocks of many chains, one of them ours.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuxPow {
    /// The parent's first transaction.
    pub coinbase: Transaction,
    /// The way from the coinbase up to the parent's merkle root.
    pub coinbase_branch: Vec<TxMerkleNode>,
    /// The way from our block up to the root in the coinbase.
    pub chain_branch: Vec<TxMerkleNode>,
    /// Our block's place among the leaves.
    pub chain_index: i32,
    /// The parent's header.
    pub parent: Header,
}

impl AuxPow {
    /// The root that the parent's coinbase must hold for a block of ours.
    #[must_use]
    pub fn chain_root(&self, block_hash: bitcoin::BlockHash) -> TxMerkleNode {
        branch_root(
            block_hash.to_raw_hash().into(),
            &self.chain_branch,
            self.chain_index,
        )
    }
}

/// Goes up a branch from a leaf whose index says, from the lowest bit on, on which side it stands.
///
/// Index -1 leads to zero, as upstream has it.
pub(crate) fn branch_root(leaf: TxMerkleNode, branch: &[TxMerkleNode], index: i32) -> TxMerkleNode {
    if index == -1 {
        return TxMerkleNode::all_zeros();
    }
    let mut index = index;
    let mut root = leaf;
    for sibling in branch {
        root = if index & 1 == 1 {
            parent_node(*sibling, root)
        } else {
            parent_node(root, *sibling)
        };
        index >>= 1;
    }
    root
}

/// The node above two.
pub(crate) fn parent_node(left: TxMerkleNode, right: TxMerkleNode) -> TxMerkleNode {
    let mut engine = sha256d::Hash::engine();
    engine.input(left.as_byte_array());
    engine.input(right.as_byte_array());
    TxMerkleNode::from_engine(engine)
}

impl Encodable for AuxPow {
    fn consensus_encode<W: Write + ?Sized>(&self, writer: &mut W) -> Result<usize, io::Error> {
        let mut length = encode_transaction(&self.coinbase, writer)?;
        length += [0_u8; 32].consensus_encode(writer)?;
        length += self.coinbase_branch.consensus_encode(writer)?;
        length += 0_i32.consensus_encode(writer)?;
        length += self.chain_branch.consensus_encode(writer)?;
        length += self.chain_index.consensus_encode(writer)?;
        length += self.parent.consensus_encode(writer)?;
        Ok(length)
    }
}

impl Decodable for AuxPow {
    /// Two fields of older times, the parent's hash and the coinbase's index, are passed over: nothing depends on them.
    fn consensus_decode_from_finite_reader<R: Read + ?Sized>(reader: &mut R) -> Result<Self, encode::Error> {
        let coinbase = decode_transaction(reader)?;
        let _parent_hash = <[u8; 32]>::consensus_decode(reader)?;
        let coinbase_branch = Vec::consensus_decode_from_finite_reader(reader)?;
        let _coinbase_index = i32::consensus_decode(reader)?;
        let chain_branch = Vec::consensus_decode_from_finite_reader(reader)?;
        let chain_index = i32::consensus_decode(reader)?;
        let parent = Header::consensus_decode_from_finite_reader(reader)?;
        Ok(Self {
            coinbase,
            coinbase_branch,
            chain_branch,
            chain_index,
            parent,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_are_climbed_on_the_sides_that_the_index_says() {
        let [leaf, first, second] = [1, 2, 3].map(|number| TxMerkleNode::from_byte_array([number; 32]));
        let root = |index| branch_root(leaf, &[first, second], index);
        assert_eq!(root(0), parent_node(parent_node(leaf, first), second));
        assert_eq!(root(1), parent_node(parent_node(first, leaf), second));
        assert_eq!(root(2), parent_node(second, parent_node(leaf, first)));
        assert_eq!(root(3), parent_node(second, parent_node(first, leaf)));
        assert_eq!(root(-1), TxMerkleNode::all_zeros());
        assert_eq!(branch_root(leaf, &[], 5), leaf);
    }
}
