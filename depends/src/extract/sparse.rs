//! Sparse files as POSIX headers describe them, in the three forms that GNU tar has written. (The older form, with an
//! entry type of its own, is known to the `tar` crate.)

use std::io::{self, BufRead as _, BufReader, Read, Write};

use tar::Entry;

use super::ExtractError;

/// The blocks of a file that are not holes.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Sparse {
    /// The file's path, where the entry's own is a stand-in.
    pub(super) name: Option<Vec<u8>>,
    /// The size of the file with its holes.
    pub(super) size: u64,
    /// Offset and length of each block; `None` if the list stands before the data.
    blocks: Option<Vec<(u64, u64)>>,
}

/// A header that cannot be understood.
#[derive(Debug)]
pub(super) struct Malformed;

impl Sparse {
    /// What the extended header of `entry` says; `None` if it speaks of no sparse file.
    pub(super) fn of(entry: &mut Entry<'_, impl Read>) -> Result<Option<Self>, Malformed> {
        let Some(records) = entry.pax_extensions().map_err(|_| Malformed)? else {
            return Ok(None);
        };
        let mut pairs = Vec::new();
        for record in records {
            let record = record.map_err(|_| Malformed)?;
            pairs.push((record.key_bytes().to_vec(), record.value_bytes().to_vec()));
        }
        Self::of_records(&pairs)
    }

    fn of_records(records: &[(Vec<u8>, Vec<u8>)]) -> Result<Option<Self>, Malformed> {
        let mut sparse = Self::default();
        let mut is_sparse = false;
        let mut blocks = Vec::new();
        let mut is_listed_here = true;
        for (key, value) in records {
            let Some(key) = key.strip_prefix(b"GNU.sparse.") else {
                continue;
            };
            is_sparse = true;
            match key {
                b"name" => sparse.name = Some(value.clone()),
                b"size" | b"realsize" => sparse.size = number(value)?,
                b"major" => is_listed_here = number(value)? == 0,
                b"offset" => blocks.push((number(value)?, 0)),
                b"numbytes" => blocks.last_mut().ok_or(Malformed)?.1 = number(value)?,
                b"map" => {
                    let numbers = value
                        .split(|&byte| byte == b',')
                        .map(number)
                        .collect::<Result<Vec<_>, _>>()?;
                    let (pairs, rest) = numbers.as_chunks::<2>();
                    if !rest.is_empty() {
                        return Err(Malformed);
                    }
                    blocks.extend(pairs.iter().map(|&[offset, length]| (offset, length)));
                }
                _ => {}
            }
        }
        sparse.blocks = is_listed_here.then_some(blocks);
        Ok(is_sparse.then_some(sparse))
    }

    /// Writes the file whose blocks `reader` gives.
    pub(super) fn expand(
        self,
        reader: impl Read,
        writer: &mut impl Write,
        read_error: impl Fn(io::Error) -> ExtractError,
    ) -> Result<(), ExtractError> {
        let malformed = || {
            read_error(io::Error::new(
                io::ErrorKind::InvalidData,
                "malformed sparse file",
            ))
        };
        let mut reader = BufReader::new(reader);
        let blocks = match self.blocks {
            Some(blocks) => blocks,
            None => read_blocks(&mut reader).map_err(&read_error)?,
        };
        let mut at = 0;
        for (offset, length) in blocks {
            let end = offset
                .checked_add(length)
                .filter(|&end| end <= self.size)
                .ok_or_else(malformed)?;
            let hole = offset.checked_sub(at).ok_or_else(malformed)?;
            io::copy(&mut io::repeat(0).take(hole), writer)?;
            let n_bytes = super::unpack::copy(&mut (&mut reader).take(length), writer, &read_error)?;
            if n_bytes != length {
                return Err(read_error(io::ErrorKind::UnexpectedEof.into()));
            }
            at = end;
        }
        io::copy(&mut io::repeat(0).take(self.size - at), writer)?;
        Ok(())
    }
}

/// The list that stands before the data: how many blocks, then each one's offset and length, a number a line, filled
/// up to a whole number of tar's blocks.
fn read_blocks(reader: &mut BufReader<impl Read>) -> io::Result<Vec<(u64, u64)>> {
    const N_BLOCKS: u64 = 1 << 20;
    const TAR_BLOCK: u64 = 512;
    let malformed = || {
        io::Error::new(
            io::ErrorKind::InvalidData,
            "malformed list of a sparse file's blocks",
        )
    };
    let mut n_read = 0;
    let mut next = || -> io::Result<u64> {
        let mut line = Vec::new();
        reader.by_ref().take(32).read_until(b'\n', &mut line)?;
        n_read += line.len() as u64;
        let digits = line.strip_suffix(b"\n").ok_or_else(malformed)?;
        number(digits).map_err(|Malformed| malformed())
    };
    let n_blocks = next()?;
    if n_blocks > N_BLOCKS {
        return Err(malformed());
    }
    let mut blocks = Vec::new();
    for _ in 0..n_blocks {
        blocks.push((next()?, next()?));
    }
    let padding = n_read.next_multiple_of(TAR_BLOCK) - n_read;
    io::copy(&mut reader.take(padding), &mut io::sink())?;
    Ok(blocks)
}

fn number(digits: &[u8]) -> Result<u64, Malformed> {
    str::from_utf8(digits)
        .map_err(|_| Malformed)?
        .parse()
        .map_err(|_| Malformed)
}
