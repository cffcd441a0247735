mod only;

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;
use tar::{EntryType, Header};
use tempfile::TempDir;

use super::*;
use crate::tree;

/// An archive written field by field: nothing is refused here.
#[derive(Default)]
struct Fixture(Vec<u8>);

impl Fixture {
    fn entry(self, kind: EntryType, mode: u32, path: &[u8], link: &[u8], content: &[u8]) -> Self {
        let mut header = Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.as_old_mut().linkname[..link.len()].copy_from_slice(link);
        header.set_entry_type(kind);
        header.set_mode(mode);
        header.set_mtime(1_234_567);
        header.set_size(content.len() as u64);
        header.set_cksum();
        self.header(&header, content)
    }

    fn header(mut self, header: &Header, content: &[u8]) -> Self {
        self.0.extend(header.as_bytes());
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn file(self, path: &str, content: &str) -> Self {
        self.entry(
            EntryType::Regular,
            0o600,
            path.as_bytes(),
            b"",
            content.as_bytes(),
        )
    }

    fn directory(self, path: &str) -> Self {
        self.entry(EntryType::Directory, 0o700, path.as_bytes(), b"", b"")
    }

    fn symlink(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Symlink, 0o777, path.as_bytes(), target.as_bytes(), b"")
    }

    fn hard_link(self, path: &str, target: &str) -> Self {
        self.entry(EntryType::Link, 0o644, path.as_bytes(), target.as_bytes(), b"")
    }

    /// An extended header for the entry that follows.
    fn pax(self, kind: EntryType, records: &[(&str, &str)]) -> Self {
        let mut text = String::new();
        for (key, value) in records {
            let rest = format!(" {key}={value}\n");
            let mut length = rest.len() + 1;
            while length != rest.len() + length.to_string().len() {
                length += 1;
            }
            text.push_str(&format!("{length}{rest}"));
        }
        self.entry(kind, 0o644, b"pax", b"", text.as_bytes())
    }

    fn bytes(mut self) -> Vec<u8> {
        self.0.extend([0; 1024]);
        self.0
    }
}

struct Place {
    directory: TempDir,
}

impl Place {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        Self { directory }
    }

    fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    fn extract(&self, archive: &[u8], root: Option<&str>) -> Result<(), ExtractError> {
        let limits = Limits {
            n_entries: 50,
            n_bytes: 1 << 20,
        };
        let path = self.directory.path().join("archive.tar");
        fs_err::write(&path, archive).unwrap();
        extract_within(&path, root, &[], &self.tree(), limits)
    }

    /// What is beside the archive.
    fn left(&self) -> Vec<String> {
        let mut names: Vec<String> = fs_err::read_dir(self.directory.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "archive.tar")
            .collect();
        names.sort();
        names
    }

    /// The tree's paths, with what stands there.
    fn listing(&self) -> String {
        fn list(root: &Path, prefix: &Path, lines: &mut Vec<String>) {
            for entry in fs_err::read_dir(root.join(prefix)).unwrap() {
                let entry = entry.unwrap();
                let path = prefix.join(entry.file_name());
                let metadata = fs_err::symlink_metadata(entry.path()).unwrap();
                assert_eq!(metadata.modified().unwrap(), crate::tree::modified(), "{path:?}");
                let mode = metadata.permissions().mode() & 0o7777;
                if metadata.is_symlink() {
                    let target = fs_err::read_link(entry.path()).unwrap();
                    lines.push(format!("{} -> {}", path.display(), target.display()));
                } else if metadata.is_dir() {
                    lines.push(format!("{}/ {mode:o}", path.display()));
                    list(root, &path, lines);
                } else {
                    let content = fs_err::read(entry.path()).unwrap();
                    let content = String::from_utf8_lossy(&content).into_owned();
                    lines.push(format!("{} {mode:o} {content}", path.display()));
                }
            }
        }
        let mut lines = Vec::new();
        list(&self.tree(), Path::new(""), &mut lines);
        lines.sort();
        lines.join("\n")
    }
}

fn check(archive: Fixture, root: Option<&str>, expected: &str) {
    let place = Place::new();
    place.extract(&archive.bytes(), root).unwrap();
    assert_eq!(place.listing(), expected);
    assert_eq!(place.left(), ["tree"]);
}

fn check_refused(archive: Fixture, root: Option<&str>, expected: &str) {
    let place = Place::new();
    let error = place.extract(&archive.bytes(), root).unwrap_err();
    let archive = place.directory.path().join("archive.tar");
    let text = error
        .to_string()
        .replace(&archive.display().to_string(), "ARCHIVE");
    assert_eq!(text, expected);
    assert_eq!(place.left(), [""; 0]);
}

fn package() -> Fixture {
    Fixture::default()
        .directory("p-1/")
        .file("p-1/README", "read")
        .entry(EntryType::Regular, 0o755, b"p-1/configure", b"", b"#!")
        .file("p-1/src/deep/a.c", "int a;")
        .symlink("p-1/link", "src/deep")
        .hard_link("p-1/hard", "p-1/configure")
}

#[test]
fn the_root_decides_what_becomes_the_tree() {
    let whole = "README 644 read\nconfigure 755 #!\nhard 755 #!\nlink -> src/deep\nsrc/ 755\nsrc/deep/ 755\nsrc/deep/a.c 644 int a;";
    check(package(), None, whole);
    check(package(), Some("p-1"), whole);
    check(package(), Some("./p-1/"), whole);
    check(package(), Some("p-1/src"), "deep/ 755\ndeep/a.c 644 int a;");
    check(
        package().file("other", "x"),
        Some(""),
        "other 644 x\np-1/ 755\np-1/README 644 read\np-1/configure 755 #!\np-1/hard 755 #!\np-1/link -> src/deep\np-1/src/ 755\np-1/src/deep/ 755\np-1/src/deep/a.c 644 int a;",
    );
}

#[test]
fn roots_that_are_not_there_are_refused_with_what_is_there() {
    check_refused(
        package().file("other", "x"),
        None,
        "ARCHIVE has no single top-level directory; at its top there is other, p-1",
    );
    check_refused(
        Fixture::default().file("only", "x"),
        None,
        "ARCHIVE has no single top-level directory; at its top there is only",
    );
    check_refused(
        Fixture::default()
            .directory("./")
            .file("./.hidden/a", "x")
            .file("b", ""),
        None,
        "ARCHIVE has no single top-level directory; at its top there is .hidden, b",
    );
    check_refused(
        package(),
        Some("p-2"),
        "ARCHIVE holds no directory \"p-2\"; at its top there is p-1",
    );
    check_refused(
        package(),
        Some("p-1/README"),
        "ARCHIVE holds no directory \"p-1/README\"; at its top there is p-1",
    );
    check_refused(
        package(),
        Some("p-1/link"),
        "ARCHIVE holds no directory \"p-1/link\"; at its top there is p-1",
    );
    for root in ["..", "/p-1", "p-1/../p-1"] {
        let expected = format!("ARCHIVE: the root {root:?} is not a relative path without `..`");
        check_refused(package(), Some(root), &expected);
    }
}

#[test]
fn entries_that_could_reach_outside_the_tree_are_refused() {
    let entry = |kind, path: &[u8], link: &[u8]| package().entry(kind, 0o644, path, link, b"");
    let regular = |path: &[u8]| entry(EntryType::Regular, path, b"");
    for (archive, expected) in [
        (regular(b"../x"), r#""../x" leads upwards with `..`"#),
        (
            regular(b"p-1/../../x"),
            r#""p-1/../../x" leads upwards with `..`"#,
        ),
        (regular(b"p-1/.."), r#""p-1/.." leads upwards with `..`"#),
        (regular(b"/etc/x"), r#""/etc/x" is an absolute path"#),
        (regular(b""), r#""" is not a path"#),
        (regular(b"./"), ""),
        (regular(b"."), r#""." is not a path"#),
        (
            regular(b"p-1/link/x"),
            r#""p-1/link/x" lies below "p-1/link", which is not a directory"#,
        ),
        (
            regular(b"p-1/README/x"),
            r#""p-1/README/x" lies below "p-1/README", which is not a directory"#,
        ),
        (regular(b"p-1/README"), r#""p-1/README" is in the archive twice"#),
        (
            regular(b"p-1/./README"),
            r#""p-1/./README" is in the archive twice"#,
        ),
        (regular(b"p-1/link"), r#""p-1/link" is in the archive twice"#),
        (regular(b"p-1/src"), r#""p-1/src" is in the archive twice"#),
        (
            package().directory("p-1/link"),
            r#""p-1/link" is in the archive twice"#,
        ),
        (package().symlink("p-1", "x"), r#""p-1" is in the archive twice"#),
        (
            entry(EntryType::Char, b"p-1/x", b""),
            r#""p-1/x" is a character device"#,
        ),
        (
            entry(EntryType::Block, b"p-1/x", b""),
            r#""p-1/x" is a block device"#,
        ),
        (
            entry(EntryType::Fifo, b"p-1/x", b""),
            r#""p-1/x" is a named pipe"#,
        ),
        (
            entry(EntryType::new(b'V'), b"p-1/x", b""),
            r#""p-1/x" is of a kind that source archives do not have"#,
        ),
        (
            package().symlink("p-1/x", "/etc"),
            r#""p-1/x" is a link to "/etc", which is outside the source tree"#,
        ),
        (
            package().symlink("p-1/x", ".."),
            r#""p-1/x" is a link to "..", which is outside the source tree"#,
        ),
        (
            package()
                .symlink("p-1/src/up", "..")
                .symlink("p-1/x", "src/up/../p-1"),
            r#""p-1/x" is a link to "src/up/../p-1", which is outside the source tree"#,
        ),
        (
            package().symlink("p-1/x", "x"),
            r#""p-1/x" is a link to "x", which leads in a circle"#,
        ),
        (package().symlink("p-1/x", ""), r#""p-1/x" is not a path"#),
        (
            package().hard_link("p-1/x", "../x"),
            r#""p-1/x" is a link to "../x", which is outside the source tree"#,
        ),
        (
            package().hard_link("p-1/x", "/etc/passwd"),
            r#""p-1/x" is a link to "/etc/passwd", which is outside the source tree"#,
        ),
        (
            package().hard_link("p-1/x", "p-1/link/a.c"),
            r#""p-1/x" is a hard link to "p-1/link/a.c", which is no file before it in the tree"#,
        ),
        (
            package().hard_link("p-1/x", "p-1/link"),
            r#""p-1/x" is a hard link to "p-1/link", which is no file before it in the tree"#,
        ),
        (
            package()
                .pax(EntryType::XHeader, &[("path", "p-1/a/../../../x")])
                .file("p-1/x", ""),
            r#""p-1/a/../../../x" leads upwards with `..`"#,
        ),
        (
            package()
                .pax(EntryType::XHeader, &[("path", "p-1/a\0b")])
                .file("p-1/x", ""),
            r#""p-1/a\0b" is not a path"#,
        ),
        (
            package()
                .entry(EntryType::XHeader, 0, b"pax", b"", b"99 path=x\n")
                .file("p-1/x", ""),
            r#""p-1/x" has a malformed extended header"#,
        ),
    ] {
        if expected.is_empty() {
            let place = Place::new();
            place.extract(&archive.bytes(), None).unwrap();
        } else {
            check_refused(archive, None, &format!("ARCHIVE: {expected}"));
        }
    }
    // A hard link may not bring in what was not unpacked.
    check_refused(
        package().hard_link("p-1/src/x", "p-1/README"),
        Some("p-1/src"),
        r#"ARCHIVE: "p-1/src/x" is a link to "p-1/README", which is outside the source tree"#,
    );
}

#[test]
fn archives_that_unpack_to_too_much_are_refused() {
    let many = (0..60).fold(Fixture::default(), |archive, n| {
        archive.file(&format!("p/{n}"), "")
    });
    check_refused(many, None, "ARCHIVE unpacks to more than 50 entries");
    let deep = Fixture::default()
        .file(&"d/".repeat(49), "")
        .file("d/x", "")
        .file("d/y", "");
    check_refused(deep, None, "ARCHIVE unpacks to more than 50 entries");
    let half = "x".repeat(600 << 10);
    let large = Fixture::default().file("p/a", &half).file("p/b", &half);
    check_refused(large, None, "ARCHIVE unpacks to more than 1048576 bytes");
    let copies = Fixture::default().file("p/a", &half).hard_link("p/b", "p/a");
    check_refused(copies, None, "ARCHIVE unpacks to more than 1048576 bytes");
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..3].copy_from_slice(b"p/a");
    header.set_mode(0o644);
    header.set_size(1 << 50);
    header.set_cksum();
    let claims = Fixture::default().header(&header, b"");
    check_refused(claims, None, "ARCHIVE unpacks to more than 1048576 bytes");
    header.set_size(5 << 20);
    header.set_entry_type(EntryType::GNULongName);
    header.set_cksum();
    let long_name = Fixture::default().header(&header, &vec![b'a'; 5 << 20]);
    check_refused(long_name, None, "ARCHIVE is damaged or cannot be read");
}

#[test]
fn what_packers_write_is_understood() {
    let long = format!("p/{}/{}", "d".repeat(90), "f".repeat(90));
    let (directory, file) = (&long[2..92], &long[93..]);
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = Header::new_gnu();
    header.set_mode(0o664);
    header.set_size(1);
    builder.append_data(&mut header, &long, &b"x"[..]).unwrap();
    let gnu = builder.into_inner().unwrap();
    let expected = format!("{directory}/ 755\n{directory}/{file} 644 x");
    let place = Place::new();
    place.extract(&gnu, None).unwrap();
    assert_eq!(place.listing(), expected);
    let pax = Fixture::default()
        .pax(EntryType::XGlobalHeader, &[("comment", "0123456789abcdef")])
        .pax(EntryType::XHeader, &[("mtime", "1.5"), ("path", &long)])
        .file("short", "x");
    check(pax, None, &expected);
    // Version 7 archives have no entry type for directories.
    let old = Fixture::default()
        .entry(EntryType::new(0), 0o755, b"p/d/", b"", b"")
        .file("p/f", "x");
    check(old, None, "d/ 755\nf 644 x");
    check(
        Fixture::default()
            .directory("./")
            .directory("./p")
            .file("./p//f", "x"),
        None,
        "f 644 x",
    );
}

#[test]
fn sparse_files_are_filled_up() {
    let expected = "f 644 ab\0\0\0\0cd\0\0";
    let version_0_0 = Fixture::default()
        .pax(
            EntryType::XHeader,
            &[
                ("GNU.sparse.size", "10"),
                ("GNU.sparse.numblocks", "2"),
                ("GNU.sparse.offset", "0"),
                ("GNU.sparse.numbytes", "2"),
                ("GNU.sparse.offset", "6"),
                ("GNU.sparse.numbytes", "2"),
            ],
        )
        .file("p/f", "abcd");
    check(version_0_0, None, expected);
    let version_0_1 = Fixture::default()
        .pax(
            EntryType::XHeader,
            &[
                ("GNU.sparse.size", "10"),
                ("GNU.sparse.map", "0,2,6,2"),
                ("GNU.sparse.name", "p/f"),
            ],
        )
        .file("GNUSparseFile.0/f", "abcd");
    check(version_0_1, None, expected);
    let version_1_0 = |list: &str| {
        let content = format!("{list}{}abcd", "\0".repeat(512 - list.len()));
        Fixture::default()
            .pax(
                EntryType::XHeader,
                &[
                    ("GNU.sparse.major", "1"),
                    ("GNU.sparse.minor", "0"),
                    ("GNU.sparse.realsize", "10"),
                    ("GNU.sparse.name", "p/f"),
                ],
            )
            .file("GNUSparseFile.0/f", &content)
    };
    check(version_1_0("2\n0\n2\n6\n2\n"), None, expected);
    for list in [
        "2\n6\n2\n0\n2\n",
        "1\n0\n11\n",
        "1\n0\n9\n",
        "9999999999\n",
        "x\n",
        "1\n18446744073709551615\n2\n",
    ] {
        check_refused(version_1_0(list), None, "ARCHIVE is damaged or cannot be read");
    }
    let mut header = Header::new_gnu();
    header.as_old_mut().name[..3].copy_from_slice(b"p/f");
    header.set_entry_type(EntryType::GNUSparse);
    header.set_mode(0o644);
    header.set_size(514);
    let gnu = header.as_gnu_mut().unwrap();
    gnu.set_real_size(1026);
    gnu.sparse[0].set_offset(0);
    gnu.sparse[0].set_length(512);
    gnu.sparse[1].set_offset(1024);
    gnu.sparse[1].set_length(2);
    header.set_cksum();
    let content = "a".repeat(514);
    let expected = format!("f 644 {}{}aa", "a".repeat(512), "\0".repeat(512));
    check(
        Fixture::default().header(&header, content.as_bytes()),
        None,
        &expected,
    );
}

#[test]
fn every_packing_unpacks_to_the_same_tree() {
    let plain = package().bytes();
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(&plain).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(&plain).unwrap();
    let mut xz = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    xz.write_all(&plain).unwrap();
    let packed = [
        gzip.finish().unwrap(),
        bzip2.finish().unwrap(),
        xz.finish().unwrap(),
    ];
    let place = Place::new();
    place.extract(&plain, None).unwrap();
    let digest = tree::digest(&place.tree()).unwrap();
    for bytes in &packed {
        let place = Place::new();
        place.extract(bytes, None).unwrap();
        assert_eq!(tree::digest(&place.tree()).unwrap(), digest);
    }
    for bytes in packed.iter().chain([&plain]) {
        for length in [10, bytes.len() / 3] {
            let place = Place::new();
            place.extract(&bytes[..length], None).unwrap_err();
            assert_eq!(place.left(), [""; 0]);
        }
    }
}

#[test]
fn what_stands_at_the_trees_place_is_not_touched() {
    for make in [
        |path: &Path| fs_err::create_dir(path).unwrap(),
        |path: &Path| fs_err::write(path, "mine").unwrap(),
        |path: &Path| symlink("nowhere", path).unwrap(),
    ] {
        let place = Place::new();
        make(&place.tree());
        let error = place.extract(&package().bytes(), None).unwrap_err();
        assert!(matches!(error, ExtractError::Exists { .. }), "{error}");
        assert_eq!(place.left(), ["tree"]);
    }
}

fn path_strategy() -> impl Strategy<Value = String> {
    let component = prop::sample::select(vec!["a", "b", "..", ".", "", "link", "c"]);
    prop::collection::vec(component, 0..5).prop_map(|components| components.join("/"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_archive_reaches_outside_the_tree(
        entries in prop::collection::vec((0..4_usize, path_strategy(), path_strategy()), 1..12),
    ) {
        let mut archive = Fixture::default();
        for (kind, path, target) in &entries {
            archive = match kind {
                0 => archive.file(path, target),
                1 => archive.directory(path),
                2 => archive.symlink(path, target),
                _ => archive.hard_link(path, target),
            };
        }
        let place = Place::new();
        let outside = place.directory.path().join("a");
        fs_err::write(&outside, "untouched").unwrap();
        let is_unpacked = place.extract(&archive.bytes(), Some("")).is_ok();
        let expected = if is_unpacked { vec!["a", "tree"] } else { vec!["a"] };
        prop_assert_eq!(place.left(), expected);
        prop_assert_eq!(fs_err::read_to_string(&outside).unwrap(), "untouched");
        if is_unpacked {
            let root = fs_err::canonicalize(place.tree()).unwrap();
            let mut pending = vec![root.clone()];
            while let Some(directory) = pending.pop() {
                for entry in fs_err::read_dir(directory).unwrap() {
                    let path = entry.unwrap().path();
                    if fs_err::symlink_metadata(&path).unwrap().is_dir() {
                        pending.push(path);
                    } else if let Ok(real) = fs_err::canonicalize(&path) {
                        prop_assert!(real.starts_with(&root), "{:?}", real);
                    }
                }
            }
        }
    }

    #[test]
    fn damaged_archives_fail_without_a_trace(at in 0..4096_usize, byte: u8) {
        let mut bytes = package().bytes();
        let at = at % bytes.len();
        bytes[at] = byte;
        let place = Place::new();
        let is_unpacked = place.extract(&bytes, None).is_ok();
        prop_assert_eq!(place.left().len(), usize::from(is_unpacked));
    }
}
