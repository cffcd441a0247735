//! The licences of what is planned, and their texts out of what was built.

use crate::support::{Package, World, assert_says, expect_success, told};

#[test]
fn licences_are_listed_before_anything_is_built() {
    let world = World::new([Package::headers("a"), Package::headers("b").needs(&["a"])]);
    let rows = || -> Vec<_> {
        expect_success(world.run().engine().licenses())
            .into_iter()
            .map(|row| (row.package, row.version, row.license, row.files, row.built))
            .collect()
    };
    let row = |name: &str, built| {
        let text = |text: &str| text.to_owned();
        (text(name), text("1.0"), text("MIT"), vec![text("COPYING")], built)
    };
    assert_eq!(rows(), [row("a", false), row("b", false)]);
    expect_success(world.run().engine().build_package("a", None));
    assert_eq!(rows(), [row("a", true), row("b", false)]);
}

#[test]
fn notices_have_each_text_once_and_need_everything_built() {
    let header = "/* To be used\n   by all. */\n#define c 1\n";
    let world = World::new([
        Package::headers("a"),
        Package::headers("b").needs(&["a"]),
        Package::headers("c").file("c.h", header).top(""),
    ]);
    let recipe = world.path("packages/c/package.toml");
    let text = fs_err::read_to_string(&recipe).unwrap();
    fs_err::write(&recipe, text.replace("[\"COPYING\"]", "[\"c.h\"]")).unwrap();
    expect_success(world.run().engine().build_package("b", None));
    let error = world.run().engine().notices().unwrap_err();
    assert_says(&told(&error), &["not built yet: c"]);
    world.run().install();
    let notices = expect_success(world.run().engine().notices());
    assert_eq!(notices.matches("Do as you like.").count(), 1);
    assert_says(
        &notices,
        &[
            "a 1.0 (MIT): COPYING\nb 1.0 (MIT): COPYING\n",
            "c 1.0 (MIT): c.h\n",
            "\n/* To be used\n   by all. */\n",
        ],
    );
    assert!(!notices.contains("#define"));
}
