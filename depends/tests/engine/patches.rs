//! Patches: all, in order, without fuzz.

use crate::support::{Package, World, assert_says};

const SOURCE: &str = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";

/// Replaces a line of `text` by another, with three lines of context at least.
fn patch(from: &str, to: &str) -> String {
    format!("--- a/text\n+++ b/text\n@@ -2,7 +2,7 @@\n 2\n 3\n 4\n-{from}\n+{to}\n 6\n 7\n 8\n")
}

fn package() -> Package {
    Package::script("p", "cp {source}/text $out/text").file("text", SOURCE)
}

#[test]
fn patches_are_applied_in_the_order_of_the_recipe() {
    let world = World::new([package()
        .patch("z.patch", &patch("5", "five"))
        .patch("a.patch", &patch("five", "FIVE"))]);
    assert_eq!(world.run().installed("text"), SOURCE.replace('5', "FIVE"));
}

#[test]
fn a_patch_in_the_wrong_order_fails() {
    let world = World::new([package()
        .patch("a.patch", &patch("five", "FIVE"))
        .patch("z.patch", &patch("5", "five"))]);
    assert_says(&world.run().failure(), &["p was not built", "a.patch", "hunk 1"]);
}

#[test]
fn a_patch_that_does_not_fit_is_named_with_its_hunk() {
    let two =
        "--- a/text\n+++ b/text\n@@ -1,2 +1,2 @@\n-1\n+one\n 2\n@@ -7,3 +7,3 @@\n 7\n-8\n+eight\n ten\n";
    let rows = [
        // Another line of context: patch(1) would apply it with fuzz.
        (patch("5", "five").replace(" 8\n", " eight\n"), "hunk 1"),
        // Two lines further up: patch(1) would apply it with an offset.
        (patch("5", "five").replace("-2,7 +2,7", "-4,7 +4,7"), "hunk 1"),
        (two.to_owned(), "hunk 2"),
        ("nothing at all\n".to_owned(), "fix.patch"),
        (String::new(), "fix.patch"),
    ];
    for (text, hunk) in rows {
        let world = World::new([package().patch("fix.patch", &text)]);
        let message = world.run().failure();
        assert_says(&message, &["p was not built", "patches/fix.patch", hunk]);
        world.add(&package().patch("fix.patch", &patch("5", "five")));
        assert_eq!(world.run().installed("text"), SOURCE.replace('5', "five"));
    }
}
