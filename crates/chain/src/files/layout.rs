//! Where the files are, and how large they become.

use std::path::PathBuf;

/// How large files become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSizes {
    /// 128 MiB of blocks, for which room is made by 16 MiB.
    Normal,
    /// 64 KiB of blocks, for which room is made by 16 KiB: so that few blocks make many files (`-fastprune`).
    Small,
}

impl FileSizes {
    /// How many bytes of blocks a file has fewer than.
    pub(super) fn largest(self) -> u32 {
        match self {
            Self::Normal => 128 << 20,
            Self::Small => 64 << 10,
        }
    }
}

/// Where the files are, and how they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilesConfig {
    /// The directory, which must be there.
    pub directory: PathBuf,
    /// The bytes that the chain's messages begin with.
    pub magic: [u8; 4],
    /// How large files become.
    pub sizes: FileSizes,
}

/// What is in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Blocks,
    Undo,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Blocks => "blk",
            Self::Undo => "rev",
        }
    }
}

impl FilesConfig {
    /// Where a file of blocks is.
    #[must_use]
    pub fn block_file(&self, number: u32) -> PathBuf {
        self.path(Kind::Blocks, number)
    }

    pub(super) fn path(&self, kind: Kind, number: u32) -> PathBuf {
        self.directory.join(format!("{}{number:05}.dat", kind.name()))
    }

    /// Which of the files has a name.
    pub(super) fn number_of(kind: Kind, name: &str) -> Option<u32> {
        let digits = name.strip_prefix(kind.name())?.strip_suffix(".dat")?;
        let is_number = digits.len() >= 5 && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse().ok().filter(|_| is_number)
    }

    /// By how many bytes room is made.
    pub(super) fn chunk(&self, kind: Kind) -> u32 {
        match (kind, self.sizes) {
            (Kind::Blocks, FileSizes::Normal) => 16 << 20,
            (Kind::Blocks, FileSizes::Small) => 16 << 10,
            (Kind::Undo, _) => 1 << 20,
        }
    }
}
