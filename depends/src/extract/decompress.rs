//! The tar stream inside an archive, whose packing is told by its first bytes and never by its name.

use std::io::{self, BufReader, Read, Seek as _, SeekFrom};
use std::path::Path;

use super::ExtractError;

/// xz may ask for as much memory as the packer liked; the largest preset needs 65 MiB.
const XZ_MEMORY_KIB: u32 = 256 << 10;

/// Opens the tar stream of `archive`.
pub(super) fn open(archive: &Path) -> Result<Box<dyn Read>, ExtractError> {
    let mut file = fs_err::File::open(archive)?;
    let mut start = Vec::with_capacity(512);
    (&mut file).take(512).read_to_end(&mut start)?;
    file.seek(SeekFrom::Start(0))?;
    let reader = BufReader::with_capacity(128 << 10, file);
    Ok(match packing(&start) {
        Ok(Packing::Plain) => Box::new(reader),
        Ok(Packing::Gzip) => Box::new(flate2::bufread::MultiGzDecoder::new(reader)),
        Ok(Packing::Xz) => Box::new(lzma_rust2::XzReader::new_mem_limit(reader, true, XZ_MEMORY_KIB)),
        Ok(Packing::Bzip2) => Box::new(bzip2::bufread::MultiBzDecoder::new(reader)),
        Err(found) => {
            return Err(ExtractError::Format {
                archive: archive.to_owned(),
                found,
            });
        }
    })
}

#[derive(Debug, PartialEq, Eq)]
enum Packing {
    Plain,
    Gzip,
    Xz,
    Bzip2,
}

/// How a file that begins with `start` is packed, or what else it looks like.
fn packing(start: &[u8]) -> Result<Packing, &'static str> {
    const GZIP: &[u8] = &[0x1f, 0x8b];
    const XZ: &[u8] = &[0xfd, b'7', b'z', b'X', b'Z', 0];
    const ZSTANDARD: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];
    const LZIP: &[u8] = b"LZIP";
    if start.is_empty() {
        Err("an empty file")
    } else if start.starts_with(GZIP) {
        Ok(Packing::Gzip)
    } else if start.starts_with(XZ) {
        Ok(Packing::Xz)
    } else if start.starts_with(b"BZh") {
        Ok(Packing::Bzip2)
    } else if is_tar_header(start) {
        Ok(Packing::Plain)
    } else if start.starts_with(ZSTANDARD) {
        Err("packed with zstd")
    } else if start.starts_with(LZIP) {
        Err("packed with lzip")
    } else if start.starts_with(b"PK") {
        Err("a zip archive")
    } else if start.trim_ascii_start().starts_with(b"<") {
        Err("a web page or XML")
    } else {
        Err("of an unknown format")
    }
}

/// Whether a block is a tar header: its checksum, which every tar format has, is right.
fn is_tar_header(start: &[u8]) -> bool {
    let Ok(block) = <&[u8; 512]>::try_from(start) else {
        return false;
    };
    let header = tar::Header::from_byte_slice(block);
    let mut expected = header.clone();
    expected.set_cksum();
    let is_checked = |header: &tar::Header| -> io::Result<u32> { header.cksum() };
    matches!((is_checked(header), is_checked(&expected)), (Ok(left), Ok(right)) if left == right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_packing() {
        let mut header = tar::Header::new_gnu();
        header.set_cksum();
        for (start, expected) in [
            (&b"\x1f\x8b\x08"[..], Ok(Packing::Gzip)),
            (b"\xfd7zXZ\0", Ok(Packing::Xz)),
            (b"BZh9", Ok(Packing::Bzip2)),
            (header.as_bytes(), Ok(Packing::Plain)),
            (b"", Err("an empty file")),
            (b"\x28\xb5\x2f\xfd", Err("packed with zstd")),
            (b"PK\x03\x04", Err("a zip archive")),
            (b"\n <!doctype html>", Err("a web page or XML")),
            (&[0; 512], Err("of an unknown format")),
            (&[b'a'; 512], Err("of an unknown format")),
            (b"sources", Err("of an unknown format")),
        ] {
            assert_eq!(packing(start), expected, "{start:?}");
        }
    }
}
