//! Build paths in any file: as they are, in wide characters, and within what is compressed.

use std::borrow::Cow;
use std::io::{self, Read};

use flate2::read::{MultiGzDecoder, ZlibDecoder};
use object::{CompressionFormat, Object as _, ObjectSection};

use super::Rule;

/// What a compressed file may unpack to. Nothing of a package comes near it.
const LIMIT: u64 = 1 << 30;

/// What the names of sections with intermediate code begin with.
const INTERMEDIATE_CODE: &[u8] = b".gnu.lto_";

pub(super) fn check(bytes: &[u8], needles: &[Vec<u8>], report: &mut dyn FnMut(Rule, String)) {
    let bytes = &*without_intermediate_code(bytes);
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

/// The bytes of the file, with zeros where gcc keeps its intermediate code for link-time optimisation.
///
/// The code names its source's path whatever the compiler is told, in a form that hides the path only as a rule.
fn without_intermediate_code(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !contains(bytes, INTERMEDIATE_CODE) {
        return Cow::Borrowed(bytes);
    }
    let mut copy = bytes.to_vec();
    for object in super::binary::objects(bytes) {
        let start = object.as_ptr().addr() - bytes.as_ptr().addr();
        let Ok(file) = object::File::parse(object) else {
            continue;
        };
        for section in file.sections() {
            let is_code = section
                .name_bytes()
                .is_ok_and(|name| name.starts_with(INTERMEDIATE_CODE));
            let (true, Some((offset, size))) = (is_code, section.file_range()) else {
                continue;
            };
            let (Ok(offset), Ok(size)) = (usize::try_from(offset), usize::try_from(size)) else {
                continue;
            };
            if let Some(code) = copy.get_mut(start + offset..start + offset + size) {
                code.fill(0);
            }
        }
    }
    Cow::Owned(copy)
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
