use std::os::unix::fs::{PermissionsExt as _, symlink};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::tree;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs_err::create_dir_all(place.tree().join("src")).unwrap();
        for (path, content) in [
            ("README", "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"),
            ("src/a.c", "int a;\nint b;\n"),
            ("src/dos.c", "int a;\r\nint b;\r\n"),
            ("src/end", "no line break"),
            ("configure", "#!/bin/sh\n"),
        ] {
            fs_err::write(place.tree().join(path), content).unwrap();
        }
        let executable = std::fs::Permissions::from_mode(0o755);
        fs_err::set_permissions(place.tree().join("configure"), executable).unwrap();
        symlink("/tmp", place.tree().join("out")).unwrap();
        symlink("README", place.tree().join("link")).unwrap();
        place
    }

    fn tree(&self) -> PathBuf {
        self.0.path().join("tree")
    }

    fn apply(&self, patch: &[u8]) -> Result<(), PatchError> {
        let path = self.0.path().join("p.patch");
        fs_err::write(&path, patch).unwrap();
        apply(&path, &self.tree())
    }
}

/// Applies a patch and compares files, `None` being one that is not there.
fn check(patch: &str, expected: &[(&str, Option<&str>)]) {
    let place = Place::new();
    place.apply(patch.as_bytes()).unwrap();
    for (path, content) in expected {
        let path = place.tree().join(path);
        assert_eq!(
            fs_err::read_to_string(&path).ok().as_deref(),
            *content,
            "{path:?}"
        );
        if content.is_some() {
            let modified = fs_err::metadata(&path).unwrap().modified().unwrap();
            assert_eq!(modified, tree::modified());
        }
    }
}

fn check_refused(patch: &str, expected: &str) {
    let place = Place::new();
    let before = tree::digest(&place.tree()).unwrap();
    let error = place.apply(patch.as_bytes()).unwrap_err();
    let name = place.0.path().join("p.patch").display().to_string();
    assert_eq!(error.to_string().replace(&name, "PATCH"), expected);
    assert_eq!(tree::digest(&place.tree()).unwrap(), before);
}

const MODIFY_A: &str = "--- a/src/a.c\n+++ b/src/a.c\n@@ -1,2 +1,2 @@\n-int a;\n+int c;\n int b;\n";

#[test]
fn patches_of_several_files_are_applied_whole() {
    let text = format!(
        "From: someone\nSubject: a change\n\n * a list\n---\n{MODIFY_A}\
         --- p-1.orig/README\t2020-01-01 00:00:00\n+++ p-1/README\t2020-01-02 00:00:00\n\
         @@ -1,2 +1,3 @@\n+zero\n one\n two\n@@ -7 +8,2 @@\n seven\n+eight\n\\ No newline at end of file\n\
         --- /dev/null\n+++ b/new/deep/file\n@@ -0,0 +1,2 @@\n+1\n+2\n\
         --- a/src/end\n+++ /dev/null\n@@ -1 +0,0 @@\n-no line break\n\\ No newline at end of file\n\
         --- a/plain/new\t1970-01-01 00:00:00\n+++ b/plain/new\n@@ -0,0 +1 @@\n+x\n-- \n2.39\n"
    );
    check(
        &text,
        &[
            ("src/a.c", Some("int c;\nint b;\n")),
            (
                "README",
                Some("zero\none\ntwo\nthree\nfour\nfive\nsix\nseven\neight"),
            ),
            ("new/deep/file", Some("1\n2\n")),
            ("src/end", None),
            ("plain/new", Some("x\n")),
        ],
    );
}

#[test]
fn what_git_writes_is_understood() {
    let text = "diff --git a/src/a.c b/src/moved.c\nsimilarity index 50%\nrename from src/a.c\nrename to src/moved.c\n\
        --- a/src/a.c\n+++ b/src/moved.c\n@@ -1,2 +1,2 @@\n-int a;\n+int c;\n int b;\n\
        diff --git a/configure b/configure\nold mode 100755\nnew mode 100644\n\
        diff --git a/run b/run\nnew file mode 100755\nindex 0000000..1111111\n--- /dev/null\n+++ b/run\n@@ -0,0 +1 @@\n+#!\n\
        diff --git a/empty b/empty\nnew file mode 100644\nindex 0000000..e69de29\n\
        diff --git a/README b/COPY\nsimilarity index 100%\ncopy from README\ncopy to COPY\n";
    let place = Place::new();
    place.apply(text.as_bytes()).unwrap();
    let read = |path: &str| fs_err::read_to_string(place.tree().join(path)).ok();
    let mode = |path: &str| {
        fs_err::metadata(place.tree().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(read("src/a.c"), None);
    assert_eq!(read("src/moved.c").as_deref(), Some("int c;\nint b;\n"));
    assert_eq!(
        (mode("configure"), mode("run"), mode("README")),
        (0o644, 0o755, 0o644)
    );
    assert_eq!(read("empty").as_deref(), Some(""));
    assert_eq!(read("COPY"), read("README"));
}

#[test]
fn line_ends_are_kept_and_compared() {
    let dos = "--- a/src/dos.c\n+++ b/src/dos.c\n@@ -1,2 +1,2 @@\n-int a;\r\n+int c;\r\n int b;\r\n";
    check(dos, &[("src/dos.c", Some("int c;\r\nint b;\r\n"))]);
    check_refused(
        &dos.replace('\r', ""),
        r#"PATCH: hunk 1 does not fit src/dos.c: line 1 is "int a;\r", not "int a;""#,
    );
    check_refused(
        "--- a/src/end\n+++ b/src/end\n@@ -1 +1,2 @@\n no line break\n+x\n",
        r#"PATCH: hunk 1 does not fit src/end: line 1 is "no line break", not "no line break""#,
    );
    check_refused(
        "--- a/README\n+++ b/README\n@@ -1 +1 @@\n-one\n+1\n\\ No newline at end of file\n",
        "PATCH: hunk 1 does not fit README: line 2 would come after one without a line break",
    );
}

#[test]
fn a_patch_that_does_not_fit_to_the_line_changes_nothing() {
    let readme = |hunks: &str| format!("{MODIFY_A}--- a/README\n+++ b/README\n{hunks}");
    for (patch, expected) in [
        (
            readme("@@ -2,2 +2,2 @@\n-TWO\n+2\n three\n"),
            r#"hunk 1 does not fit README: line 2 is "two", not "TWO""#,
        ),
        (
            readme("@@ -1,2 +1,2 @@\n-two\n+2\n three\n"),
            r#"hunk 1 does not fit README: line 1 is "one", not "two" (it would fit at line 2)"#,
        ),
        (
            readme("@@ -1 +1 @@\n-one\n+1\n@@ -7,2 +7 @@\n seven\n-eight\n"),
            r#"hunk 2 does not fit README: it ends before line 8, which should be "eight""#,
        ),
        (
            readme("@@ -9,0 +9 @@\n+nine\n"),
            "hunk 1 does not fit README: line 10 is not a place for it",
        ),
        (
            "--- a/src/end\n+++ /dev/null\n@@ -0,0 +0,0 @@\n".to_owned(),
            "src/end has other content than the patch deletes",
        ),
        (
            "--- a/none\n+++ b/none\n@@ -1 +1 @@\n-a\n+b\n".to_owned(),
            "none does not exist",
        ),
        (
            "--- /dev/null\n+++ b/README\n@@ -0,0 +1 @@\n+x\n".to_owned(),
            "README exists already",
        ),
        (
            "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+/etc\n"
                .to_owned(),
            "x has a symbolic link, which is not supported",
        ),
        (
            "diff --git a/x.png b/x.png\nnew file mode 100644\nBinary files /dev/null and b/x.png differ\n"
                .to_owned(),
            "x.png has a binary change, which is not supported",
        ),
    ] {
        check_refused(&patch, &format!("PATCH: {expected}"));
    }
}

#[test]
fn paths_outside_the_tree_are_refused() {
    let create = |path: &str| format!("--- /dev/null\n+++ {path}\n@@ -0,0 +1 @@\n+x\n");
    check_refused(
        &create("b/../../x"),
        r#"PATCH: "../../x" is outside the source tree"#,
    );
    check_refused(
        &create("b//etc/x"),
        r#"PATCH: "/etc/x" is outside the source tree"#,
    );
    check_refused(
        &create("/etc/../x"),
        r#"PATCH: "etc/../x" is outside the source tree"#,
    );
    let not_a_file = |path: &str| {
        format!("PATCH: {path} is, or is reached through, something that is not a file or directory")
    };
    check_refused(&create("b/out/x"), &not_a_file("out/x"));
    check_refused(&create("b/link"), &not_a_file("link"));
    check_refused(&create("b/src"), &not_a_file("src"));
    check_refused(&create("b/README/x"), &not_a_file("README/x"));
    check_refused(
        "diff --git a/README b/x\nrename from README\nrename to ../x\n",
        r#"PATCH: "../x" is outside the source tree"#,
    );
}

#[test]
fn no_line_of_a_patch_is_passed_over() {
    for (patch, line) in [
        // More lines than the header says.
        (format!("{MODIFY_A}+int d;\n"), 7),
        (format!("{MODIFY_A} int d;\n"), 7),
        (format!("{MODIFY_A}-int d;\n"), 7),
        // A hunk after something else, which parsers take for the end.
        (
            format!("{MODIFY_A}\nIndex: src/a.c\n@@ -2 +2 @@\n-int b;\n+int d;\n"),
            9,
        ),
        // A plain diff among those of git.
        (
            format!("{MODIFY_A}diff --git a/configure b/configure\nold mode 100755\nnew mode 100644\n"),
            3,
        ),
    ] {
        let expected = format!("PATCH:{line}: this line belongs to no change of a file");
        check_refused(&patch, &expected);
    }
    check_refused(
        "just text\n",
        "PATCH: error parsing patches at byte 0: no valid patches found",
    );
    check_refused(
        "",
        "PATCH: error parsing patches at byte 0: no valid patches found",
    );
    check_refused(
        &MODIFY_A.replace(" int b;\n", ""),
        "PATCH: error parsing patches: error parsing patch at byte 28: hunk header does not match hunk",
    );
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_text_makes_the_parser_panic(lines in prop::collection::vec(
        prop_oneof![
            Just("--- a/README\n".to_owned()),
            Just("+++ b/README\n".to_owned()),
            Just("diff --git a/README b/README\n".to_owned()),
            Just("\\ No newline at end of file\n".to_owned()),
            Just("new file mode 100644\n".to_owned()),
            "@@ -[0-9]{1,2},[0-9] \\+[0-9]{1,20},[0-9] @@\n",
            "[ +-](one|two|three)?\n",
            "\\PC{0,10}\n?",
        ],
        0..12,
    )) {
        let _ = Place::new().apply(lines.concat().as_bytes());
    }

    #[test]
    fn what_differs_is_what_a_patch_brings(
        old in "([a-c]\n){0,12}[a-c]?",
        new in "([a-c]\n){0,12}[a-c]?",
    ) {
        prop_assume!(old != new);
        let place = Place::new();
        fs_err::write(place.tree().join("README"), &old).unwrap();
        let patch = diffy::create_patch(&old, &new)
            .to_string()
            .replace("--- original", "--- a/README")
            .replace("+++ modified", "+++ b/README");
        place.apply(patch.as_bytes()).unwrap();
        prop_assert_eq!(fs_err::read_to_string(place.tree().join("README")).unwrap(), new);
    }
}
