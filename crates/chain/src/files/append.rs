//! Writing to the ends of files.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::io::{self, Seek, SeekFrom, Write};

use fs_err::{File, OpenOptions};

use super::layout::{FilesConfig, Kind};
use crate::database::sync_directory;

/// The files that were written to, and are not yet known to be on the disk.
#[derive(Debug, Default)]
pub(super) struct Appender {
    written: BTreeMap<(Kind, u32), File>,
}

impl Appender {
    /// Writes bytes at a place, for which room is made up to the end of a chunk, and says whether that was needed.
    pub(super) fn write(
        &mut self,
        config: &FilesConfig,
        kind: Kind,
        number: u32,
        place: u32,
        bytes: &[u8],
    ) -> io::Result<bool> {
        let mut file = self.file(config, kind, number)?;
        let end = u64::from(place) + bytes.len() as u64;
        let room = end.next_multiple_of(config.chunk(kind).into());
        let length = file.metadata()?.len();
        let has_grown = length < end;
        if has_grown {
            make_room(file, length, room)?;
        }
        file.seek(SeekFrom::Start(place.into()))?;
        file.write_all(bytes)?;
        Ok(has_grown)
    }

    /// Cuts a file off where its use ends.
    pub(super) fn finish(
        &mut self,
        config: &FilesConfig,
        kind: Kind,
        number: u32,
        size: u32,
    ) -> io::Result<()> {
        if config.path(kind, number).try_exists()? {
            self.file(config, kind, number)?.set_len(size.into())?;
        }
        Ok(())
    }

    /// Makes sure that all that was written is on the disk.
    pub(super) fn sync(&mut self, config: &FilesConfig) -> io::Result<()> {
        for file in self.written.values() {
            file.sync_data()?;
        }
        if !self.written.is_empty() {
            sync_directory(&config.directory)?;
        }
        self.written.clear();
        Ok(())
    }

    /// Forgets files that are being removed.
    pub(super) fn forget(&mut self, number: u32) {
        self.written.retain(|(_kind, written), _file| *written != number);
    }

    fn file(&mut self, config: &FilesConfig, kind: Kind, number: u32) -> io::Result<&File> {
        match self.written.entry((kind, number)) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let mut options = OpenOptions::new();
                options.write(true).create(true).truncate(false);
                Ok(entry.insert(options.open(config.path(kind, number))?))
            }
        }
    }
}

/// Lengthens a file, where the system can with room that is really there.
fn make_room(file: &File, length: u64, room: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        use rustix::fs::FallocateFlags;
        use rustix::io::Errno;
        match rustix::fs::fallocate(file, FallocateFlags::empty(), length, room - length) {
            // Not every file system can.
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => {}
            Err(error) => {
                let told = format!("cannot make room in {}: {error}", file.path().display());
                return Err(io::Error::new(io::Error::from(error).kind(), told));
            }
            Ok(()) => return Ok(()),
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = length;
    file.set_len(room)
}
