//! Claims about the file format.

use std::path::Path;

use expect_test::{Expect, expect};

use super::*;

/// A recipe that is right, with room for one more line at its top and at its end.
fn recipe(name: &str, top: &str, end: &str) -> String {
    format!(
        "name = \"{name}\"\nversion = \"1.0\"\n{top}license = \"MIT\"\ndescription = \"d\"\nhomepage = \"h\"\nlicense-files = [\"COPYING\"]\n\
         [[source.archive]]\nfile = \"a.tar.gz\"\nsha256 = \"{}\"\n[[source.archive.route]]\nurl = \"https://example.org/a.tar.gz\"\n\
         [build]\nsystem = \"cmake\"\n{end}",
        "0".repeat(64)
    )
}

fn parse(name: &str, top: &str, end: &str) -> Result<Recipe, RecipeError> {
    let path = Path::new("packages").join(name).join(FILE_NAME);
    Recipe::parse(&path, recipe(name, top, end))
}

fn check(top: &str, end: &str, expected: &Expect) {
    expected.assert_eq(&parse("a", top, end).unwrap_err().to_string());
}

#[test]
fn a_recipe_keeps_what_it_says() {
    let end = "targets = [\"x\"]\n[when.'cfg(windows)']\noptions = [\"-DV={version}\"]\nunsupported = \"it forks\"\n";
    let recipe = parse("a", "dependencies = [\"b\"]\n", end).unwrap();
    assert_eq!(recipe.name(), "a");
    assert_eq!(recipe.base.dependencies[0].get_ref(), "b");
    let (_, additions) = &recipe.conditional[0];
    assert_eq!(additions.unsupported.as_deref(), Some("it forks"));
    assert!(matches!(&recipe.build, BuildSystem::Cmake { targets, .. } if targets == &["x"]));
}

#[test]
fn mistakes_are_told_with_file_line_and_column() {
    check(
        "dependancies = []\n",
        "",
        &expect![
            "packages/a/package.toml:3:1: unknown field `dependancies`, expected one of `name`, `version`, `license`, `description`, `homepage`, `license-files`, `patches`, `source`, `build`, `sandbox`, `dependencies`, `native-dependencies`, `tools`, `options`, `flags`, `remove`, `lint`, `when`, `unsupported`"
        ],
    );
    check(
        "",
        "library = \"a\"\n",
        &expect![[
            r#"packages/a/package.toml:14:11: build system cmake has no key library (it has: directory, targets, components)"#
        ]],
    );
    check(
        "name = \"b\"\n",
        "",
        &expect!["packages/a/package.toml:3:1: duplicate key"],
    );
    check(
        "patches = [\"fix.patch\"]\n",
        "",
        &expect!["packages/a/package.toml:3:12: the patch packages/a/patches/fix.patch is not there"],
    );
    check(
        "patches = [\"../fix.patch\"]\n",
        "",
        &expect![[r#"packages/a/package.toml:3:12: "../fix.patch" is no path inside the package"#]],
    );
    check(
        "options = [\"{sauce}\"]\n",
        "",
        &expect![
            "packages/a/package.toml:3:11: {sauce} is no variable; the variables are source, build, prefix, stage, dependencies, native, host, build-machine, version, cc, cxx, ar, ranlib, cflags, cxxflags, ldflags"
        ],
    );
    check(
        "unsupported = \"x\"\n",
        "",
        &expect![
            "packages/a/package.toml:3:15: `unsupported` stands under a condition, as in [when.'cfg(windows)']"
        ],
    );
    check(
        "",
        "[when.'cfg(windoes)']\n",
        &expect![[
            r#"packages/a/package.toml:14:7: a condition cannot ask for "windoes"; did you mean windows? (known: unix, windows, native, cross, release, debug, lto)"#
        ]],
    );
    check(
        "",
        "[when.'cfg(windows)']\nsauce = 1\n",
        &expect![
            "packages/a/package.toml:15:1: unknown field `sauce`, expected one of `dependencies`, `native-dependencies`, `tools`, `options`, `flags`, `remove`, `unsupported`"
        ],
    );
}

#[test]
fn an_unknown_key_comes_with_the_nearest_known_one() {
    let error = parse("a", "dependancies = []\n", "").unwrap_err();
    let help = miette::Diagnostic::help(&error).unwrap().to_string();
    assert_eq!(help, "did you mean `dependencies`?");
}

fn set(recipes: &[(&str, &str)]) -> Result<RecipeSet, RecipeError> {
    let recipes = recipes
        .iter()
        .map(|(name, dependencies)| parse(name, &format!("dependencies = {dependencies}\n"), "").unwrap());
    RecipeSet::new(recipes.collect())
}

#[test]
fn a_cycle_is_named_as_a_path() {
    let error = set(&[("a", "[\"b\"]"), ("b", "[\"c\"]"), ("c", "[\"b\"]")]).unwrap_err();
    expect!["packages/c/package.toml:3:17: the dependencies form a cycle: b -> c -> b"]
        .assert_eq(&error.to_string());
    let error = set(&[("a", "[\"a\"]")]).unwrap_err();
    expect!["packages/a/package.toml:3:17: the dependencies form a cycle: a -> a"]
        .assert_eq(&error.to_string());
}

#[test]
fn an_unknown_dependency_is_refused_with_its_place() {
    let error = set(&[("capnp", "[]"), ("b", "[\"canp\"]")]).unwrap_err();
    expect![[r#"packages/b/package.toml:3:17: there is no package "canp""#]].assert_eq(&error.to_string());
    assert_eq!(
        miette::Diagnostic::help(&error).unwrap().to_string(),
        "did you mean \"capnp\"?"
    );
}

#[test]
fn two_recipes_with_one_name_are_refused_with_both_places() {
    let error = set(&[("a", "[]"), ("a", "[]")]).unwrap_err();
    expect![[r#"packages/a/package.toml:1:8: the name "a" is taken by packages/a/package.toml:1:8"#]]
        .assert_eq(&error.to_string());
}

#[test]
fn a_tool_may_be_built_with_its_own_native_form() {
    let recipe = parse("a", "native-dependencies = [\"a\"]\n", "").unwrap();
    assert!(RecipeSet::new(vec![recipe]).is_ok());
}

#[test]
fn licence_files_that_would_replace_each_other_are_refused() {
    let path = Path::new("packages/a").join(FILE_NAME);
    let text = recipe("a", "", "").replace("[\"COPYING\"]", "[\"COPYING\", \"lib/COPYING\"]");
    let error = Recipe::parse(&path, text).unwrap_err();
    expect![[r#"packages/a/package.toml:6:29: another licence file has the name of "lib/COPYING", under which it is kept"#]]
        .assert_eq(&error.to_string());
}

#[test]
fn what_is_excused_is_a_known_rule_at_a_path_for_a_reason() {
    let recipe = parse(
        "a",
        "lint.allow = [{ rule = \"absolute-path\", path = \"lib/cmake/**\", why = \"a comment\" }]\n",
        "",
    )
    .unwrap();
    assert_eq!(recipe.excuses[0].rule, crate::lint::Rule::AbsolutePath);
    check(
        "lint.allow = [{ rule = \"absolute-paht\", path = \"lib\", why = \"x\" }]\n",
        "",
        &expect![
            "packages/a/package.toml:3:24: unknown variant `absolute-paht`, expected one of `libtool-archive`, `build-path`, `absolute-path`, `wrong-machine`, `not-pic`, `static-library`, `shared-library`, `no-debug-info`, `licence`, `mode`, `link`, `place`, `requires`"
        ],
    );
    check(
        "lint.allow = [{ rule = \"place\", path = \"\", why = \"x\" }]\n",
        "",
        &expect![[
            r#"packages/a/package.toml:3:40: a rule is excused for a path in the prefix, as in "lib/cmake/**""#
        ]],
    );
    check(
        "lint.allow = [{ rule = \"place\", path = \"x\", why = \" \" }]\n",
        "",
        &expect!["packages/a/package.toml:3:51: what is excused needs a reason"],
    );
    check(
        "lint.deny = []\n",
        "",
        &expect!["packages/a/package.toml:3:6: unknown field `deny`, expected `allow`"],
    );
    check(
        "lint.allow = [{ rule = \"place\", path = \"x\" }]\n",
        "",
        &expect!["packages/a/package.toml:3:15: missing field `why`"],
    );
}
