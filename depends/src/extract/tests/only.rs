//! What `only` leaves in the tree.

use super::*;

fn extract(archive: &Fixture, root: Option<&str>, only: &[&str]) -> (Place, Result<(), ExtractError>) {
    let place = Place::new();
    let path = place.directory.path().join("archive.tar");
    fs_err::write(&path, &archive.0).unwrap();
    let only: Vec<String> = only.iter().map(|pattern| (*pattern).to_owned()).collect();
    let result = super::super::extract(&path, root, &only, &place.tree());
    (place, result)
}

#[test]
fn only_what_a_pattern_matches_is_unpacked() {
    let rows: [(Option<&str>, &[&str], &str); 6] = [
        (None, &["README"], "README 644 read"),
        (Some("p-1"), &["README"], "README 644 read"),
        (
            None,
            &["src/*/a.c", "configure"],
            "configure 755 #!\nsrc/ 755\nsrc/deep/ 755\nsrc/deep/a.c 644 int a;",
        ),
        (None, &["src"], "src/ 755\nsrc/deep/ 755\nsrc/deep/a.c 644 int a;"),
        (Some("p-1/src"), &["**/*.c"], "deep/ 755\ndeep/a.c 644 int a;"),
        // A link may lead to what is left out, as it may to what is nowhere.
        (None, &["link"], "link -> src/deep"),
    ];
    for (root, only, expected) in rows {
        let (place, result) = extract(&package(), root, only);
        result.unwrap();
        assert_eq!(place.listing(), expected, "{only:?}");
    }
}

#[test]
fn a_pattern_that_matches_nothing_is_named() {
    for (root, only, named) in [
        (None, ["README", "p-1/src"], "p-1/src"),
        (Some("p-1/src"), ["deep", "README"], "README"),
    ] {
        let (place, result) = extract(&package(), root, &only);
        let text = result.unwrap_err().to_string();
        let expected = format!("has nothing that these patterns of `only` match: {named}");
        assert!(text.ends_with(&expected), "{text}");
        assert_eq!(place.left(), [""; 0]);
    }
}

#[test]
fn what_is_left_out_is_looked_at_all_the_same() {
    for (archive, reason) in [
        (package().file("../x", ""), "leads upwards"),
        (package().file("p-1/README", ""), "is in the archive twice"),
        (package().file("p-1/README/x", ""), "which is not a directory"),
    ] {
        let (_place, result) = extract(&archive, None, &["configure"]);
        let text = result.unwrap_err().to_string();
        assert!(text.contains(reason), "{text}");
    }
}

#[test]
fn a_hard_link_to_what_is_left_out_is_refused() {
    let (_place, result) = extract(&package(), None, &["hard"]);
    let text = result.unwrap_err().to_string();
    assert!(
        text.ends_with("is a hard link to \"p-1/configure\", which is no file before it in the tree"),
        "{text}"
    );
}
