//! A store's file in which each page has a seal, a sum of its bytes, so that damage is found when a page is read.
//!
//! The store itself looks at its own sums only when it repairs a file. What it reads at other times it believes: a damaged
//! page would be a wrong answer, or be taken for a mistake of the store's own, which it ends with a panic.
//!
//! The file's first page holds the store's header, its seal and a mark. After it come groups: a page of seals, and the
//! pages that these are of. Seals are written when the store asks for what they are of to be on the disk, and get there with
//! it. The store writes to pages only that it does not need any more, and commits in two steps: only when all is on the
//! disk does it write the header that names the new pages. So whenever the process or the machine stops, the seals of what
//! was committed are there. A page that is found as it was before, with the seal of that time, is not noticed.

#[cfg(test)]
mod tests;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use bitcoin::hashes::siphash24;
use redb::{BackendError, StorageBackend};

/// What the store reads and writes at once, at least.
const PAGE: usize = 4096;

/// Bytes of a seal.
const SEAL: usize = 4;

/// Pages of a group, the one of its seals aside.
const PAGES: u64 = (PAGE / SEAL) as u64;

/// Bytes of the store's header, which is read and written alone.
const HEADER: usize = 320;

/// What the header of a store begins with.
const STORE_MARK: &[u8] = b"redb";

/// Follows the header and its seal, so that a file is known to have seals.
const MARK: &[u8; 8] = b"sealed 1";

/// Bytes of the header with what follows it.
const SEALED_HEADER: usize = HEADER + SEAL + MARK.len();

/// The seals of a group's pages.
type Seals = [u8; PAGE];

/// Puts seals on what a store writes, and looks at them when it reads.
#[derive(Debug)]
pub(super) struct Sealed<B> {
    file: B,
    /// Of the groups that were read or written, by their numbers. They take a thousandth of the file at most.
    groups: RwLock<BTreeMap<u64, Box<Seals>>>,
    /// The groups whose seals are not in the file yet.
    changed: Mutex<BTreeSet<u64>>,
    first_error: FirstError,
}

/// What went wrong first. The store says it once, to whoever comes first, and then only that something did.
#[derive(Debug, Clone, Default)]
pub(super) struct FirstError(Arc<OnceLock<(io::ErrorKind, String)>>);

impl FirstError {
    /// The error anew, if there was one.
    pub(super) fn get(&self) -> Option<io::Error> {
        let (kind, text) = self.0.get()?;
        Some(io::Error::new(*kind, text.clone()))
    }

    /// Keeps an error on its way to the store.
    fn keep<T>(&self, result: io::Result<T>) -> io::Result<T> {
        result.inspect_err(|error| _ = self.0.set((error.kind(), error.to_string())))
    }
}

/// A place in the file.
#[derive(Debug, Clone, Copy)]
struct Place {
    group: u64,
    /// In its group.
    page: u64,
}

impl Place {
    /// Where a page is that the store calls by its offset.
    fn of(offset: u64) -> Self {
        let number = offset / PAGE as u64 - 1;
        Self {
            group: number / PAGES,
            page: number % PAGES,
        }
    }

    fn offset(self) -> u64 {
        seals_offset(self.group) + (1 + self.page) * PAGE as u64
    }

    fn of_seal(self) -> std::ops::Range<usize> {
        let start = usize::try_from(self.page).expect("a group has few pages") * SEAL;
        start..start + SEAL
    }
}

/// Where a group begins.
fn seals_offset(group: u64) -> u64 {
    (1 + group * (1 + PAGES)) * PAGE as u64
}

impl<B: StorageBackend> Sealed<B> {
    /// Wraps a file that is empty or has seals; none if it is a store without any.
    ///
    /// # Errors
    /// If it cannot be read.
    pub(super) fn new(file: B) -> io::Result<Option<Self>> {
        let invalid = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
        let length = file.len()?;
        if (1..PAGE as u64).contains(&length) {
            return Err(invalid("it is too short"));
        }
        if length > 0 {
            let mut start = [0; SEALED_HEADER];
            file.read(0, &mut start)?;
            let is_store = start.starts_with(STORE_MARK);
            if is_store && start[HEADER..].iter().all(|byte| *byte == 0) {
                return Ok(None);
            }
            if !start.ends_with(MARK) {
                return Err(invalid("its beginning is not as it was written"));
            }
        }
        Ok(Some(Self {
            file,
            groups: RwLock::default(),
            changed: Mutex::default(),
            first_error: FirstError::default(),
        }))
    }

    /// What goes wrong first from here on.
    pub(super) fn first_error(&self) -> FirstError {
        self.first_error.clone()
    }

    fn read_header(&self, out: &mut [u8]) -> io::Result<()> {
        let mut start = [0; HEADER + SEAL];
        self.file.read(0, &mut start)?;
        let (header, found) = start.split_at(HEADER);
        if found != seal(0, header) {
            return Err(damaged(0));
        }
        out.copy_from_slice(&header[..out.len()]);
        Ok(())
    }

    fn write_header(&self, header: &[u8]) -> io::Result<()> {
        // At once, and in one sector of the disk.
        self.file
            .write(0, &[header, &seal(0, header), &MARK[..]].concat())
    }

    /// Does something with the seals of a group, which are read if need be.
    fn with_seals<T>(&self, group: u64, act: impl FnOnce(&mut Seals) -> T) -> io::Result<T> {
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        let seals = match groups.entry(group) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let mut seals = Box::new([0; PAGE]);
                self.file.read(seals_offset(group), &mut seals[..])?;
                entry.insert(seals)
            }
        };
        Ok(act(seals))
    }

    fn seal_of(&self, place: Place) -> io::Result<[u8; SEAL]> {
        let get = |seals: &Seals| seals[place.of_seal()].try_into().expect("that is its length");
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(seals) = groups.get(&place.group) {
            return Ok(get(seals));
        }
        drop(groups);
        // Other readers do not wait for the disk.
        let mut seals = Box::new([0; PAGE]);
        self.file.read(seals_offset(place.group), &mut seals[..])?;
        let mut groups = self.groups.write().unwrap_or_else(PoisonError::into_inner);
        Ok(get(groups.entry(place.group).or_insert(seals)))
    }

    /// Writes the seals that are not in the file yet.
    fn write_seals(&self) -> io::Result<()> {
        let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
        let groups = self.groups.read().unwrap_or_else(PoisonError::into_inner);
        while let Some(group) = changed.first().copied() {
            if let Some(seals) = groups.get(&group) {
                self.file.write(seals_offset(group), &seals[..])?;
            }
            changed.remove(&group);
        }
        Ok(())
    }
}

/// The seal of a page that the store calls by its offset. That of an empty page is empty, as those of a file are that was
/// made longer.
fn seal(offset: u64, page: &[u8]) -> [u8; SEAL] {
    if page.iter().all(|byte| *byte == 0) {
        return [0; SEAL];
    }
    let sum = siphash24::Hash::hash_to_u64_with_keys(offset, 0, page);
    // No other page has the empty one's.
    let sum = u32::try_from(sum >> 32).expect("that are 32 bits").max(1);
    sum.to_le_bytes()
}

fn damaged(offset: u64) -> io::Error {
    let reason = format!("its page at {offset} is not as it was written");
    io::Error::new(io::ErrorKind::InvalidData, reason)
}

/// The store reads and writes whole pages, its header aside.
fn check_pages(offset: u64, length: usize) -> io::Result<()> {
    match offset.is_multiple_of(PAGE as u64) && length.is_multiple_of(PAGE) && offset > 0 {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{length} bytes at {offset} are no pages"),
        )),
    }
}

/// The parts of what is read or written at an offset that lie together in the file: their first place, and their length.
fn parts(offset: u64, length: usize) -> impl Iterator<Item = (Place, usize)> {
    let (mut offset, mut left) = (offset, length);
    std::iter::from_fn(move || {
        let place = (left > 0).then(|| Place::of(offset))?;
        let to_end = usize::try_from(PAGES - place.page).expect("a group has few pages") * PAGE;
        let part = left.min(to_end);
        left -= part;
        offset += part as u64;
        Some((place, part))
    })
}

impl<B: StorageBackend> Sealed<B> {
    fn read_pages(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        if offset == 0 && out.len() <= HEADER {
            return self.read_header(out);
        }
        check_pages(offset, out.len())?;
        let mut done = 0;
        for (place, length) in parts(offset, out.len()) {
            self.file.read(place.offset(), &mut out[done..done + length])?;
            done += length;
        }
        for (page, offset) in out.chunks(PAGE).zip((offset..).step_by(PAGE)) {
            if self.seal_of(Place::of(offset))? != seal(offset, page) {
                return Err(damaged(offset));
            }
        }
        Ok(())
    }

    fn resize(&self, length: u64) -> io::Result<()> {
        let pages = (length / PAGE as u64).saturating_sub(1);
        let groups = pages.div_ceil(PAGES);
        // What is cut off is empty if it comes back, and so are its seals.
        {
            let mut known = self.groups.write().unwrap_or_else(PoisonError::into_inner);
            known.retain(|group, _seals| *group < groups);
        }
        let rest = Place {
            group: pages / PAGES,
            page: pages % PAGES,
        };
        if rest.page > 0 && self.len()? > length {
            self.with_seals(rest.group, |seals| seals[rest.of_seal().start..].fill(0))?;
            let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
            changed.insert(rest.group);
        }
        self.file.set_len((1 + pages + groups) * PAGE as u64)
    }

    fn sync(&self) -> io::Result<()> {
        self.write_seals()?;
        self.file.sync_data()
    }

    fn write_pages(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if offset == 0 && data.len() == HEADER {
            return self.write_header(data);
        }
        check_pages(offset, data.len())?;
        let mut done = 0;
        for (place, length) in parts(offset, data.len()) {
            self.file.write(place.offset(), &data[done..done + length])?;
            done += length;
        }
        for (page, offset) in data.chunks(PAGE).zip((offset..).step_by(PAGE)) {
            let place = Place::of(offset);
            self.with_seals(place.group, |seals| {
                seals[place.of_seal()].copy_from_slice(&seal(offset, page));
            })?;
            let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
            changed.insert(place.group);
        }
        Ok(())
    }
}

impl<B: StorageBackend> StorageBackend for Sealed<B> {
    fn len(&self) -> io::Result<u64> {
        let pages = (self.file.len()? / PAGE as u64).saturating_sub(1);
        let (groups, rest) = (pages / (1 + PAGES), pages % (1 + PAGES));
        Ok(match self.file.len()? {
            0 => 0,
            _ => (1 + groups * PAGES + rest.saturating_sub(1)) * PAGE as u64,
        })
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.first_error.keep(self.read_pages(offset, out))
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.first_error.keep(self.resize(length))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.first_error.keep(self.sync())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.first_error.keep(self.write_pages(offset, data))
    }

    fn close(&self) -> io::Result<()> {
        let written = self.write_seals();
        self.file.close().and(written)
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.file.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.file.query_lock_range(start, end)
    }
}
