//! Texts of the operating system, which need not be Unicode, cut and made without loss.

use std::ffi::{OsStr, OsString};

/// Cuts at the first `=`: the name, which is always ASCII when it is a known one, and the exact value.
#[cfg(unix)]
pub(crate) fn split_assignment(argument: &OsStr) -> (String, Option<OsString>) {
    use std::os::unix::ffi::OsStrExt as _;
    let bytes = argument.as_bytes();
    match bytes.iter().position(|byte| *byte == b'=') {
        Some(position) => {
            let value = OsStr::from_bytes(&bytes[position + 1..]).to_owned();
            (
                String::from_utf8_lossy(&bytes[..position]).into_owned(),
                Some(value),
            )
        }
        None => (argument.to_string_lossy().into_owned(), None),
    }
}

/// Cuts at the first `=`: the name, which is always ASCII when it is a known one, and the exact value.
#[cfg(windows)]
pub(crate) fn split_assignment(argument: &OsStr) -> (String, Option<OsString>) {
    use std::os::windows::ffi::{OsStrExt as _, OsStringExt as _};
    let units: Vec<u16> = argument.encode_wide().collect();
    match units.iter().position(|unit| *unit == u16::from(b'=')) {
        Some(position) => (
            String::from_utf16_lossy(&units[..position]),
            Some(OsString::from_wide(&units[position + 1..])),
        ),
        None => (argument.to_string_lossy().into_owned(), None),
    }
}

/// The text of a file's bytes: exact where paths are bytes.
#[cfg(unix)]
pub(crate) fn from_file_bytes(bytes: &[u8]) -> OsString {
    use std::os::unix::ffi::OsStrExt as _;
    OsStr::from_bytes(bytes).to_owned()
}

/// The text of a file's bytes, which are expected to be UTF-8.
#[cfg(windows)]
pub(crate) fn from_file_bytes(bytes: &[u8]) -> OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}
