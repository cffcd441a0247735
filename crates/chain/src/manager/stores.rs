//! The directories of coins: the one of the chain from the genesis block on, and the one of a chain that went on from a
//! snapshot, which takes the other's place when it is validated.
//!
//! Whenever the process ends, the next one finds two directories, or the one that is left.

use std::path::{Path, PathBuf};

use bitcoin::BlockHash;
use consensus::params::Params;
use fs_err as fs;

use super::ChainError;
use super::open::STORE_CACHE;
use crate::coins::CoinsDatabase;
use crate::database::{Contents, DatabaseError, sync_directory};
use crate::snapshot::{CoinsHash, HashKind, statistics};

/// The stores of coins.
pub(super) struct Stores {
    /// Of the chain all of whose blocks were checked.
    pub(super) validated: CoinsDatabase,
    /// Of the chain that went on from a snapshot of this block, and is the active one.
    pub(super) snapshot: Option<(BlockHash, CoinsDatabase)>,
}

impl Stores {
    /// Opens the stores in a directory and, if there is a snapshot's, beside it. What was left unfinished is finished, or
    /// removed where it cannot be.
    pub(super) fn open(directory: &Path, params: &Params, contents: Contents) -> Result<Self, ChainError> {
        let places = Places::of(directory);
        places.finish_swap().map_err(DatabaseError::File)?;
        if contents == Contents::Wipe && places.snapshot.exists() {
            tracing::info!("[snapshot] deleting snapshot chainstate due to reindexing");
            places.remove_snapshot().map_err(DatabaseError::File)?;
        }
        let open =
            |directory: &Path, contents| CoinsDatabase::open(directory, params.magic, contents, STORE_CACHE);
        let mut stores = Self {
            validated: open(&places.validated, contents)?,
            snapshot: None,
        };
        if !places.snapshot.exists() {
            return Ok(stores);
        }
        let snapshot = open(&places.snapshot, Contents::Keep)?;
        let Some(base) = snapshot.snapshot_base()? else {
            tracing::info!("[snapshot] a snapshot was not loaded to its end: what is there of it is removed");
            drop(snapshot);
            places.remove_snapshot().map_err(DatabaseError::File)?;
            return Ok(stores);
        };
        let assumed = params.assumed_coins_of(&base);
        let assumed = assumed.ok_or(ChainError::UnknownSnapshot(base))?;
        // Other coins are found out when the chain is opened, and make an end of the snapshot.
        if stores.validated.best_block()? == Some(base) && hash(&stores.validated)? == CoinsHash(assumed.hash)
        {
            tracing::info!("[snapshot] the snapshot is validated: its coins take the place of the others");
            drop((snapshot, stores.validated));
            places.swap().map_err(DatabaseError::File)?;
            stores.validated = open(&places.validated, Contents::Keep)?;
        } else {
            stores.snapshot = Some((base, snapshot));
        }
        Ok(stores)
    }
}

fn hash(store: &CoinsDatabase) -> Result<CoinsHash, DatabaseError> {
    tracing::info!(
        "[snapshot] computing UTXO stats for background chainstate to validate snapshot - this could take a few minutes"
    );
    let coins = store.snapshot()?;
    let found = statistics(coins.iter()?, HashKind::Serialized)?;
    Ok(found.hash.expect("it was asked for"))
}

/// Where the stores are.
#[derive(Debug)]
pub(super) struct Places {
    validated: PathBuf,
    pub(super) snapshot: PathBuf,
    /// Where a snapshot's coins go that are wrong.
    invalid: PathBuf,
    /// Where coins go whose place others take.
    replaced: PathBuf,
}

impl Places {
    pub(super) fn of(directory: &Path) -> Self {
        let beside = |ending: &str| {
            let mut name = directory.file_name().unwrap_or_default().to_owned();
            name.push(ending);
            directory.with_file_name(name)
        };
        Self {
            validated: directory.to_owned(),
            snapshot: beside("_snapshot"),
            invalid: beside("_snapshot_INVALID"),
            replaced: beside("_todelete"),
        }
    }

    pub(super) fn remove_snapshot(&self) -> std::io::Result<()> {
        remove(&self.snapshot)
    }

    /// Puts a snapshot's coins where they are not taken up again.
    pub(super) fn set_snapshot_aside(&self) -> std::io::Result<()> {
        if !self.snapshot.exists() {
            return Ok(());
        }
        remove(&self.invalid)?;
        fs::rename(&self.snapshot, &self.invalid)?;
        self.sync()
    }

    /// Puts a snapshot's coins in the place of the others. Neither store may be open.
    fn swap(&self) -> std::io::Result<()> {
        remove(&self.replaced)?;
        fs::rename(&self.validated, &self.replaced)?;
        self.sync()?;
        self.finish_swap()
    }

    /// Goes on with a swap that was cut off at any place.
    fn finish_swap(&self) -> std::io::Result<()> {
        if !self.replaced.exists() {
            return Ok(());
        }
        if !self.validated.exists() {
            let from = match self.snapshot.exists() {
                true => &self.snapshot,
                false => &self.replaced,
            };
            fs::rename(from, &self.validated)?;
            self.sync()?;
        }
        remove(&self.replaced)
    }

    fn sync(&self) -> std::io::Result<()> {
        self.validated.parent().map_or(Ok(()), sync_directory)
    }
}

fn remove(directory: &Path) -> std::io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}
