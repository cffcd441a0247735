//! The table of coins, as it was written last.

use std::sync::{PoisonError, RwLock, RwLockWriteGuard};

use redb::{ReadOnlyTable, TableDefinition};

use crate::database::{Database, DatabaseError};

/// Coins by transaction and output.
pub(super) const COINS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("coins");

type Table = ReadOnlyTable<&'static [u8], &'static [u8]>;

/// The table, so that it need not be looked for with each coin. What is written over stays on the disk meanwhile: whoever
/// writes takes it away first, and keeps others from it until that is done.
///
/// It must be gone when the store is closed.
#[derive(Debug, Default)]
pub(super) struct LatestTable(RwLock<Option<Table>>);

impl LatestTable {
    /// What the bytes under a key come to, if there are any.
    pub(super) fn look_up<T>(
        &self,
        database: &Database,
        key: &[u8],
        read: impl Fn(&[u8]) -> T,
    ) -> Result<Option<T>, DatabaseError> {
        let look_up = |table: &Table| {
            database.guarded(|| {
                let value = table.get(key)?;
                Ok(value.map(|value| read(value.value())))
            })
        };
        if let Some(table) = &*self.0.read().unwrap_or_else(PoisonError::into_inner) {
            return look_up(table);
        }
        let mut latest = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let table = database.read(|transaction| Ok(transaction.open_table(COINS)?))?;
        look_up(latest.insert(table))
    }

    /// Takes the table away. Nobody looks anything up while the guard lives.
    pub(super) fn lock(&self) -> RwLockWriteGuard<'_, Option<Table>> {
        let mut latest = self.0.write().unwrap_or_else(PoisonError::into_inner);
        *latest = None;
        latest
    }
}
