//! A block whose transactions are hashed once, whoever asks for what.

use std::ops::Deref;
use std::sync::OnceLock;

use bitcoin::consensus::Encodable;
use bitcoin::hashes::{Hash, sha256d};
use bitcoin::{Transaction, TxMerkleNode, Txid};

use super::Block;
use super::merkle::{MerkleRoot, merkle_root};
use crate::transaction::encode_transaction;

/// A block, with the hashes of it that rules ask for. Each is computed when somebody first asks: threads may ask for
/// different ones at once.
#[derive(Debug)]
pub struct HashedBlock<'a> {
    block: &'a Block,
    txids: OnceLock<Vec<Txid>>,
    root: OnceLock<MerkleRoot>,
    witness_root: OnceLock<TxMerkleNode>,
}

impl<'a> HashedBlock<'a> {
    /// A block of which nothing is hashed yet.
    #[must_use]
    pub fn new(block: &'a Block) -> Self {
        Self {
            block,
            txids: OnceLock::new(),
            root: OnceLock::new(),
            witness_root: OnceLock::new(),
        }
    }

    /// The block.
    #[must_use]
    pub fn block(&self) -> &'a Block {
        self.block
    }

    /// The ids of the transactions, in their order.
    #[must_use]
    pub fn txids(&self) -> &[Txid] {
        self.txids.get_or_init(|| txids(&self.block.transactions))
    }

    /// The root that the header must have.
    #[must_use]
    pub fn root(&self) -> MerkleRoot {
        *self.root.get_or_init(|| {
            let leaves = self.txids().iter().map(|txid| txid.to_raw_hash().into());
            merkle_root(leaves.collect())
        })
    }

    /// The root of the transactions' ids with their witnesses, of which the coinbase's counts as zero (BIP 141).
    #[must_use]
    pub fn witness_root(&self) -> TxMerkleNode {
        *self
            .witness_root
            .get_or_init(|| witness_root(&self.block.transactions))
    }
}

impl Deref for HashedBlock<'_> {
    type Target = Block;

    fn deref(&self) -> &Block {
        self.block
    }
}

/// The ids of transactions. They are written down before they are hashed, which takes less time than hashing piece by
/// piece.
pub(super) fn txids(transactions: &[Transaction]) -> Vec<Txid> {
    let mut bytes = Vec::new();
    let txid = |transaction: &Transaction| {
        bytes.clear();
        encode_without_witnesses(transaction, &mut bytes);
        Txid::from_raw_hash(sha256d::Hash::hash(&bytes))
    };
    transactions.iter().map(txid).collect()
}

/// The root of the ids with witnesses of a block's transactions.
pub(super) fn witness_root(transactions: &[Transaction]) -> TxMerkleNode {
    let mut bytes = Vec::new();
    let leaf = |transaction: &Transaction| {
        bytes.clear();
        encode_transaction(transaction, &mut bytes).expect("there is memory for what is in memory");
        sha256d::Hash::hash(&bytes).into()
    };
    let witnesses = transactions.iter().skip(1).map(leaf);
    merkle_root(
        std::iter::once(TxMerkleNode::all_zeros())
            .chain(witnesses)
            .collect(),
    )
    .root
}

fn encode_without_witnesses(transaction: &Transaction, bytes: &mut Vec<u8>) {
    let written = transaction
        .version
        .consensus_encode(bytes)
        .and_then(|_| transaction.input.consensus_encode(bytes))
        .and_then(|_| transaction.output.consensus_encode(bytes))
        .and_then(|_| transaction.lock_time.consensus_encode(bytes));
    written.expect("there is memory for what is in memory");
}

#[cfg(test)]
mod tests {
    use bitcoin::Witness;

    use super::super::{WITNESS_RESERVED_VALUE, witness_commitment};
    use super::*;
    use crate::network::Network;
    use crate::params::Params;
    use crate::transaction::{output, transaction};

    #[test]
    fn hashes_are_those_of_bitcoin() {
        let mut block = Block::from(Params::new(Network::Regtest).genesis.block());
        for number in 1..6_u8 {
            let mut transaction = transaction();
            transaction.output.push(output(number.into()));
            if number % 2 == 0 {
                transaction.input[0].witness = Witness::from_slice(&[[number; 70]]);
            }
            block.transactions.push(transaction);
        }
        let theirs = bitcoin::Block {
            header: *block.header.pure(),
            txdata: block.transactions.clone(),
        };
        let hashed = HashedBlock::new(&block);
        let txids: Vec<_> = theirs.txdata.iter().map(Transaction::compute_txid).collect();
        assert_eq!(hashed.txids(), txids);
        assert_eq!(Some(hashed.root().root), theirs.compute_merkle_root());
        let witness_root = theirs.witness_root().unwrap();
        assert_eq!(hashed.witness_root().to_raw_hash(), witness_root.to_raw_hash());
        assert_eq!(
            witness_commitment(&block.transactions, &WITNESS_RESERVED_VALUE),
            bitcoin::Block::compute_witness_commitment(&witness_root, &WITNESS_RESERVED_VALUE)
                .to_byte_array()
        );
    }
}
