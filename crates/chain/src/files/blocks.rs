//! Adding blocks and undo data to the files, and reading them.

use std::collections::BTreeSet;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bitcoin::BlockHash;
use bitcoin::hashes::{Hash, HashEngine, sha256d};
use consensus::block::Block;
use fs_err as fs;

use super::append::Appender;
use super::layout::{FilesConfig, Kind};
use super::{FileInfo, FilesError, decode_block};
use crate::FilePosition;
use crate::undo::BlockUndo;

/// The magic and the length before what is written.
const PREFIX: u32 = 8;

/// The checksum after undo data.
const CHECKSUM: u32 = 32;

/// The files of a chain. Reading waits for nobody; those who write wait for each other.
#[derive(Debug)]
pub struct BlockFiles {
    config: FilesConfig,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// What is known of each file, by its number.
    infos: Vec<FileInfo>,
    /// The files of which more is known now than when the changes were last taken.
    changed: BTreeSet<u32>,
    /// The file that blocks are added to.
    last: u32,
    /// Whether room was made since somebody last asked; at the beginning nobody has.
    has_grown: bool,
    appender: Appender,
}

impl BlockFiles {
    /// The files of a directory, of which is known what the index has; nothing is read or written yet.
    #[must_use]
    pub fn new(config: FilesConfig, infos: impl IntoIterator<Item = (u32, FileInfo)>) -> Self {
        let mut state = State {
            infos: vec![FileInfo::default()],
            changed: BTreeSet::new(),
            last: 0,
            has_grown: true,
            appender: Appender::default(),
        };
        for (number, info) in infos {
            *state.info(number) = info;
            if info.size > 0 {
                state.last = state.last.max(number);
            }
        }
        Self {
            config,
            state: Mutex::new(state),
        }
    }

    /// Where the files are.
    #[must_use]
    pub fn config(&self) -> &FilesConfig {
        &self.config
    }

    /// Adds a block, given as its bytes, and returns where it is. It is on the disk after the next
    /// [`sync`](Self::sync).
    ///
    /// # Errors
    /// [`FilesError`] if it cannot be written.
    pub fn append_block(&self, block: &[u8], height: u32, time: u32) -> Result<FilePosition, FilesError> {
        let record = self.record(block)?;
        let length = length_of(&record)?;
        let mut state = self.state();
        let file = self.file_for(&mut state, length)?;
        let place = state.info(file).size;
        let end = place
            .checked_add(length)
            .ok_or(FilesError::TooLarge(block.len()))?;
        state.write(&self.config, Kind::Blocks, file, place, &record)?;
        let info = state.info(file);
        info.size = end;
        info.add(height, time);
        state.last = file;
        state.changed.insert(file);
        Ok(FilePosition {
            file,
            offset: place + PREFIX,
        })
    }

    /// Takes note of a block of `length` bytes that was found in a file.
    pub fn note_block(&self, position: FilePosition, length: u32, height: u32, time: u32) {
        let mut state = self.state();
        let info = state.info(position.file);
        info.size = info.size.max(position.offset.saturating_add(length));
        info.add(height, time);
        state.last = state.last.max(position.file);
        state.changed.insert(position.file);
    }

    /// Adds the undo data of a block that is in the file of this number, and returns where it is. `previous` is the block
    /// before.
    ///
    /// # Errors
    /// [`FilesError`] if it cannot be written.
    pub fn append_undo(
        &self,
        file: u32,
        undo: &BlockUndo,
        previous: BlockHash,
    ) -> Result<FilePosition, FilesError> {
        let undo = undo.to_bytes();
        let mut record = self.record(&undo)?;
        record.extend(checksum(previous, &undo));
        let length = length_of(&record)?;
        let mut state = self.state();
        let place = state.info(file).undo_size;
        let end = place
            .checked_add(length)
            .ok_or(FilesError::TooLarge(undo.len()))?;
        state.write(&self.config, Kind::Undo, file, place, &record)?;
        state.info(file).undo_size = end;
        state.changed.insert(file);
        Ok(FilePosition {
            file,
            offset: place + PREFIX,
        })
    }

    /// A block's bytes.
    ///
    /// # Errors
    /// [`FilesError`] if there are none.
    pub fn read_block_bytes(&self, position: FilePosition) -> Result<Vec<u8>, FilesError> {
        self.read(Kind::Blocks, position, 0)
    }

    /// A block. Which one is the caller's to check.
    ///
    /// # Errors
    /// [`FilesError`] if there is none.
    pub fn read_block(&self, position: FilePosition) -> Result<Block, FilesError> {
        let bytes = self.read_block_bytes(position)?;
        decode_block(&bytes).map_err(|source| FilesError::Block { position, source })
    }

    /// The undo data of a block whose predecessor is `previous`.
    ///
    /// # Errors
    /// [`FilesError`] if there is none, or its checksum is another.
    pub fn read_undo(&self, position: FilePosition, previous: BlockHash) -> Result<BlockUndo, FilesError> {
        let bytes = self.read(Kind::Undo, position, CHECKSUM)?;
        let (undo, found) = bytes.split_at(bytes.len() - CHECKSUM as usize);
        if found != checksum(previous, undo) {
            return Err(FilesError::Checksum(position));
        }
        BlockUndo::parse(undo).map_err(|source| FilesError::Undo { position, source })
    }

    /// Makes sure that all that was added is on the disk.
    ///
    /// # Errors
    /// [`FilesError::File`] if that fails.
    pub fn sync(&self) -> Result<(), FilesError> {
        Ok(self.state().appender.sync(&self.config)?)
    }

    /// What is known of the files that changed since this was last asked, for the index to remember.
    #[must_use]
    pub fn take_changes(&self) -> Vec<(u32, FileInfo)> {
        let mut state = self.state();
        let changed = std::mem::take(&mut state.changed);
        changed
            .into_iter()
            .map(|number| (number, *state.info(number)))
            .collect()
    }

    /// Whether files took more of the disk since this was last asked, or it was never asked.
    pub fn take_growth(&self) -> bool {
        std::mem::take(&mut self.state().has_grown)
    }

    /// What is known of all files, by their numbers.
    #[must_use]
    pub fn infos(&self) -> Vec<FileInfo> {
        self.state().infos.clone()
    }

    /// The number of the file that blocks are added to.
    #[must_use]
    pub fn last_file(&self) -> u32 {
        self.state().last
    }

    /// Removes a file of blocks and that of their undo data. Nothing is known of it then.
    ///
    /// # Errors
    /// [`FilesError::File`] if that fails.
    pub fn remove(&self, number: u32) -> Result<(), FilesError> {
        let mut state = self.state();
        state.appender.forget(number);
        for kind in [Kind::Blocks, Kind::Undo] {
            match fs::remove_file(self.config.path(kind, number)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
                _ => {}
            }
        }
        *state.info(number) = FileInfo::default();
        state.changed.insert(number);
        Ok(())
    }

    /// Removes what nobody reads when an index is made anew: files of blocks after one that is missing, and all undo data.
    ///
    /// # Errors
    /// [`FilesError::File`] if that fails.
    pub fn remove_unreachable(&self) -> Result<(), FilesError> {
        // Nothing is written meanwhile.
        let _state = self.state();
        let is_there = |number: &u32| self.config.block_file(*number).is_file();
        let missing = (0..).find(|number| !is_there(number)).unwrap_or(u32::MAX);
        for entry in fs::read_dir(&self.config.directory)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let blocks = FilesConfig::number_of(Kind::Blocks, &name);
            let is_undo = FilesConfig::number_of(Kind::Undo, &name).is_some();
            if is_undo || blocks.is_some_and(|number| number > missing) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }

    /// The file that has room for so many bytes. The one before is finished when a new one begins.
    fn file_for(&self, state: &mut State, length: u32) -> Result<u32, FilesError> {
        let largest = self.config.sizes.largest().max(length.saturating_add(1));
        let last = state.last;
        let mut file = last;
        while state.info(file).size.saturating_add(length) >= largest {
            file += 1;
        }
        if file != last {
            let info = *state.info(last);
            state
                .appender
                .finish(&self.config, Kind::Blocks, last, info.size)?;
            state
                .appender
                .finish(&self.config, Kind::Undo, last, info.undo_size)?;
        }
        Ok(file)
    }

    /// Bytes with the magic and their length before them.
    fn record(&self, bytes: &[u8]) -> Result<Vec<u8>, FilesError> {
        let length = u32::try_from(bytes.len()).map_err(|_error| FilesError::TooLarge(bytes.len()))?;
        Ok([&self.config.magic[..], &length.to_le_bytes(), bytes].concat())
    }

    /// What was written at a position, and so many bytes more.
    fn read(&self, kind: Kind, position: FilePosition, more: u32) -> Result<Vec<u8>, FilesError> {
        let nothing = || FilesError::Nothing(position);
        let prefix = position.offset.checked_sub(PREFIX).ok_or_else(nothing)?;
        let mut file = fs::File::open(self.config.path(kind, position.file))?;
        let end = file.metadata()?.len();
        if end < position.offset.into() {
            return Err(nothing());
        }
        file.seek(SeekFrom::Start(prefix.into()))?;
        let mut magic = [0; 4];
        file.read_exact(&mut magic)?;
        let mut length = [0; 4];
        file.read_exact(&mut length)?;
        let length = u64::from(u32::from_le_bytes(length)) + u64::from(more);
        if magic != self.config.magic || length > end - u64::from(position.offset) {
            return Err(nothing());
        }
        let mut bytes = vec![0; usize::try_from(length).map_err(|_error| nothing())?];
        file.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that is done under the lock leaves it half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn write(
        &mut self,
        config: &FilesConfig,
        kind: Kind,
        file: u32,
        place: u32,
        bytes: &[u8],
    ) -> io::Result<()> {
        self.has_grown |= self.appender.write(config, kind, file, place, bytes)?;
        Ok(())
    }

    fn info(&mut self, number: u32) -> &mut FileInfo {
        let place = number as usize;
        if self.infos.len() <= place {
            self.infos.resize(place + 1, FileInfo::default());
        }
        &mut self.infos[place]
    }
}

fn length_of(record: &[u8]) -> Result<u32, FilesError> {
    u32::try_from(record.len()).map_err(|_error| FilesError::TooLarge(record.len()))
}

fn checksum(previous: BlockHash, undo: &[u8]) -> [u8; CHECKSUM as usize] {
    let mut engine = sha256d::Hash::engine();
    engine.input(previous.as_byte_array());
    engine.input(undo);
    sha256d::Hash::from_engine(engine).to_byte_array()
}
