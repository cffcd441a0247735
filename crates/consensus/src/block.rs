//! Blocks: their bytes, and what makes one valid.
//!
//! Scripts, and the coins that a block spends, are not looked at here.

mod blob;
mod check;
mod context;
mod error;
mod hashed;
mod merkle;
mod quorum;
mod reward;
mod signet;
mod witness;

use bitcoin::Transaction;
use bitcoin::consensus::encode::{self, Decodable, Encodable, VarInt};
use bitcoin::io::{self, Read, Write};

pub use blob::check_blob_data;
pub use check::{BlockChecks, check_block};
pub use context::{BlockContext, check_block_in_chain};
pub use error::BlockError;
pub use hashed::HashedBlock;
pub use merkle::{MerkleRoot, merkle_branch, merkle_root, transactions_root};
pub use quorum::{QuorumError, is_commitment_height, null_commitment, session_height};
pub use reward::{check_coinbase_value, is_superblock_height};
pub use witness::{WITNESS_RESERVED_VALUE, commitment_script, witness_commitment, witness_commitment_index};

use crate::header::BlockHeader;
use crate::limits::WITNESS_SCALE_FACTOR;
use crate::transaction::{decode_transaction, encode_transaction};
use crate::version;

/// A block.
///
/// Its bytes are those of the header, of the transactions, and of the NEVM data if bit 7 of the version says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    /// The header, with the work of another chain where the block was mined with one.
    pub header: BlockHeader,
    /// The transactions, the coinbase first.
    pub transactions: Vec<Transaction>,
    /// What the NEVM is given; written only if the version says that it is there. The block's hash does not cover it.
    pub nevm_data: Vec<u8>,
}

impl Block {
    /// The size in bytes without witnesses and NEVM data.
    #[must_use]
    pub fn base_size(&self) -> u64 {
        self.size_with(Transaction::base_size)
    }

    /// The size in bytes without NEVM data.
    #[must_use]
    pub fn total_size(&self) -> u64 {
        self.size_with(Transaction::total_size)
    }

    /// The weight (BIP 141), to which the work of another chain counts and NEVM data does not.
    #[must_use]
    pub fn weight(&self) -> u64 {
        self.base_size() * (WITNESS_SCALE_FACTOR - 1) + self.total_size()
    }

    fn size_with(&self, transaction_size: fn(&Transaction) -> usize) -> u64 {
        let header = encode::serialize(&self.header).len();
        let count = VarInt::from(self.transactions.len()).size();
        let transactions: usize = self.transactions.iter().map(transaction_size).sum();
        (header + count + transactions) as u64
    }
}

impl From<bitcoin::Block> for Block {
    /// A block as Bitcoin's, such as a genesis block.
    ///
    /// # Panics
    /// If the version says that the block is merge-mined.
    fn from(block: bitcoin::Block) -> Self {
        let header = BlockHeader::new(block.header, None).expect("blocks as Bitcoin's are not merge-mined");
        Self {
            header,
            transactions: block.txdata,
            nevm_data: Vec::new(),
        }
    }
}

impl Encodable for Block {
    fn consensus_encode<W: Write + ?Sized>(&self, writer: &mut W) -> Result<usize, io::Error> {
        let mut length = self.header.consensus_encode(writer)?;
        length += VarInt::from(self.transactions.len()).consensus_encode(writer)?;
        for transaction in &self.transactions {
            length += encode_transaction(transaction, writer)?;
        }
        if version::is_nevm(self.header.pure().version) {
            length += self.nevm_data.consensus_encode(writer)?;
        }
        Ok(length)
    }
}

impl Decodable for Block {
    fn consensus_decode_from_finite_reader<R: Read + ?Sized>(reader: &mut R) -> Result<Self, encode::Error> {
        let header = BlockHeader::consensus_decode_from_finite_reader(reader)?;
        let count = VarInt::consensus_decode(reader)?.0;
        let transactions = (0..count)
            .map(|_place| decode_transaction(reader))
            .collect::<Result<_, _>>()?;
        let nevm_data = if version::is_nevm(header.pure().version) {
            Vec::consensus_decode_from_finite_reader(reader)?
        } else {
            Vec::new()
        };
        Ok(Self {
            header,
            transactions,
            nevm_data,
        })
    }
}
