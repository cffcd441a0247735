//! The index of what there is to say of all coins after each block (`-coinstatsindex`).

mod record;

use std::path::Path;
use std::sync::Arc;

use bitcoin::OutPoint;
use consensus::Params;
use consensus::script::is_unspendable;
use consensus::subsidy::block_subsidy;
use consensus::transaction::Coin;
use redb::TableDefinition;

use super::store::{Change, Forks, IndexStore, Key, key};
use super::{BlockId, Index, IndexError, IndexedBlock};
use crate::database::{Contents, DatabaseError, Identity};
use crate::snapshot::{MuHash, bogo_size, hashed_bytes};

pub use record::{StatisticsRecord, Totals};

/// Records by their blocks.
const RECORDS: TableDefinition<'_, Key, &[u8]> = TableDefinition::new("records");

const VERSION: u32 = 1;

/// The index can go on after each of so many blocks that were taken in last …
const RECENT: u32 = 288;

/// … and after each block whose height is a multiple of this.
const SPACING: u32 = 1000;

/// What there is to say of all coins after each block that was ever in the chain while it was followed.
#[derive(Debug)]
pub struct StatisticsIndex {
    store: IndexStore,
    params: Arc<Params>,
}

impl StatisticsIndex {
    /// Opens the index in a directory, which is made if it is not there. Up to `cache_bytes` of the file are kept in
    /// memory.
    ///
    /// # Errors
    /// [`DatabaseError`] if that fails, or what is there is something else.
    pub fn open(
        directory: &Path,
        params: Arc<Params>,
        contents: Contents,
        cache_bytes: usize,
    ) -> Result<Self, DatabaseError> {
        let identity = Identity {
            kind: "statistics",
            version: VERSION,
            magic: params.magic,
        };
        let make_tables = |transaction: &redb::WriteTransaction| {
            transaction.open_table(RECORDS)?;
            Ok(())
        };
        let store = IndexStore::open(
            directory,
            &identity,
            Forks::Keep,
            contents,
            cache_bytes,
            make_tables,
        )?;
        Ok(Self { store, params })
    }

    /// What there is to say of all coins after a block, if it was taken in.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails, or what is there cannot be.
    pub fn record(&self, id: &BlockId) -> Result<Option<StatisticsRecord>, DatabaseError> {
        let record = self.store.database().read(|transaction| {
            let record = transaction.open_table(RECORDS)?.get(&key(id))?;
            Ok(record.map(|record| StatisticsRecord::parse(record.value())))
        })?;
        match record {
            None => Ok(None),
            Some(Some(record)) => Ok(Some(record)),
            Some(None) => Err(self.damaged(id)),
        }
    }

    /// What to go on from after the block before.
    fn before(&self, block: &IndexedBlock) -> Result<(StatisticsRecord, MuHash), DatabaseError> {
        let Some(height) = block.id.height.checked_sub(1) else {
            return Ok(Default::default());
        };
        let id = BlockId {
            height,
            hash: block.block.header.pure().prev_blockhash,
        };
        let record = self.record(&id)?.ok_or_else(|| self.damaged(&id))?;
        let point = self.store.point(&id)?.unwrap_or_default();
        let hash = point.first_chunk().ok_or_else(|| self.damaged(&id))?;
        Ok((record, MuHash::from_bytes(hash)))
    }

    fn damaged(&self, id: &BlockId) -> DatabaseError {
        let reason = format!("what it has of {id} is no record");
        self.store.database().damaged(reason)
    }

    /// Adds a block to what there is to say; the hash of the coins is told apart.
    fn add(
        &self,
        block: &IndexedBlock,
        record: &mut StatisticsRecord,
        hash: &mut MuHash,
    ) -> Result<(), IndexError> {
        let height = block.id.height;
        let subsidy = i128::from(block_subsidy(height, &self.params).to_sat());
        record.totals.subsidy += subsidy;
        if height == 0 {
            // What the genesis block creates can never be spent.
            record.totals.genesis += subsidy;
            return Ok(());
        }
        add_outputs(block, record, hash);
        take_inputs(block, record, hash)?;
        record.totals.unclaimed = record.totals.left();
        Ok(())
    }
}

impl Index for StatisticsIndex {
    fn name(&self) -> &'static str {
        "coinstatsindex"
    }

    fn store(&self) -> &IndexStore {
        &self.store
    }

    fn append(&self, blocks: &[IndexedBlock]) -> Result<(), IndexError> {
        let (Some(first), Some(last)) = (blocks.first(), blocks.last()) else {
            return Ok(());
        };
        let (mut record, mut hash) = self.before(first)?;
        let mut records = Vec::with_capacity(blocks.len());
        let mut hashes = Vec::with_capacity(blocks.len());
        for block in blocks {
            self.add(block, &mut record, &mut hash)?;
            records.push(record.clone());
            hashes.push(hash.clone());
        }
        for (record, hash) in records.iter_mut().zip(MuHash::digests(&hashes)) {
            record.hash = hash;
        }
        let recent = last.id.height.saturating_sub(RECENT);
        let write = |change: &mut Change<'_>| {
            let mut table = change.transaction().open_table(RECORDS)?;
            for ((block, record), hash) in blocks.iter().zip(&records).zip(&hashes) {
                table.insert(&key(&block.id), &record.to_bytes()[..])?;
                if block.id.height > recent || is_kept(block.id.height) {
                    change.add_point(&block.id, &hash.to_bytes())?;
                }
            }
            let first_old = first.id.height.saturating_sub(RECENT);
            change.forget_points(first_old..recent + 1, is_kept)
        };
        Ok(self.store.advance(&last.id, write)?)
    }
}

fn is_kept(height: u32) -> bool {
    height.is_multiple_of(SPACING)
}

fn add_outputs(block: &IndexedBlock, record: &mut StatisticsRecord, hash: &mut MuHash) {
    for transaction in &block.block.transactions {
        let txid = transaction.compute_txid();
        let is_coinbase = transaction.is_coinbase();
        for (vout, output) in (0..).zip(&transaction.output) {
            let value = i128::from(output.value.to_sat());
            if is_unspendable(&output.script_pubkey) {
                record.totals.scripts += value;
                continue;
            }
            let coin = Coin::new(output.clone(), block.id.height, is_coinbase);
            hash.insert(&hashed_bytes(&OutPoint { txid, vout }, &coin));
            if is_coinbase {
                record.totals.coinbase += value;
            } else {
                record.totals.new_outputs += value;
            }
            record.coins += 1;
            record.bogo_size += bogo_size(&coin);
            record.amount += output.value.to_sat();
        }
    }
}

fn take_inputs(
    block: &IndexedBlock,
    record: &mut StatisticsRecord,
    hash: &mut MuHash,
) -> Result<(), IndexError> {
    let wrong = || IndexError::Undo(block.id);
    let spending = block.block.transactions.get(1..).unwrap_or_default();
    if spending.len() != block.undo.transactions.len() {
        return Err(wrong());
    }
    for (transaction, undo) in spending.iter().zip(&block.undo.transactions) {
        if transaction.input.len() != undo.coins.len() {
            return Err(wrong());
        }
        for (input, coin) in transaction.input.iter().zip(&undo.coins) {
            hash.remove(&hashed_bytes(&input.previous_output, coin));
            let value = coin.output.value.to_sat();
            record.totals.spent += i128::from(value);
            record.coins = record.coins.checked_sub(1).ok_or_else(wrong)?;
            record.bogo_size = record.bogo_size.checked_sub(bogo_size(coin)).ok_or_else(wrong)?;
            record.amount = record.amount.checked_sub(value).ok_or_else(wrong)?;
        }
    }
    Ok(())
}
