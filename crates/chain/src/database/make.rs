//! Making a store.

use std::io;
use std::path::Path;

use fs_err as fs;
use redb::backends::FileBackend;
use redb::{StorageBackend, WriteTransaction};

use super::sealed::Sealed;
use super::{DatabaseError, IDENTITY, Identity, KIND, MAGIC, VERSION, at, remove_if_there, write};

/// Makes a store beside its place and puts it there when it is whole, so that no half of one is ever found.
pub(super) fn make(
    path: &Path,
    identity: &Identity,
    make_tables: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), DatabaseError> {
    let new = path.with_extension("new");
    remove_if_there(&new)?;
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&new)?;
    let backend = file.file().try_clone()?;
    fill(backend, identity, make_tables).map_err(|error| at(&new, error))?;
    file.sync_all()?;
    Ok(fs::rename(&new, path)?)
}

fn fill(
    file: std::fs::File,
    identity: &Identity,
    make_tables: impl FnOnce(&WriteTransaction) -> Result<(), redb::Error>,
) -> Result<(), redb::Error> {
    let sealed = Sealed::new(Hasty(FileBackend::new(file)?))?;
    let sealed = sealed.expect("an empty file is no store without seals");
    let store = redb::Builder::new().create_with_backend(sealed)?;
    write(&store, |transaction| {
        let mut table = transaction.open_table(IDENTITY)?;
        table.insert(KIND, identity.kind.as_bytes())?;
        table.insert(VERSION, &identity.version.to_le_bytes()[..])?;
        table.insert(MAGIC, &identity.magic[..])?;
        make_tables(transaction)
    })?;
    Ok(store.close()?)
}

/// A file that need not be on the disk before it is whole. A disk takes its time for each of the steps in between, and the
/// first start of a node would wait for all of them.
#[derive(Debug)]
struct Hasty(FileBackend);

impl StorageBackend for Hasty {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.set_len(length)
    }

    fn sync_data(&self) -> io::Result<()> {
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }
}
