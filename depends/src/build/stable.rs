//! Bytes that tell who built a package and when, in files whose formats have a place for them: put to rest.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::{BuildError, Context};
use crate::archive::walk;

/// What static libraries begin with.
const AR: &[u8] = b"!<arch>\n";
/// The length of what stands before each member of a static library.
const AR_HEADER: usize = 60;
/// What compressed files begin with: gzip's number, and the one method that there is.
const GZIP: &[u8] = &[0x1f, 0x8b, 8];
/// Whether a checksum of the header follows it.
const GZIP_HEADER_CHECKSUM: u8 = 1 << 1;

impl Context<'_> {
    /// Takes times, owners and modes out of static libraries, and times out of gzip's files.
    pub(super) fn make_stable(&self) -> Result<(), BuildError> {
        let prefix = self.staged_prefix();
        for path in walk(&prefix)? {
            let full = prefix.join(&path);
            if !full.symlink_metadata()?.is_file() {
                continue;
            }
            let extension = path.extension().and_then(|extension| extension.to_str());
            match extension {
                Some("a" | "lib") => rewrite(&full, without_owners)?,
                Some("gz" | "tgz" | "svgz") => rewrite(&full, without_time)?,
                _ => {}
            }
        }
        Ok(())
    }
}

fn rewrite(path: &Path, change: impl Fn(&mut [u8]) -> bool) -> Result<(), BuildError> {
    let mut bytes = fs_err::read(path)?;
    if change(&mut bytes) {
        let mode = fs_err::metadata(path)?.permissions().mode();
        // A library may be read-only.
        fs_err::set_permissions(path, Permissions::from_mode(mode | 0o200))?;
        fs_err::write(path, bytes)?;
        fs_err::set_permissions(path, Permissions::from_mode(mode))?;
    }
    Ok(())
}

/// Writes what `ar D` writes over what members say of their files; `false` where nothing was to be done.
fn without_owners(bytes: &mut [u8]) -> bool {
    if !bytes.starts_with(AR) {
        return false;
    }
    let mut at = AR.len();
    let mut changed = false;
    while let Some(header) = bytes.get_mut(at..at + AR_HEADER) {
        let length = str::from_utf8(&header[48..58])
            .ok()
            .and_then(|length| length.trim().parse::<usize>().ok());
        let Some(length) = length.filter(|_| header.ends_with(b"`\n")) else {
            // Damaged: the checks will say so.
            return changed;
        };
        // The table of long names has blanks here, the index zeros.
        if header[16..48].iter().any(|byte| *byte != b' ') {
            let is_index = header.starts_with(b"/ ") || header.starts_with(b"/SYM64/");
            let mode = if is_index { "0" } else { "644" };
            let quiet = format!("{:<12}{:<6}{:<6}{mode:<8}", 0, 0, 0);
            changed |= header[16..48] != *quiet.as_bytes();
            header[16..48].copy_from_slice(quiet.as_bytes());
        }
        at += AR_HEADER + length + length % 2;
    }
    changed
}

/// Writes no time over the time of a file that gzip has packed; `false` where nothing was to be done.
fn without_time(bytes: &mut [u8]) -> bool {
    let is_plain = bytes.starts_with(GZIP) && bytes.len() > 10 && bytes[3] & GZIP_HEADER_CHECKSUM == 0;
    if !is_plain || bytes[4..8] == [0; 4] {
        return false;
    }
    bytes[4..8].fill(0);
    true
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    fn run(directory: &Path, program: &str, arguments: &[&str]) {
        let status = Command::new(program)
            .args(arguments)
            .current_dir(directory)
            .status();
        assert!(status.unwrap().success(), "{program}");
    }

    #[test]
    fn a_library_becomes_what_the_archiver_makes_when_told_to_be_deterministic() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let long = "a_name_that_does_not_fit_into_a_header.o";
        fs_err::write(path.join("x.c"), "int x;\n").unwrap();
        for object in ["x.o", long] {
            run(path, "gcc", &["-c", "-o", object, "x.c"]);
        }
        fs_err::set_permissions(path.join("x.o"), Permissions::from_mode(0o600)).unwrap();
        run(path, "ar", &["rcD", "deterministic.a", "x.o", long]);
        run(path, "ar", &["rcU", "plain.a", "x.o", long]);
        let mut expected = fs_err::read(path.join("deterministic.a")).unwrap();
        assert_ne!(fs_err::read(path.join("plain.a")).unwrap(), expected);
        rewrite(&path.join("plain.a"), without_owners).unwrap();
        assert_eq!(fs_err::read(path.join("plain.a")).unwrap(), expected);
        assert!(!without_owners(&mut expected));
    }

    #[test]
    fn what_is_damaged_or_another_format_stays_as_it_is() {
        for bytes in [
            &b""[..],
            b"!<arch>\n",
            b"!<arch>\nshort",
            b"text",
            &[0x1f, 0x8b, 8],
        ] {
            assert!(!without_owners(&mut bytes.to_vec()));
            assert!(!without_time(&mut bytes.to_vec()));
        }
    }

    #[test]
    fn a_packed_file_keeps_all_but_its_time() {
        use std::io::{Read as _, Write as _};
        let mut encoder = flate2::GzBuilder::new()
            .mtime(77)
            .filename("x")
            .write(Vec::new(), flate2::Compression::best());
        encoder.write_all(b"text").unwrap();
        let mut bytes = encoder.finish().unwrap();
        assert!(without_time(&mut bytes));
        assert!(!without_time(&mut bytes));
        let mut text = String::new();
        let mut decoder = flate2::read::GzDecoder::new(&bytes[..]);
        decoder.read_to_string(&mut text).unwrap();
        assert_eq!(
            (text.as_str(), decoder.header().unwrap().filename()),
            ("text", Some(&b"x"[..]))
        );
    }
}
