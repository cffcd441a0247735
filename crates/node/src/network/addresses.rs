//! The nodes that the node remembers, in `peers.dat` from one run to the next.

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use addrman::{AddressManager, PeersError};
use fs_err as fs;

use crate::replace::replace;
use crate::rpc_server::BUG_REPORT;

/// An address manager with its file.
#[derive(Debug)]
pub(crate) struct Addresses {
    manager: Mutex<AddressManager>,
    file: PathBuf,
    magic: [u8; 4],
}

/// The file cannot be used. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AddressesError {
    #[error(
        "Invalid or corrupt peers.dat ({0}). If you believe this is a bug, please report it to {BUG_REPORT}. As a \
         workaround, you can move the file (\"{1}\") out of the way (rename, move, or delete) to have a new one created on \
         the next start."
    )]
    Corrupt(PeersError, String),
    #[error("Failed to rename invalid peers.dat file. Please move or delete it and try again.")]
    Rename,
    #[error("peers.dat cannot be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("there are no random numbers: {0}")]
    Random(String),
}

impl Addresses {
    /// What the file has, for a chain of this magic. One that is missing, or whose format is of a later version, is made
    /// anew.
    pub(crate) fn open(file: PathBuf, magic: [u8; 4]) -> Result<Self, AddressesError> {
        let shown = file.display().to_string();
        let empty = || AddressManager::new().map_err(|error| AddressesError::Random(error.to_string()));
        let bytes = match fs::read(&file) {
            Ok(bytes) => Some(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        let (manager, is_new) = match bytes.map(|bytes| addrman::read(&bytes, magic)) {
            Some(Ok(manager)) => (manager, false),
            None => {
                tracing::info!("Creating peers.dat because the file was not found (\"{shown}\")");
                (empty()?, true)
            }
            Some(Err(PeersError::Unsupported { .. })) => {
                fs::rename(&file, file.with_extension("dat.bak")).map_err(|_| AddressesError::Rename)?;
                tracing::info!(
                    "Creating new peers.dat because the file version was not compatible (\"{shown}\"). Original backed up to \
                     peers.dat.bak"
                );
                (empty()?, true)
            }
            Some(Err(error)) => return Err(AddressesError::Corrupt(error, shown)),
        };
        tracing::info!("Loaded {} addresses from peers.dat", manager.len(None, None));
        let addresses = Self {
            manager: Mutex::new(manager),
            file,
            magic,
        };
        if is_new {
            addresses.save()?;
        }
        Ok(addresses)
    }

    /// Reads or changes what is remembered.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut AddressManager) -> T) -> T {
        work(&mut self.manager.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes the file, which is there as a whole or as it was.
    pub(crate) fn save(&self) -> io::Result<()> {
        let bytes = self.with(|manager| addrman::write(manager, self.magic));
        replace(&self.file, |writer| writer.write_all(&bytes))
    }
}
