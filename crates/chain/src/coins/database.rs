//! The store of coins.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, OutPoint, Txid};
use consensus::compact::{read_number, write_number};
use consensus::nevm::NevmHash;
use consensus::transaction::Coin;
use redb::{ReadOnlyTable, ReadTransaction, TableDefinition, WriteTransaction};

use super::nevm::{Committed, NevmLayer};
use super::table::{COINS, LatestTable};
use crate::coin::{parse_coin, write_coin};
use crate::database::{self, Contents, Database, DatabaseError, Identity};

/// The block up to which the coins are, under [`BEST_BLOCK`].
const STATE: TableDefinition<'_, &str, [u8; 32]> = TableDefinition::new("state");
const BEST_BLOCK: &str = "best block";
/// The block of the snapshot that the coins were taken from, in the same table.
const SNAPSHOT_BASE: &str = "snapshot base";

/// What a block of the NEVM holds, and the height of the block that commits to it, by the NEVM's block.
const COMMITTED: TableDefinition<'_, [u8; 32], [u8; 68]> = TableDefinition::new("nevm blocks");
/// The transactions of the NEVM that made tokens.
const MINTED: TableDefinition<'_, [u8; 32], ()> = TableDefinition::new("minted");

/// Up to version 1 coins had no tokens, up to version 2 nothing was known of the NEVM.
const VERSION: u32 = 3;

const KIND: &str = "coins";

/// The coins on disk, and the block up to which they are. Both change together or not at all.
#[derive(Debug)]
pub struct CoinsDatabase {
    table: LatestTable,
    /// After the table, which is of it.
    database: Arc<Database>,
}

impl CoinsDatabase {
    /// Where the store is in its directory.
    pub(crate) fn file(directory: &Path) -> PathBuf {
        database::file(directory, KIND)
    }

    /// Opens the store in a directory, which is made if it is not there. `magic` are the bytes that the chain's messages
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
            kind: KIND,
            version: VERSION,
            magic,
        };
        let make_tables = |transaction: &WriteTransaction| {
            transaction.open_table(COINS)?;
            transaction.open_table(STATE)?;
            transaction.open_table(COMMITTED)?;
            transaction.open_table(MINTED)?;
            Ok(())
        };
        let database = Database::open(directory, &identity, contents, cache_bytes, make_tables)?;
        Ok(Self {
            table: LatestTable::default(),
            database: Arc::new(database),
        })
    }

    /// A coin, if it is there.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails, or what is there is no coin.
    pub fn get(&self, outpoint: &OutPoint) -> Result<Option<Coin>, DatabaseError> {
        let coin = self.look_up(outpoint, parse_coin)?;
        coin.transpose()
            .map_err(|error| self.database.damaged(error.to_string()))
    }

    /// Whether a coin is there.
    pub(super) fn has(&self, outpoint: &OutPoint) -> Result<bool, DatabaseError> {
        Ok(self.look_up(outpoint, |_bytes| ())?.is_some())
    }

    /// What the bytes of a coin come to, if it is there.
    fn look_up<T>(&self, outpoint: &OutPoint, read: impl Fn(&[u8]) -> T) -> Result<Option<T>, DatabaseError> {
        self.table.look_up(&self.database, &key(outpoint)[..], read)
    }

    /// The first coin of a transaction that `is_wanted`, by the short form of the output's number.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails, or what is there is no coin.
    pub(super) fn find_of(
        &self,
        txid: &Txid,
        is_wanted: impl Fn(&OutPoint) -> bool,
    ) -> Result<Option<Coin>, DatabaseError> {
        let of_transaction = txid.as_byte_array();
        let mut coins = self
            .database
            .read(|transaction| Ok(transaction.open_table(COINS)?.range(&of_transaction[..]..)?))?;
        while let Some((key, value)) = self.database.guarded(|| Ok(coins.next().transpose()?))? {
            if !key.value().starts_with(of_transaction) {
                break;
            }
            let outpoint =
                parse_key(key.value()).ok_or_else(|| self.database.damaged("a key is no outpoint"))?;
            if is_wanted(&outpoint) {
                let coin = parse_coin(value.value());
                return coin
                    .map(Some)
                    .map_err(|error| self.database.damaged(error.to_string()));
            }
        }
        Ok(None)
    }

    /// The block up to which the coins are; none if nothing was ever written.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn best_block(&self) -> Result<Option<BlockHash>, DatabaseError> {
        self.database.read(|transaction| state(transaction, BEST_BLOCK))
    }

    /// Writes and removes coins, and says up to which block they are then, if that is another. All of it is done or
    /// nothing.
    ///
    /// Changes in the order of their outpoints are written fastest.
    ///
    /// # Errors
    /// [`DatabaseError`] if writing fails.
    pub fn write<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a OutPoint, Option<&'a Coin>)>,
        best_block: Option<BlockHash>,
    ) -> Result<(), DatabaseError> {
        self.write_all(changes, &NevmLayer::default(), best_block)
    }

    /// As [`write`](Self::write), with what is new of the NEVM.
    pub(super) fn write_all<'a>(
        &self,
        changes: impl IntoIterator<Item = (&'a OutPoint, Option<&'a Coin>)>,
        nevm: &NevmLayer,
        best_block: Option<BlockHash>,
    ) -> Result<(), DatabaseError> {
        let _lock = self.table.lock();
        self.database.write(|transaction| {
            write_nevm(transaction, nevm)?;
            let mut coins = transaction.open_table(COINS)?;
            let mut value = Vec::new();
            for (outpoint, coin) in changes {
                let key = key(outpoint);
                if let Some(coin) = coin {
                    value.clear();
                    write_coin(coin, &mut value);
                    coins.insert(&key[..], &value[..])?;
                } else {
                    coins.remove(&key[..])?;
                }
            }
            if let Some(best_block) = best_block {
                let mut state = transaction.open_table(STATE)?;
                state.insert(BEST_BLOCK, best_block.to_byte_array())?;
            }
            Ok(())
        })
    }

    /// What is committed to of a block of the NEVM.
    pub(super) fn committed(&self, block: &NevmHash) -> Result<Option<Committed>, DatabaseError> {
        self.database.read(|transaction| {
            let committed = transaction.open_table(COMMITTED)?.get(block.0)?;
            Ok(committed.map(|committed| Committed::from_bytes(&committed.value())))
        })
    }

    /// Whether a transaction of the NEVM made tokens.
    pub(super) fn is_minted(&self, transaction: &NevmHash) -> Result<bool, DatabaseError> {
        self.database
            .read(|read| Ok(read.open_table(MINTED)?.get(transaction.0)?.is_some()))
    }

    /// The block of the snapshot that the coins were taken from, once all of them were.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn snapshot_base(&self) -> Result<Option<BlockHash>, DatabaseError> {
        self.database
            .read(|transaction| state(transaction, SNAPSHOT_BASE))
    }

    /// Says that the coins are all those of a snapshot, which is of this block.
    ///
    /// # Errors
    /// [`DatabaseError`] if writing fails.
    pub fn finish_snapshot(&self, base: BlockHash) -> Result<(), DatabaseError> {
        let _written = self.table.lock();
        self.database.write(|transaction| {
            let mut state = transaction.open_table(STATE)?;
            state.insert(BEST_BLOCK, base.to_byte_array())?;
            state.insert(SNAPSHOT_BASE, base.to_byte_array())?;
            Ok(())
        })
    }

    /// All coins as they are now, whatever is written later. What is replaced meanwhile stays on the disk, and the store
    /// open, for as long as this is kept.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn snapshot(&self) -> Result<CoinsSnapshot, DatabaseError> {
        let (coins, best_block) = self.database.read(|transaction| {
            let coins = transaction.open_table(COINS)?;
            Ok((coins, state(transaction, BEST_BLOCK)?))
        })?;
        Ok(CoinsSnapshot {
            database: Arc::clone(&self.database),
            coins,
            best_block,
        })
    }

    /// The size of the store, in bytes on the disk.
    ///
    /// # Errors
    /// [`DatabaseError`] if it cannot be found out.
    pub fn size(&self) -> Result<u64, DatabaseError> {
        self.database.size()
    }
}

/// All coins at one moment.
pub struct CoinsSnapshot {
    database: Arc<Database>,
    coins: ReadOnlyTable<&'static [u8], &'static [u8]>,
    best_block: Option<BlockHash>,
}

impl CoinsSnapshot {
    /// The block up to which the coins are.
    #[must_use]
    pub fn best_block(&self) -> Option<BlockHash> {
        self.best_block
    }

    /// How many bytes of the store the coins take, with what finds them; the room that it keeps free does not count.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn size(&self) -> Result<u64, DatabaseError> {
        use redb::ReadableTableMetadata as _;
        let statistics = self.database.guarded(|| Ok(self.coins.stats()?))?;
        Ok(statistics.stored_bytes() + statistics.metadata_bytes() + statistics.fragmented_bytes())
    }

    /// How many coins there are.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails.
    pub fn count(&self) -> Result<u64, DatabaseError> {
        use redb::ReadableTableMetadata as _;
        self.database.guarded(|| Ok(self.coins.len()?))
    }

    /// The coins, by the bytes of their transactions and then of upstream's short form of the output's number. Up to
    /// 16,511 that is the number's own order.
    ///
    /// # Errors
    /// [`DatabaseError`] if reading fails; so may be each of the coins.
    pub fn iter(
        &self,
    ) -> Result<impl Iterator<Item = Result<(OutPoint, Coin), DatabaseError>> + '_, DatabaseError> {
        let mut range = self.database.guarded(|| Ok(self.coins.range::<&[u8]>(..)?))?;
        let entries = std::iter::from_fn(move || {
            self.database
                .guarded(|| Ok(range.next().transpose()?))
                .transpose()
        });
        Ok(entries.map(|entry| {
            let (key, value) = entry?;
            let outpoint =
                parse_key(key.value()).ok_or_else(|| self.database.damaged("a key is no outpoint"))?;
            let coin = parse_coin(value.value()).map_err(|error| self.database.damaged(error.to_string()))?;
            Ok((outpoint, coin))
        }))
    }
}

fn write_nevm(transaction: &WriteTransaction, nevm: &NevmLayer) -> Result<(), redb::Error> {
    if nevm.is_empty() {
        return Ok(());
    }
    let mut blocks = transaction.open_table(COMMITTED)?;
    for (block, committed) in nevm.all_committed() {
        match committed {
            Some(committed) => _ = blocks.insert(block.0, committed.to_bytes())?,
            None => _ = blocks.remove(block.0)?,
        }
    }
    let mut minted = transaction.open_table(MINTED)?;
    for (hash, is_minted) in nevm.all_minted() {
        match is_minted {
            true => _ = minted.insert(hash.0, ())?,
            false => _ = minted.remove(hash.0)?,
        }
    }
    Ok(())
}

fn state(transaction: &ReadTransaction, key: &str) -> Result<Option<BlockHash>, redb::Error> {
    let hash = transaction.open_table(STATE)?.get(key)?;
    Ok(hash.map(|hash| BlockHash::from_byte_array(hash.value())))
}

fn key(outpoint: &OutPoint) -> Vec<u8> {
    let mut key = Vec::with_capacity(37);
    key.extend_from_slice(outpoint.txid.as_byte_array());
    write_number(outpoint.vout.into(), &mut key);
    key
}

fn parse_key(key: &[u8]) -> Option<OutPoint> {
    let (txid, mut rest) = key.split_first_chunk()?;
    let vout = u32::try_from(read_number(&mut rest)?).ok()?;
    rest.is_empty().then_some(OutPoint {
        txid: Txid::from_byte_array(*txid),
        vout,
    })
}

#[cfg(test)]
mod tests {
    use bitcoin::{Amount, ScriptBuf, TxOut};
    use tempfile::TempDir;

    use super::*;

    const MAGIC: [u8; 4] = [1, 2, 3, 4];

    fn open(directory: &TempDir) -> CoinsDatabase {
        CoinsDatabase::open(directory.path(), MAGIC, Contents::Keep, 1 << 20).unwrap()
    }

    fn coin(height: u32) -> Coin {
        Coin::new(
            TxOut {
                value: Amount::from_sat(7),
                script_pubkey: ScriptBuf::new(),
            },
            height,
            false,
        )
    }

    fn outpoint(first: u8, vout: u32) -> OutPoint {
        let mut txid = [9; 32];
        txid[0] = first;
        OutPoint {
            txid: Txid::from_byte_array(txid),
            vout,
        }
    }

    fn all(database: &CoinsDatabase) -> Vec<(OutPoint, Coin)> {
        let snapshot = database.snapshot().unwrap();
        let coins: Vec<_> = snapshot.iter().unwrap().map(Result::unwrap).collect();
        assert_eq!(snapshot.count().unwrap(), coins.len() as u64);
        coins
    }

    #[test]
    fn what_is_written_is_there_when_the_store_is_opened_again() {
        let directory = TempDir::new().unwrap();
        let block = |byte| Some(BlockHash::from_byte_array([byte; 32]));
        {
            let database = open(&directory);
            assert_eq!(database.best_block().unwrap(), None);
            let (a, b) = (coin(1), coin(2));
            let changes = [(&outpoint(1, 0), Some(&a)), (&outpoint(1, 1), Some(&b))];
            database.write(changes, block(1)).unwrap();
            let before = database.snapshot().unwrap();
            database.write([(&outpoint(1, 0), None)], block(2)).unwrap();
            assert_eq!(before.iter().unwrap().count(), 2);
            assert_eq!(before.best_block(), block(1));
        }
        let database = open(&directory);
        assert_eq!(database.best_block().unwrap(), block(2));
        assert_eq!(database.get(&outpoint(1, 0)).unwrap(), None);
        assert_eq!(database.get(&outpoint(1, 1)).unwrap(), Some(coin(2)));
        assert_eq!(all(&database), [(outpoint(1, 1), coin(2))]);
        assert!(database.size().unwrap() > 0);
        drop(database);
        let wiped = CoinsDatabase::open(directory.path(), MAGIC, Contents::Wipe, 0).unwrap();
        assert_eq!((wiped.best_block().unwrap(), all(&wiped).len()), (None, 0));
    }

    #[test]
    fn coins_come_in_the_order_of_upstreams_keys() {
        let directory = TempDir::new().unwrap();
        let database = open(&directory);
        let order = [
            (1, 0),
            (1, 127),
            (1, 128),
            (1, 16_512),
            (1, 16_511),
            (2, 0),
            (0xff, 3),
        ];
        let outpoints = order.map(|(first, vout)| outpoint(first, vout));
        let coin = coin(5);
        let changes = outpoints.iter().rev().map(|outpoint| (outpoint, Some(&coin)));
        database.write(changes, None).unwrap();
        let found: Vec<_> = all(&database)
            .into_iter()
            .map(|(outpoint, _coin)| outpoint)
            .collect();
        assert_eq!(found, outpoints);
    }

    #[test]
    fn what_is_no_coin_is_told_as_damage() {
        let directory = TempDir::new().unwrap();
        let database = open(&directory);
        let write = |key: &[u8], value: &[u8]| {
            let insert = |transaction: &WriteTransaction| {
                transaction.open_table(COINS)?.insert(key, value)?;
                Ok(())
            };
            database.database.write(insert).unwrap();
        };
        write(&key(&outpoint(1, 0)), &[0, 0, 6, 0, 0]);
        let error = database.get(&outpoint(1, 0)).unwrap_err().to_string();
        assert!(
            error.ends_with("coins.redb is damaged: a coin is followed by 1 bytes"),
            "{error}"
        );
        write(&[0; 32], &[0, 0, 6, 0]);
        let snapshot = database.snapshot().unwrap();
        let error = snapshot.iter().unwrap().next().unwrap().unwrap_err().to_string();
        assert!(error.ends_with("a key is no outpoint"), "{error}");
    }
}
