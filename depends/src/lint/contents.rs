//! Build paths in any file: as they are, in wide characters, and within what is compressed.

use std::io::{self, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use object::{CompressionFormat, Object as _, ObjectSection};

use super::Rule;

/// What a compressed file may unpack to. Nothing of a package comes near it.
const LIMIT: u64 = 1 << 30;

pub(super) fn check(bytes: &[u8], needles: &[Vec<u8>], report: &mut dyn FnMut(Rule, String)) {
    let wide: Vec<Vec<u8>> = needles.iter().map(|needle| widen(needle)).collect();
    let mut look = |bytes: &[u8], place: &str| {
        if needles.iter().chain(&wide).any(|needle| contains(bytes, needle)) {
            report(
                Rule::BuildPath,
                format!("names the directory that it was built in{place}"),
            );
            return true;
        }
        false
    };
    if look(bytes, "") {
        return;
    }
    if let Some(unpacked) = unpack(bytes) {
        look(&unpacked, ", in its compressed contents");
        return;
    }
    for unpacked in compressed_sections(bytes) {
        if look(&unpacked, ", in a compressed section") {
            return;
        }
    }
}

/// The contents of a compressed file. What cannot be unpacked is not compressed, whatever it begins with.
fn unpack(bytes: &[u8]) -> Option<Vec<u8>> {
    match bytes {
        [0x1f, 0x8b, ..] => read(MultiGzDecoder::new(bytes)),
        [b'B', b'Z', b'h', ..] => read(bzip2::read::MultiBzDecoder::new(bytes)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => read(lzma_rust2::XzReader::new(bytes, true)),
        _ => None,
    }
}

/// The sections of an object, or of the objects in a static library, that are compressed with zlib.
fn compressed_sections(bytes: &[u8]) -> Vec<Vec<u8>> {
    super::binary::objects(bytes)
        .filter_map(|object| object::File::parse(object).ok())
        .flat_map(|file| {
            file.sections()
                .filter_map(|section| inflate(&section))
                .collect::<Vec<_>>()
        })
        .collect()
}

fn inflate<'data>(section: &impl ObjectSection<'data>) -> Option<Vec<u8>> {
    let data = section.compressed_data().ok()?;
    (data.format == CompressionFormat::Zlib).then(|| read(ZlibDecoder::new(data.data)))?
}

fn read(reader: impl Read) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let result: io::Result<usize> = reader.take(LIMIT).read_to_end(&mut bytes);
    result.ok().map(|_| bytes)
}

/// The text as Windows programs keep it.
pub(super) fn widen(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|byte| [*byte, 0]).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(first) = needle.first() else {
        return false;
    };
    let mut rest = haystack;
    while let Some(at) = rest.iter().position(|byte| byte == first) {
        if rest[at..].starts_with(needle) {
            return true;
        }
        rest = &rest[at + 1..];
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_found_wherever_it_stands() {
        assert!(contains(b"//build/a", b"/build/a"));
        assert!(!contains(b"/build/b", b"/build/a"));
        assert!(!contains(b"", b"/build/a"));
    }
}
