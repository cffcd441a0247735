//! Two files that differ: where they begin to, and what stands there.

use std::io::{self, BufReader, Read as _};
use std::path::Path;

use super::ar;

/// How many bytes are shown before the first that differs, and from it on.
const BEFORE: usize = 8;
const AFTER: usize = 16;

/// Where two files begin to differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The offset of the first byte that differs, or the size of the shorter file.
    pub offset: u64,
    /// The sizes of the file in the cache and of the other, in bytes.
    pub sizes: (u64, u64),
    /// The offset of the first byte that is shown.
    pub shown_from: u64,
    /// Bytes around the offset in the cache's file.
    pub archived: Vec<u8>,
    /// The same bytes of the other.
    pub rebuilt: Vec<u8>,
    /// In a static library, the member that the offset lies in, and the offset in it.
    pub member: Option<(String, u64)>,
}

/// Where the two files begin to differ, if they do.
pub(super) fn compare(archived: &Path, rebuilt: &Path) -> io::Result<Option<Content>> {
    let sizes = (
        fs_err::metadata(archived)?.len(),
        fs_err::metadata(rebuilt)?.len(),
    );
    let left = BufReader::new(fs_err::File::open(archived)?).bytes();
    let mut right = BufReader::new(fs_err::File::open(rebuilt)?).bytes();
    let mut offset = 0;
    for byte in left {
        let byte = byte?;
        if right.next().transpose()? != Some(byte) {
            break;
        }
        offset += 1;
    }
    if offset == sizes.0 && offset == sizes.1 {
        return Ok(None);
    }
    let shown_from = offset.saturating_sub(BEFORE as u64);
    Ok(Some(Content {
        offset,
        sizes,
        shown_from,
        archived: part(archived, shown_from)?,
        rebuilt: part(rebuilt, shown_from)?,
        member: ar::member_at(archived, offset)?,
    }))
}

fn part(path: &Path, from: u64) -> io::Result<Vec<u8>> {
    use std::io::Seek as _;
    let mut file = fs_err::File::open(path)?;
    file.seek(io::SeekFrom::Start(from))?;
    let mut bytes = Vec::new();
    file.take((BEFORE + AFTER) as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}
