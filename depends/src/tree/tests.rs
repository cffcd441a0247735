use std::os::unix::fs::symlink;

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;

fn fixture() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path();
    fs_err::create_dir_all(root.join("tree/a/b")).unwrap();
    fs_err::write(root.join("tree/a/b/file"), "content").unwrap();
    fs_err::write(root.join("tree/a.c"), "int a;").unwrap();
    fs_err::write(root.join("tree/run"), "#!").unwrap();
    mode(&root.join("tree/run"), 0o700);
    symlink("a/b", root.join("tree/link")).unwrap();
    directory
}

fn mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn the_digest_is_that_of_the_documented_records() {
    let directory = fixture();
    let mut records = Vec::new();
    // `.` sorts before `/`: the bytes of the whole path count, not its components.
    for (mark, path, content) in [
        (b'f', "a.c", "int a;"),
        (b'f', "a/b/file", "content"),
        (b'l', "link", "a/b"),
        (b'x', "run", "#!"),
    ] {
        records.push(mark);
        records.extend((path.len() as u64).to_le_bytes());
        records.extend(path.bytes());
        records.extend(Digest::of(content.as_bytes()).to_string().bytes());
    }
    let digest = digest(&directory.path().join("tree")).unwrap();
    assert_eq!(digest, Digest::of(&records));
}

#[test]
fn the_digest_moves_with_what_is_in_the_tree_and_nothing_else() {
    let check = |change: &dyn Fn(&Path), is_same: bool| {
        let directory = fixture();
        let root = directory.path().join("tree");
        let before = digest(&root).unwrap();
        change(&root);
        assert_eq!(digest(&root).unwrap() == before, is_same);
    };
    let touch = |root: &Path| {
        fs_err::File::open(root.join("a.c"))
            .unwrap()
            .file()
            .set_modified(modified())
            .unwrap();
    };
    check(&|_| {}, true);
    check(&touch, true);
    check(&|root| mode(&root.join("a.c"), 0o600), true);
    check(&|root| mode(&root.join("run"), 0o711), true);
    check(&|root| mode(&root.join("a"), 0o711), true);
    check(&|root| fs_err::create_dir(root.join("empty")).unwrap(), true);
    check(&|root| mode(&root.join("a.c"), 0o755), false);
    check(&|root| fs_err::write(root.join("a.c"), "int b;").unwrap(), false);
    check(&|root| fs_err::write(root.join("new"), "").unwrap(), false);
    check(&|root| fs_err::remove_file(root.join("a.c")).unwrap(), false);
    check(
        &|root| fs_err::rename(root.join("a.c"), root.join("b.c")).unwrap(),
        false,
    );
    check(
        &|root| {
            fs_err::remove_file(root.join("link")).unwrap();
            symlink("a", root.join("link")).unwrap();
        },
        false,
    );
}

#[test]
fn copies_have_the_same_digest_and_the_permissions_of_unpacked_trees() {
    let directory = fixture();
    let (from, to) = (
        directory.path().join("tree"),
        directory.path().join("copies/copy"),
    );
    copy(&from, &to).unwrap();
    assert_eq!(digest(&from).unwrap(), digest(&to).unwrap());
    for (path, expected) in [("", 0o755), ("a/b", 0o755), ("a.c", 0o644), ("run", 0o755)] {
        let metadata = fs_err::symlink_metadata(to.join(path)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, expected, "{path}");
        assert_eq!(metadata.modified().unwrap(), modified(), "{path}");
    }
    let error = copy(&from, &to).unwrap_err();
    assert_eq!(error.to_string(), format!("{} exists already", to.display()));
}

#[test]
fn sockets_are_refused_and_leave_no_copy() {
    let directory = fixture();
    let root = directory.path();
    let socket = root.join("tree/a/socket");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let expected = format!(
        "{} is neither a file, a directory nor a symbolic link",
        socket.display()
    );
    assert_eq!(digest(&root.join("tree")).unwrap_err().to_string(), expected);
    assert_eq!(
        copy(&root.join("tree"), &root.join("copy"))
            .unwrap_err()
            .to_string(),
        expected
    );
    assert_eq!(fs_err::read_dir(root).unwrap().count(), 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn trees_have_one_digest_exactly_if_their_files_are_the_same(
        left in prop::collection::btree_map("[ab]{1,2}(/[ab]x)?", "[01]{0,2}", 0..4),
        right in prop::collection::btree_map("[ab]{1,2}(/[ab]x)?", "[01]{0,2}", 0..4),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut digests = Vec::new();
        for (name, files) in [("left", &left), ("right", &right)] {
            let root = directory.path().join(name);
            fs_err::create_dir(&root).unwrap();
            for (path, content) in files {
                // A name that is a file cannot be a directory too: such trees are not made.
                let path = root.join(path);
                prop_assume!(fs_err::create_dir_all(path.parent().unwrap()).is_ok());
                prop_assume!(fs_err::write(&path, content).is_ok());
            }
            digests.push(digest(&root).unwrap());
        }
        prop_assert_eq!(digests[0] == digests[1], left == right);
    }
}
