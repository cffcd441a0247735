use std::os::unix::fs::{PermissionsExt as _, symlink};

use super::*;

/// Something that is done to a tree.
type Alteration = Box<dyn Fn(&Path)>;

/// A tree, packed: its archive and the archive's digest.
struct Packed {
    directory: tempfile::TempDir,
}

impl Packed {
    fn new() -> Self {
        let packed = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let tree = packed.tree();
        fs_err::create_dir_all(tree.join("lib")).unwrap();
        fs_err::write(tree.join("lib/a.h"), "one two three four five\n").unwrap();
        fs_err::write(tree.join("lib/b.h"), "b").unwrap();
        symlink("a.h", tree.join("lib/link")).unwrap();
        fs_err::write(packed.archive(), []).unwrap();
        archive::pack(&tree, fs_err::File::create(packed.archive()).unwrap()).unwrap();
        packed
    }

    fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    fn archive(&self) -> PathBuf {
        self.directory.path().join("archive.tar.gz")
    }

    fn compare(&self) -> Option<Difference> {
        let sha256 = Digest::of_file(self.archive()).unwrap();
        let scratch = self.directory.path().join("scratch");
        let difference = compare(&self.archive(), sha256, &self.tree(), &scratch).unwrap();
        assert_eq!(scratch.exists(), difference.is_some());
        difference
    }
}

#[test]
fn the_first_path_that_differs_is_shown_and_how() {
    let write = |file: &'static str, text: &'static str| {
        Box::new(move |tree: &Path| fs_err::write(tree.join(file), text).unwrap()) as Alteration
    };
    let content = |offset, sizes, shown_from, archived: &str, rebuilt: &str| {
        MismatchKind::Content(Content {
            offset,
            sizes,
            shown_from,
            archived: archived.as_bytes().to_vec(),
            rebuilt: rebuilt.as_bytes().to_vec(),
            member: None,
        })
    };
    let rows: [(Alteration, &str, MismatchKind); 8] = [
        (
            write("lib/a.h", "one two THREE four five\n"),
            "lib/a.h",
            content(
                8,
                (24, 24),
                0,
                "one two three four five\n",
                "one two THREE four five\n",
            ),
        ),
        (
            write("lib/b.h", "bb"),
            "lib/b.h",
            content(1, (1, 2), 0, "b", "bb"),
        ),
        (write("lib/b.h", ""), "lib/b.h", content(0, (1, 0), 0, "b", "")),
        (write("lib/aa.h", ""), "lib/aa.h", MismatchKind::Extra),
        (
            Box::new(|tree| fs_err::remove_file(tree.join("lib/b.h")).unwrap()),
            "lib/b.h",
            MismatchKind::Missing,
        ),
        (
            Box::new(|tree| {
                let executable = std::fs::Permissions::from_mode(0o755);
                fs_err::set_permissions(tree.join("lib/b.h"), executable).unwrap();
            }),
            "lib/b.h",
            MismatchKind::Mode {
                archived: 0o644,
                rebuilt: 0o755,
            },
        ),
        (
            Box::new(|tree| {
                fs_err::remove_file(tree.join("lib/link")).unwrap();
                symlink("b.h", tree.join("lib/link")).unwrap();
            }),
            "lib/link",
            MismatchKind::Target {
                archived: "a.h".into(),
                rebuilt: "b.h".into(),
            },
        ),
        (
            Box::new(|tree| {
                fs_err::remove_file(tree.join("lib/link")).unwrap();
                fs_err::create_dir(tree.join("lib/link")).unwrap();
            }),
            "lib/link",
            MismatchKind::Type {
                archived: "a link",
                rebuilt: "a directory",
            },
        ),
    ];
    for (change, path, kind) in rows {
        let packed = Packed::new();
        assert_eq!(packed.compare(), None);
        change(&packed.tree());
        let difference = packed.compare().unwrap();
        let expected = Mismatch {
            path: path.into(),
            kind,
        };
        assert_eq!(difference.first, expected);
        assert_eq!(difference.n_paths, 1);
        assert!(difference.archived.join("lib/a.h").is_file());
        assert!(difference.rebuilt.join("lib/a.h").is_file());
    }
}

#[test]
fn an_archive_that_is_packed_otherwise_or_not_at_all_is_told_apart() {
    let packed = Packed::new();
    let mut bytes = fs_err::read(packed.archive()).unwrap();
    // The field of the system that wrote the archive.
    bytes[9] ^= 1;
    fs_err::write(packed.archive(), &bytes).unwrap();
    assert_eq!(packed.compare().unwrap().first.kind, MismatchKind::Packing);
    fs_err::write(packed.archive(), &bytes[..bytes.len() / 2]).unwrap();
    let kind = packed.compare().unwrap().first.kind;
    assert!(matches!(kind, MismatchKind::Unreadable(_)), "{kind:?}");
}

#[test]
fn the_member_of_a_static_library_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let names = ["short.o", "a-name-that-is-too-long-for-the-header.o"];
    for name in names {
        fs_err::write(directory.path().join(name), format!("contents of {name}")).unwrap();
    }
    let status = std::process::Command::new("ar")
        .args(["rcSD", "lib.a"])
        .args(names)
        .current_dir(directory.path())
        .status();
    assert!(status.unwrap().success());
    let library = directory.path().join("lib.a");
    let bytes = fs_err::read(&library).unwrap();
    for name in names {
        let contents = format!("contents of {name}");
        let offset = bytes
            .windows(contents.len())
            .position(|window| window == contents.as_bytes());
        let offset = offset.unwrap() as u64 + 3;
        let expected = Some((name.to_owned(), 3));
        assert_eq!(ar::member_at(&library, offset).unwrap(), expected);
    }
    assert_eq!(ar::member_at(&library, bytes.len() as u64 + 9).unwrap(), None);
    assert_eq!(ar::member_at(&directory.path().join(names[0]), 3).unwrap(), None);
}
