//! Where something lies in the numbered files of blocks and undo data.

use std::fmt;

/// A place in a numbered file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FilePosition {
    /// The file's number.
    pub file: u32,
    /// Where the data begins, in bytes from the file's beginning. The eight bytes before it are not part of the data.
    pub offset: u32,
}

impl fmt::Display for FilePosition {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "byte {} of file {}", self.offset, self.file)
    }
}
