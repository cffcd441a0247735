//! The keys by which processes know each other over TCP, in the directory `ipc` of the network's data directory.
//!
//! `key.pem` is the own private key, made when it is first needed. `authorized` lists whose keys may connect here,
//! `trusted` which keys are expected elsewhere. A key is known by its digest and by nothing else: certificates carry it
//! over the wire, and what they say of names, dates and issuers counts for nothing.

mod date;
mod digest;
mod list;

use std::io::{self, Write as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use fs_err::os::unix::fs::OpenOptionsExt as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

pub use date::{Date, InvalidDate};
pub use digest::{InvalidDigest, KeyDigest};
pub use list::{Authorized, EntryError, Trusted};

use crate::address::TcpAddress;
use crate::directory::{self, DirectoryError};
use list::{Entry, List};

/// The directory's name.
const DIRECTORY: &str = "ipc";

/// The file of the own key.
const KEY_FILE: &str = "key.pem";

/// What certificates are made out to. Nobody looks at it.
const SUBJECT: &str = "ipc";

/// The mode's bits that let others than the owner read or write.
const FOR_OTHERS: u32 = 0o077;

/// The keys of one network's data directory. The files are read at each question, so that changes count at once.
#[derive(Debug, Clone)]
pub struct Keys {
    directory: PathBuf,
}

/// The own key, with a certificate to carry it.
pub struct Identity {
    digest: KeyDigest,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

/// Keys that cannot be read or changed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The directory is no place for keys.
    #[error(transparent)]
    Directory(#[from] DirectoryError),
    /// A file cannot be read or written.
    #[error("{0}")]
    File(#[from] io::Error),
    /// Others can read or change a file.
    #[error("Other users can read or write {0}; take that right from them with: chmod go= {0}", path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
    },
    /// The own key is not one, or cannot be made.
    #[error("{} holds no key that can be used: {source}", path.display())]
    Key {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// A line of a list.
    #[error("{}, line {line}: {source}", path.display())]
    Entry {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        #[source]
        source: EntryError,
    },
    /// A key that is authorised already.
    #[error("this key is authorised already, as {name}")]
    KnownAs {
        /// As whose.
        name: String,
    },
}

impl Keys {
    /// The keys of this network's data directory, absolute. Nothing is read yet.
    pub fn new(network_directory: &Path) -> Self {
        Self {
            directory: network_directory.join(DIRECTORY),
        }
    }

    /// The own key, which is made if there is none.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn identity(&self) -> Result<Identity, KeyError> {
        let _lock = self.lock()?;
        let path = self.directory.join(KEY_FILE);
        let unusable = |source| KeyError::Key {
            path: path.clone(),
            source,
        };
        let pair = match self.read_private(KEY_FILE)? {
            Some(text) => rcgen::KeyPair::from_pem(&text).map_err(unusable)?,
            None => {
                let pair = rcgen::KeyPair::generate().map_err(unusable)?;
                self.write_private(KEY_FILE, &pair.serialize_pem())?;
                pair
            }
        };
        let certificate = rcgen::CertificateParams::new([SUBJECT.to_owned()])
            .and_then(|parameters| parameters.self_signed(&pair))
            .map_err(unusable)?;
        Ok(Identity {
            digest: KeyDigest::of(&rcgen::PublicKeyData::subject_public_key_info(&pair)),
            certificate: certificate.der().clone(),
            key: PrivatePkcs8KeyDer::from(pair.serialize_der()).into(),
        })
    }

    /// Whose keys may connect here.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn authorized(&self) -> Result<Vec<Authorized>, KeyError> {
        Ok(self.read_list()?.into_entries())
    }

    /// Lets a key connect here, in the place of the one of the same name, if there is one.
    ///
    /// # Errors
    /// [`KeyError`]; a key has one name at a time.
    pub fn authorize(&self, entry: Authorized) -> Result<(), KeyError> {
        let _lock = self.lock()?;
        let mut list: List<Authorized> = self.read_list()?;
        let known = list
            .entries()
            .find(|known| known.key() == entry.key() && known.name() != entry.name());
        if let Some(known) = known {
            return Err(KeyError::KnownAs {
                name: known.name().to_owned(),
            });
        }
        list.put(entry);
        self.write_list(&list)
    }

    /// Lets the key of this name connect no more, and gives whether there was one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn revoke(&self, name: &str) -> Result<bool, KeyError> {
        self.remove::<Authorized>(|entry| entry.name() == name)
    }

    /// Which keys are expected elsewhere.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn trusted(&self) -> Result<Vec<Trusted>, KeyError> {
        Ok(self.read_list()?.into_entries())
    }

    /// Expects this key at its address from now on, and no other.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn trust(&self, entry: Trusted) -> Result<(), KeyError> {
        let _lock = self.lock()?;
        let mut list = self.read_list()?;
        list.put(entry);
        self.write_list(&list)
    }

    /// Expects no key at an address any more, and gives whether there was one.
    ///
    /// # Errors
    /// [`KeyError`].
    pub fn forget(&self, address: &TcpAddress) -> Result<bool, KeyError> {
        self.remove::<Trusted>(|entry| entry.address() == address)
    }

    fn remove<E: Entry>(&self, is_meant: impl Fn(&E) -> bool) -> Result<bool, KeyError> {
        let _lock = self.lock()?;
        let mut list = self.read_list()?;
        let removed = list.remove(is_meant);
        if removed {
            self.write_list(&list)?;
        }
        Ok(removed)
    }

    fn lock(&self) -> Result<directory::LockedDirectory, KeyError> {
        directory::prepare(&self.directory)?;
        Ok(directory::lock(&self.directory)?)
    }

    fn read_list<E: Entry>(&self) -> Result<List<E>, KeyError> {
        let text = self.read_private(E::FILE)?.unwrap_or_default();
        List::parse(&text).map_err(|(line, source)| KeyError::Entry {
            path: self.directory.join(E::FILE),
            line,
            source,
        })
    }

    fn write_list<E: Entry>(&self, list: &List<E>) -> Result<(), KeyError> {
        self.write_private(E::FILE, &list.to_string())
    }

    /// A file that only its owner may use; `None` when it is not there.
    fn read_private(&self, name: &str) -> Result<Option<String>, KeyError> {
        let path = self.directory.join(name);
        let metadata = match fs_err::metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            metadata => metadata?,
        };
        if metadata.mode() & FOR_OTHERS != 0 {
            return Err(KeyError::Exposed { path });
        }
        Ok(Some(fs_err::read_to_string(&path)?))
    }

    /// Replaces a file; whoever reads it meanwhile sees the old one or the new one. To be called under the lock.
    fn write_private(&self, name: &str, text: &str) -> Result<(), KeyError> {
        let path = self.directory.join(name);
        let new = self.directory.join(format!("{name}.new"));
        let mut options = fs_err::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        let mut file = options.open(&new)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        Ok(fs_err::rename(&new, &path)?)
    }
}

impl Identity {
    /// What others know the key by.
    pub fn digest(&self) -> KeyDigest {
        self.digest
    }

    pub(crate) fn certificates(&self) -> Vec<CertificateDer<'static>> {
        vec![self.certificate.clone()]
    }

    pub(crate) fn key(&self) -> PrivateKeyDer<'static> {
        self.key.clone_key()
    }
}

/// Shows no more of the key than everybody may know.
impl std::fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Identity({})", self.digest)
    }
}

#[cfg(test)]
mod tests;
