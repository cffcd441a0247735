//! Merkle trees, and the flaw in them.

use bitcoin::hashes::Hash;
use bitcoin::{Transaction, TxMerkleNode};

use super::hashed::txids;
use crate::auxpow::parent_node;

/// The root of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MerkleRoot {
    /// The root; zero if there are no leaves.
    pub root: TxMerkleNode,
    /// Whether another list of leaves has the same root, from which this one may have been made by repeating some
    /// (CVE-2012-2459).
    pub is_mutated: bool,
}

/// The root of a tree with these leaves: the last one of an odd row is paired with itself.
#[must_use]
pub fn merkle_root(leaves: Vec<TxMerkleNode>) -> MerkleRoot {
    let mut row = leaves;
    let mut is_mutated = false;
    while row.len() > 1 {
        is_mutated |= row.as_chunks::<2>().0.iter().any(|[left, right]| left == right);
        row = row
            .chunks(2)
            .map(|pair| parent_node(pair[0], pair[pair.len() - 1]))
            .collect();
    }
    MerkleRoot {
        root: row.first().copied().unwrap_or_else(TxMerkleNode::all_zeros),
        is_mutated,
    }
}

/// The hashes that lead from the first of a block's transactions to the root, the deepest first.
#[must_use]
pub fn merkle_branch(transactions: &[Transaction]) -> Vec<TxMerkleNode> {
    let mut row: Vec<TxMerkleNode> = txids(transactions)
        .into_iter()
        .map(|txid| txid.to_raw_hash().into())
        .collect();
    let mut branch = Vec::new();
    while row.len() > 1 {
        branch.push(row[1]);
        row = row
            .chunks(2)
            .map(|pair| parent_node(pair[0], pair[pair.len() - 1]))
            .collect();
    }
    branch
}

/// The root that the header of a block with these transactions must have.
#[must_use]
pub fn transactions_root(transactions: &[Transaction]) -> MerkleRoot {
    merkle_root(
        txids(transactions)
            .into_iter()
            .map(|txid| txid.to_raw_hash().into())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaves(numbers: &[u8]) -> Vec<TxMerkleNode> {
        numbers
            .iter()
            .map(|number| TxMerkleNode::from_byte_array([*number; 32]))
            .collect()
    }

    #[test]
    fn roots_are_those_of_bitcoin() {
        for count in 1..20 {
            let leaves = leaves(&(1..=count).collect::<Vec<_>>());
            let expected =
                bitcoin::merkle_tree::calculate_root(leaves.clone().into_iter()).expect("not empty");
            assert_eq!(
                merkle_root(leaves),
                MerkleRoot {
                    root: expected,
                    is_mutated: false
                },
                "{count}"
            );
        }
        assert_eq!(merkle_root(Vec::new()).root, TxMerkleNode::all_zeros());
    }

    #[test]
    fn repeated_leaves_are_told_from_those_that_were_meant() {
        for (meant, repeated) in [
            (&[1, 2, 3][..], &[1, 2, 3, 3][..]),
            (&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 6, 5, 6]),
            (&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5, 5, 5, 5]),
        ] {
            let (meant, repeated) = (merkle_root(leaves(meant)), merkle_root(leaves(repeated)));
            assert_eq!(meant.root, repeated.root);
            assert!(!meant.is_mutated && repeated.is_mutated);
        }
        assert!(!merkle_root(leaves(&[1, 2, 2, 3])).is_mutated);
    }
}
