//! The index of transactions (`-txindex`): where each is.

use std::path::Path;

use bitcoin::consensus::encode::{Decodable, VarInt, serialize};
use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, Transaction, Txid};
use consensus::header::BlockHeader;
use consensus::transaction::decode_transaction;
use redb::TableDefinition;

use super::store::{Change, Forks, IndexStore};
use super::{Index, IndexError, IndexedBlock};
use crate::FilePosition;
use crate::database::{Contents, DatabaseError, Identity};
use crate::files::{BlockFiles, FilesError};
use crate::manager::ChainError;

/// Where transactions are, by their ids.
const TRANSACTIONS: TableDefinition<'_, [u8; 32], (u32, u32, u32)> = TableDefinition::new("transactions");

const VERSION: u32 = 1;

/// Where all transactions are but those of the genesis block, which create no coins.
#[derive(Debug)]
pub struct TransactionIndex {
    store: IndexStore,
}

/// Where a transaction is.
#[derive(Debug, Clone, Copy)]
struct Place {
    block: FilePosition,
    /// Where it begins in the block's bytes.
    offset: u32,
}

impl TransactionIndex {
    /// Opens the index in a directory, which is made if it is not there. `magic` are the bytes that the chain's messages
    /// begin with; up to `cache_bytes` of the file are kept in memory.
    ///
    /// # Errors
    /// [`DatabaseError`] if that fails, or what is there is something else.
    pub fn open(
        directory: &Path,
        magic: [u8; 4],
        contents: Contents,
        cache_bytes: usize,
    ) -> Result<Self, DatabaseError> {
        let identity = Identity {
            kind: "transactions",
            version: VERSION,
            magic,
        };
        let make_tables = |transaction: &redb::WriteTransaction| {
            transaction.open_table(TRANSACTIONS)?;
            Ok(())
        };
        let store = IndexStore::open(
            directory,
            &identity,
            Forks::Forget,
            contents,
            cache_bytes,
            make_tables,
        )?;
        Ok(Self { store })
    }

    /// A transaction and the hash of the block that it is in, if it was ever in the chain and is there still. Whether
    /// that block is in the chain now is the caller's to look up.
    ///
    /// # Errors
    /// [`IndexError`] if the store or the block cannot be read.
    pub fn find(
        &self,
        txid: &Txid,
        files: &BlockFiles,
    ) -> Result<Option<(BlockHash, Transaction)>, IndexError> {
        let Some(place) = self.place(txid)? else {
            return Ok(None);
        };
        let bytes = match files.read_block_bytes(place.block) {
            Ok(bytes) => bytes,
            Err(FilesError::Nothing(_)) => return Ok(None),
            Err(error) => return Err(ChainError::from(error).into()),
        };
        let block = |source| IndexError::Block {
            position: place.block,
            source,
        };
        let header = BlockHeader::consensus_decode(&mut &bytes[..]).map_err(block)?;
        // A block that was lost in a crash can have left its place to another.
        let transaction = bytes
            .get(place.offset as usize..)
            .and_then(|mut bytes| decode_transaction(&mut bytes).ok())
            .filter(|transaction| transaction.compute_txid() == *txid);
        Ok(transaction.map(|transaction| (header.block_hash(), transaction)))
    }

    fn place(&self, txid: &Txid) -> Result<Option<Place>, DatabaseError> {
        self.store.database().read(|transaction| {
            let place = transaction.open_table(TRANSACTIONS)?.get(txid.as_byte_array())?;
            Ok(place.map(|place| {
                let (file, block, offset) = place.value();
                Place {
                    block: FilePosition { file, offset: block },
                    offset,
                }
            }))
        })
    }
}

impl Index for TransactionIndex {
    fn name(&self) -> &'static str {
        "txindex"
    }

    fn store(&self) -> &IndexStore {
        &self.store
    }

    fn append(&self, blocks: &[IndexedBlock]) -> Result<(), IndexError> {
        let Some(last) = blocks.last() else { return Ok(()) };
        let indexed = blocks.iter().filter(|block| block.id.height > 0);
        let mut places: Vec<_> = indexed.flat_map(places).collect();
        // In this order they are written fastest.
        places.sort_unstable_by_key(|(txid, _place)| txid.to_byte_array());
        let write = |change: &mut Change<'_>| {
            let mut transactions = change.transaction().open_table(TRANSACTIONS)?;
            for (txid, Place { block, offset }) in &places {
                transactions.insert(txid.as_byte_array(), (block.file, block.offset, *offset))?;
            }
            for block in blocks {
                change.add_point(&block.id, &[])?;
            }
            Ok(())
        };
        Ok(self.store.advance(&last.id, write)?)
    }
}

/// Where the transactions of a block are.
fn places(block: &IndexedBlock) -> impl Iterator<Item = (Txid, Place)> {
    let count = VarInt::from(block.block.transactions.len()).size();
    let mut offset = serialize(&block.block.header).len() + count;
    block.block.transactions.iter().map(move |transaction| {
        let place = Place {
            block: block.position,
            offset: u32::try_from(offset).expect("a block's length fits into four bytes"),
        };
        offset += transaction.total_size();
        (transaction.compute_txid(), place)
    })
}
