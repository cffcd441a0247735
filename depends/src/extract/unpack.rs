//! The walk over an archive's entries, which writes those below the root into the tree.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use tar::{Entry, EntryType};

use super::filter::Filter;
use super::links::{self, LinkError};
use super::sparse::Sparse;
use super::{ExtractError, Limits, RefusedEntry};
use crate::tree::Staging;

/// What an entry's headers may take; `tar` reads them into memory.
const HEADER_BYTES: u64 = 4 << 20;

/// What stands at a path of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    Directory,
    File { executable: bool },
    Symlink { target: PathBuf },
}

/// An archive that is being unpacked.
///
/// Every path of the archive is kept, so that nothing is asked of the file system: what stands at a path is known, and
/// symbolic links are made after everything else, so that nothing is ever written through one.
pub(super) struct Unpacker<'a> {
    archive: &'a Path,
    /// The directory of the archive that is unpacked.
    root: &'a Path,
    filter: Filter<'a>,
    staging: Staging,
    limits: Limits,
    nodes: BTreeMap<PathBuf, Node>,
    /// The directories of the staging tree.
    made: BTreeSet<PathBuf>,
    n_entries: u64,
    n_bytes: u64,
}

impl<'a> Unpacker<'a> {
    pub(super) fn new(
        archive: &'a Path,
        root: &'a Path,
        filter: Filter<'a>,
        staging: Staging,
        limits: Limits,
    ) -> Self {
        Self {
            archive,
            root,
            filter,
            staging,
            limits,
            nodes: BTreeMap::new(),
            made: BTreeSet::new(),
            n_entries: 0,
            n_bytes: 0,
        }
    }

    /// Unpacks all but the symbolic links.
    pub(super) fn run(&mut self, stream: impl Read) -> Result<(), ExtractError> {
        let budget = Rc::new(Cell::new(HEADER_BYTES));
        let mut tar = tar::Archive::new(Budgeted {
            inner: stream,
            budget: Rc::clone(&budget),
        });
        let archive = self.archive;
        let read_error = |source| read_error(archive, source);
        let mut entries = tar.entries().map_err(read_error)?;
        loop {
            budget.set(HEADER_BYTES);
            let Some(entry) = entries.next() else {
                return Ok(());
            };
            let mut entry = entry.map_err(read_error)?;
            budget.set(u64::MAX);
            self.count(entry.size())?;
            self.entry(&mut entry)?;
            io::copy(&mut entry, &mut io::sink()).map_err(read_error)?;
        }
    }

    /// Makes the symbolic links and publishes the tree.
    pub(super) fn finish(mut self) -> Result<(), ExtractError> {
        let root = if self.filter.is_single() {
            self.single_root()?
        } else {
            self.root.to_owned()
        };
        let is_directory = root.as_os_str().is_empty() || self.nodes.get(&root) == Some(&Node::Directory);
        if !is_directory {
            return Err(ExtractError::NoRoot {
                archive: self.archive.to_owned(),
                root,
                top: self.top(),
            });
        }
        let patterns = self.filter.idle();
        if !patterns.is_empty() {
            let archive = self.archive.to_owned();
            return Err(ExtractError::NoMatch { archive, patterns });
        }
        for (path, node) in &self.nodes {
            let (Node::Symlink { target }, Ok(_)) = (node, path.strip_prefix(&root)) else {
                continue;
            };
            let place = path
                .strip_prefix(self.root)
                .expect("the root is at or below the one that is unpacked, because it was derived from it");
            if !self.filter.takes(place) {
                continue;
            }
            let lossy = target.to_string_lossy();
            links::check(&self.nodes, &root, path, target).map_err(|error| {
                let target = lossy.clone().into_owned();
                let reason = match error {
                    LinkError::Escaping => RefusedEntry::EscapingLink { target },
                    LinkError::Circular => RefusedEntry::CircularLink { target },
                };
                self.refused(path.as_os_str().as_bytes(), reason)
            })?;
            self.staging.symlink(place, target)?;
        }
        let published = root
            .strip_prefix(self.root)
            .expect("the root is at or below the one that is unpacked, because it was derived from it");
        Ok(self.staging.publish(published)?)
    }

    fn single_root(&self) -> Result<PathBuf, ExtractError> {
        let mut top = self.top();
        match top.pop() {
            Some(name) if top.is_empty() && self.nodes.get(Path::new(&name)) == Some(&Node::Directory) => {
                Ok(PathBuf::from(name))
            }
            _ => Err(ExtractError::NoSingleRoot {
                archive: self.archive.to_owned(),
                top: self.top(),
            }),
        }
    }

    /// The names at the archive's top.
    fn top(&self) -> Vec<String> {
        let names: BTreeSet<&OsStr> = self.nodes.keys().filter_map(|path| path.iter().next()).collect();
        names
            .into_iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect()
    }

    fn entry(&mut self, entry: &mut Entry<'_, impl Read>) -> Result<(), ExtractError> {
        let kind = entry.header().entry_type();
        if kind == EntryType::XGlobalHeader {
            return Ok(());
        }
        let mut name = entry.path_bytes().into_owned();
        let sparse = Sparse::of(entry).map_err(|_| self.refused(&name, RefusedEntry::MalformedHeader))?;
        if let Some(real_name) = sparse.as_ref().and_then(|sparse| sparse.name.as_ref()) {
            name.clone_from(real_name);
        }
        let path = relative_path(&name).map_err(|reason| self.refused(&name, reason))?;
        let is_file = matches!(
            kind,
            EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse
        );
        // Formats before POSIX mark a directory by the slash at its end only.
        if kind == EntryType::Directory || (is_file && name.ends_with(b"/")) {
            return self.directory(&name, &path);
        }
        if path.as_os_str().is_empty() {
            return Err(self.refused(&name, RefusedEntry::NotAPath));
        }
        match kind {
            _ if is_file => self.file(&name, path, entry, sparse),
            EntryType::Symlink => self.symlink(&name, path, entry),
            EntryType::Link => self.hard_link(&name, path, entry),
            EntryType::Char => Err(self.refused_kind(&name, "a character device")),
            EntryType::Block => Err(self.refused_kind(&name, "a block device")),
            EntryType::Fifo => Err(self.refused_kind(&name, "a named pipe")),
            _ => Err(self.refused_kind(&name, "of a kind that source archives do not have")),
        }
    }

    fn directory(&mut self, name: &[u8], path: &Path) -> Result<(), ExtractError> {
        match self.nodes.get(path) {
            Some(Node::Directory) => Ok(()),
            Some(_) => Err(self.refused(name, RefusedEntry::Duplicate)),
            None => {
                self.parents(name, path, true)?;
                match path.strip_prefix(self.root) {
                    Ok(place) if self.filter.takes(place) => self.make(place),
                    _ => Ok(()),
                }
            }
        }
    }

    fn file(
        &mut self,
        name: &[u8],
        path: PathBuf,
        entry: &mut Entry<'_, impl Read>,
        sparse: Option<Sparse>,
    ) -> Result<(), ExtractError> {
        let archive = self.archive;
        let read_error = |source| read_error(archive, source);
        let executable = entry.header().mode().map_err(read_error)? & 0o100 != 0;
        let place = self.claim(name, &path)?;
        if let Some(place) = place {
            let mut file = self.staging.file(&place)?;
            if let Some(sparse) = sparse {
                let size = sparse.size;
                self.count(size)?;
                sparse.expand(entry, &mut file, read_error)?;
            } else {
                let size = entry.size();
                let n_bytes = copy(entry, &mut file, read_error)?;
                if n_bytes != size {
                    return Err(read_error(io::ErrorKind::UnexpectedEof.into()));
                }
            }
            self.staging.finish(&file, executable)?;
        }
        self.nodes.insert(path, Node::File { executable });
        Ok(())
    }

    fn symlink(
        &mut self,
        name: &[u8],
        path: PathBuf,
        entry: &Entry<'_, impl Read>,
    ) -> Result<(), ExtractError> {
        let target = link_target(entry);
        if target.is_empty() || target.contains(&0) {
            return Err(self.refused(name, RefusedEntry::NotAPath));
        }
        self.claim(name, &path)?;
        let target = PathBuf::from(OsStr::from_bytes(&target));
        self.nodes.insert(path, Node::Symlink { target });
        Ok(())
    }

    fn hard_link(
        &mut self,
        name: &[u8],
        path: PathBuf,
        entry: &Entry<'_, impl Read>,
    ) -> Result<(), ExtractError> {
        let target = link_target(entry);
        let lossy = String::from_utf8_lossy(&target).into_owned();
        let escaping = |_| {
            self.refused(
                name,
                RefusedEntry::EscapingLink {
                    target: lossy.clone(),
                },
            )
        };
        let original = relative_path(&target).map_err(escaping)?;
        let place = self.claim(name, &path)?;
        let Some(&Node::File { executable }) = self.nodes.get(&original) else {
            return Err(self.refused(name, RefusedEntry::MissingTarget { target: lossy }));
        };
        if let Some(place) = place {
            let Ok(original) = original.strip_prefix(self.root) else {
                return Err(self.refused(name, RefusedEntry::EscapingLink { target: lossy }));
            };
            if !self.filter.takes(original) {
                return Err(self.refused(name, RefusedEntry::MissingTarget { target: lossy }));
            }
            let mut original = fs_err::File::open(self.staging.place(original))?;
            self.count(original.metadata()?.len())?;
            let mut file = self.staging.file(&place)?;
            io::copy(&mut original, &mut file)?;
            self.staging.finish(&file, executable)?;
        }
        self.nodes.insert(path, Node::File { executable });
        Ok(())
    }

    /// Readies the place of something new that is no directory; `None` if it is not in the part that is unpacked.
    fn claim(&mut self, name: &[u8], path: &Path) -> Result<Option<PathBuf>, ExtractError> {
        if self.nodes.contains_key(path) {
            return Err(self.refused(name, RefusedEntry::Duplicate));
        }
        self.parents(name, path, false)?;
        let Ok(place) = path.strip_prefix(self.root) else {
            return Ok(None);
        };
        if place.as_os_str().is_empty() || !self.filter.takes(place) {
            return Ok(None);
        }
        self.make(place.parent().unwrap_or(Path::new("")))?;
        Ok(Some(place.to_owned()))
    }

    /// Makes the directory `place` of the tree, and those that lead to it.
    fn make(&mut self, place: &Path) -> Result<(), ExtractError> {
        let mut ancestors: Vec<&Path> = place.ancestors().collect();
        ancestors.pop();
        for directory in ancestors.into_iter().rev() {
            if self.made.insert(directory.to_owned()) {
                self.staging.directory(directory)?;
            }
        }
        Ok(())
    }

    /// Notes the directories that lead to `path`, and `path` itself if it is one.
    fn parents(&mut self, name: &[u8], path: &Path, is_directory: bool) -> Result<(), ExtractError> {
        let mut ancestors: Vec<&Path> = path.ancestors().skip(usize::from(!is_directory)).collect();
        ancestors.pop();
        for directory in ancestors.into_iter().rev() {
            match self.nodes.get(directory) {
                Some(Node::Directory) => continue,
                Some(_) => {
                    let parent = directory.to_owned();
                    return Err(self.refused(name, RefusedEntry::BelowNonDirectory { parent }));
                }
                None => {}
            }
            self.count(0)?;
            self.nodes.insert(directory.to_owned(), Node::Directory);
        }
        Ok(())
    }

    /// Counts something that the archive unpacks to.
    fn count(&mut self, n_bytes: u64) -> Result<(), ExtractError> {
        let too_large = |limit| ExtractError::TooLarge {
            archive: self.archive.to_owned(),
            limit,
        };
        self.n_entries += 1;
        self.n_bytes = self.n_bytes.saturating_add(n_bytes);
        if self.n_entries > self.limits.n_entries {
            return Err(too_large(format!("{} entries", self.limits.n_entries)));
        }
        if self.n_bytes > self.limits.n_bytes {
            return Err(too_large(format!("{} bytes", self.limits.n_bytes)));
        }
        Ok(())
    }

    fn refused(&self, name: &[u8], reason: RefusedEntry) -> ExtractError {
        ExtractError::Refused {
            archive: self.archive.to_owned(),
            entry: String::from_utf8_lossy(name).into_owned(),
            reason,
        }
    }

    fn refused_kind(&self, name: &[u8], kind: &'static str) -> ExtractError {
        self.refused(name, RefusedEntry::Kind { kind })
    }
}

/// The path of an entry, without `.` and doubled slashes; empty for the archive's top.
fn relative_path(name: &[u8]) -> Result<PathBuf, RefusedEntry> {
    if name.is_empty() || name.contains(&0) {
        return Err(RefusedEntry::NotAPath);
    }
    if name.starts_with(b"/") {
        return Err(RefusedEntry::Absolute);
    }
    let mut path = PathBuf::new();
    for component in name.split(|&byte| byte == b'/') {
        match component {
            b"" | b"." => {}
            b".." => return Err(RefusedEntry::Upwards),
            component => path.push(OsStr::from_bytes(component)),
        }
    }
    Ok(path)
}

fn link_target(entry: &Entry<'_, impl Read>) -> Vec<u8> {
    entry
        .link_name_bytes()
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default()
}

/// Copies to the end, telling the reader's errors from the writer's.
pub(super) fn copy(
    reader: &mut impl Read,
    writer: &mut impl Write,
    read_error: impl Fn(io::Error) -> ExtractError,
) -> Result<u64, ExtractError> {
    let mut buffer = vec![0; 64 << 10];
    let mut total = 0;
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return Ok(total),
            Ok(n_bytes) => {
                writer.write_all(&buffer[..n_bytes])?;
                total += n_bytes as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(read_error(error)),
        }
    }
}

fn read_error(archive: &Path, source: io::Error) -> ExtractError {
    ExtractError::Read {
        archive: archive.to_owned(),
        source,
    }
}

/// A reader that gives no more than its budget, which bounds what `tar` reads between two entries.
struct Budgeted<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Budgeted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let budget = self.budget.get();
        if budget == 0 && !buffer.is_empty() {
            return Err(io::Error::other(format!(
                "the headers of an entry take more than {HEADER_BYTES} bytes"
            )));
        }
        let n_allowed = buffer.len().min(usize::try_from(budget).unwrap_or(usize::MAX));
        let n_bytes = self.inner.read(&mut buffer[..n_allowed])?;
        self.budget.set(budget - n_bytes as u64);
        Ok(n_bytes)
    }
}
