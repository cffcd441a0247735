//! Built packages: an archive for each unit, beside it its digest and everything that its key stands for.
//!
//! `<cache>/<platform>/<package>/<package>-<version>-<key>.tar.gz`, with `.tar.gz.hash` as `sha256sum` writes it, and
//! `.key.json`, the key's preimage. The archive is renamed into place last, so that an entry is whole or absent. The time
//! of an empty file `.used` is that of the last run that needed the entry.

mod lease;
mod stored;

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use crate::archive::{self, ArchiveError};
use crate::atomic;
use crate::digest::Digest;
use crate::lock::Lock;
use crate::plan::Unit;

pub use lease::Lease;
pub(crate) use stored::Removal;
pub use stored::Stored;

const ARCHIVE: &str = "tar.gz";
const PREIMAGE: &str = "key.json";
const STAMP: &str = "used";

/// How exact the time of an entry's last use is.
const STAMP_AGE: Duration = Duration::from_secs(10 * 60);

/// The files beside an archive, in the order in which they go; the preimage, by which they are known, is the last.
const SIDECARS: [&str; 4] = ["tar.gz.hash", "log", STAMP, PREIMAGE];

/// The file in a package's directory that is locked while entries come and go.
const LOCK: &str = ".lock";

/// The directory of built packages.
#[derive(Debug, Clone)]
pub struct Cache {
    directory: PathBuf,
}

/// A built package.
#[derive(Debug, Clone)]
pub struct Entry {
    /// The archive.
    pub archive: PathBuf,
    /// Its digest.
    pub sha256: Digest,
    /// Keeps it where it is, where it was verified or stored.
    pub lease: Option<Lease>,
}

/// What the cache has for a unit.
#[derive(Debug, Clone)]
pub enum Lookup {
    /// A whole entry.
    Found(Entry),
    /// Nothing.
    Absent,
    /// Something that must not be used, and why.
    Damaged(String),
}

impl Cache {
    /// The cache in `directory`, which need not exist.
    #[must_use]
    pub fn new(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// Where the cache lies.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The path of one of a unit's files.
    #[must_use]
    pub fn path(&self, unit: &Unit, extension: &str) -> PathBuf {
        let directory = self.directory.join(unit.platform()).join(unit.name());
        directory.join(format!("{}.{extension}", unit.file_stem()))
    }

    /// Looks for a unit without reading its archive.
    #[must_use]
    pub fn peek(&self, unit: &Unit) -> Lookup {
        let archive = self.path(unit, ARCHIVE);
        if !archive.is_file() {
            return Lookup::Absent;
        }
        let hash = fs_err::read_to_string(self.path(unit, "tar.gz.hash"));
        let sha256 = hash.ok().and_then(|text| {
            let sha256 = text.split_whitespace().next()?.parse().ok()?;
            (text == hash_line(sha256, &archive)).then_some(sha256)
        });
        let preimage = fs_err::read_to_string(self.path(unit, PREIMAGE));
        match (sha256, preimage) {
            (Some(sha256), Ok(preimage)) if preimage == unit.preimage => Lookup::Found(Entry {
                archive,
                sha256,
                lease: None,
            }),
            (None, _) => Lookup::Damaged("its digest is missing or damaged".to_owned()),
            (Some(_), _) => Lookup::Damaged("its key's preimage is missing or another".to_owned()),
        }
    }

    /// Looks for a unit and reads its archive through, which stays while the entry lives.
    ///
    /// # Errors
    /// The archive is there and cannot be read.
    pub fn verify(&self, unit: &Unit) -> io::Result<Lookup> {
        let Some(lease) = Lease::take(&self.path(unit, ARCHIVE))? else {
            return Ok(Lookup::Absent);
        };
        let mut lookup = self.peek(unit);
        let Lookup::Found(entry) = &mut lookup else {
            return Ok(lookup);
        };
        entry.lease = Some(lease);
        let actual = Digest::of_file(&entry.archive)?;
        if actual == entry.sha256 {
            return Ok(lookup);
        }
        let expected = entry.sha256;
        Ok(Lookup::Damaged(format!(
            "its archive has the digest {actual}, not {expected}"
        )))
    }

    /// Records that a unit is needed now, unless that was recorded in the last [`STAMP_AGE`]: runs in which nothing is
    /// to be done write nothing. A cache that cannot be written is none the worse for it.
    pub fn touch(&self, unit: &Unit) {
        let stamp = self.path(unit, STAMP);
        let modified = fs_err::metadata(&stamp).and_then(|metadata| metadata.modified());
        let is_fresh = modified.is_ok_and(|time| time.elapsed().is_ok_and(|age| age < STAMP_AGE));
        if is_fresh || !self.path(unit, ARCHIVE).is_file() {
            return;
        }
        let file = fs_err::File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(stamp);
        let _ = file.and_then(|file| file.into_parts().0.set_modified(SystemTime::now()));
    }

    /// Packs `tree` as the archive of `unit`.
    ///
    /// # Errors
    /// The tree cannot be read, or the cache not written.
    pub fn store(&self, unit: &Unit, tree: &Path) -> Result<Entry, ArchiveError> {
        let path = self.path(unit, ARCHIVE);
        let directory = path
            .parent()
            .expect("it has a parent because it was joined to one");
        fs_err::create_dir_all(directory)?;
        // Runs on other base directories may share the cache, and know nothing of this one's locks.
        let _lock = Lock::acquire(&directory.join(LOCK), || {})?;
        let temporary = format!(".{}.", unit.file_stem());
        atomic::sweep(directory, &temporary)?;
        let mut file = tempfile::Builder::new()
            .prefix(&temporary)
            .tempfile_in(directory)?;
        // Through the temporary file itself, whose errors name its path: a full disk is to be told with its place.
        archive::pack(tree, io::BufWriter::new(&mut file))?;
        let sha256 = Digest::of_file(file.path())?;
        atomic::write(&self.path(unit, PREIMAGE), unit.preimage.as_bytes())?;
        atomic::write(
            &self.path(unit, "tar.gz.hash"),
            hash_line(sha256, &path).as_bytes(),
        )?;
        let lease = Lease::of_new(file.as_file())?;
        atomic::persist(file, &path)?;
        Ok(Entry {
            archive: path,
            sha256,
            lease: Some(lease),
        })
    }
}

/// What `sha256sum` writes for an archive.
fn hash_line(sha256: Digest, archive: &Path) -> String {
    let name = archive.file_name().unwrap_or_default().to_string_lossy();
    format!("{sha256}  {name}\n")
}
