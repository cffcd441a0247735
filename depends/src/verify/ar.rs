//! Static libraries: which member a byte belongs to. Only the form that GNU and LLVM tools write is known.

use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

const MAGIC: &[u8; 8] = b"!<arch>\n";
const HEADER: usize = 60;

/// The name of the member that the byte at `offset` lies in, and the byte's offset in it; the offset is zero where the
/// byte lies in the member's header. `None` where the file is no library, or has no such member.
pub(super) fn member_at(path: &Path, offset: u64) -> io::Result<Option<(String, u64)>> {
    let mut file = io::BufReader::new(fs_err::File::open(path)?);
    let mut magic = [0; MAGIC.len()];
    if file.read_exact(&mut magic).is_err() || magic != *MAGIC {
        return Ok(None);
    }
    let mut position = MAGIC.len() as u64;
    let mut long_names = Vec::new();
    loop {
        let mut header = [0; HEADER];
        file.seek(SeekFrom::Start(position))?;
        if file.read_exact(&mut header).is_err() {
            return Ok(None);
        }
        let Some(size) = number(&header[48..58]) else {
            return Ok(None);
        };
        let name = String::from_utf8_lossy(&header[..16]).trim_end().to_owned();
        let begin = position + HEADER as u64;
        if name == "//" {
            long_names = vec![0; usize::try_from(size).unwrap_or(0)];
            if file.read_exact(&mut long_names).is_err() {
                return Ok(None);
            }
        }
        if offset < begin + size {
            return Ok(Some((resolve(&name, &long_names), offset.saturating_sub(begin))));
        }
        // Members begin at even offsets.
        position = begin + size + size % 2;
    }
}

/// The member's name: its own, or where it only points there, that in the table of long names.
fn resolve(name: &str, long_names: &[u8]) -> String {
    match name {
        "/" | "/SYM64/" => return "the index of symbols".to_owned(),
        "//" => return "the table of names".to_owned(),
        _ => {}
    }
    let long = name
        .strip_prefix('/')
        .and_then(|offset| offset.parse().ok())
        .and_then(|offset: usize| long_names.get(offset..));
    match long {
        Some(rest) => {
            let end = rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len());
            String::from_utf8_lossy(&rest[..end])
                .trim_end_matches('/')
                .to_owned()
        }
        None => name.trim_end_matches('/').to_owned(),
    }
}

fn number(field: &[u8]) -> Option<u64> {
    std::str::from_utf8(field).ok()?.trim().parse().ok()
}
