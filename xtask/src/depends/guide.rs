//! The guide to packages, `packages/README.md`, held to what it says.

use std::sync::Arc;

use depends::observer::Silent;
use depends::recipe::Recipe;
use depends::{Engine, Settings};
use xshell::Shell;

use crate::workspace;

fn guide() -> String {
    fs_err::read_to_string(workspace::root().join("packages/README.md")).unwrap()
}

/// The fenced block that follows `text`, without its indentation.
fn block_after(guide: &str, text: &str) -> String {
    let (_, rest) = guide
        .split_once(text)
        .unwrap_or_else(|| panic!("{text:?} is not in the guide"));
    let (_, rest) = rest.split_once("```").unwrap();
    let (_, rest) = rest.split_once('\n').unwrap();
    let (block, _) = rest.split_once("```").unwrap();
    let lines = block.lines().map(|line| line.strip_prefix("   ").unwrap_or(line));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_first_example_is_a_recipe() {
    let text = block_after(&guide(), "Make `packages/<name>/package.toml`");
    let path = workspace::root().join("packages/qrencode/package.toml");
    let recipe = Recipe::parse(&path, text).unwrap();
    assert_eq!(recipe.source, Recipe::load(&path).unwrap().source);
}

#[test]
fn the_worked_example_is_built_as_it_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let guide = guide();
    let (_, example) = guide.split_once("## A worked example\n").unwrap();
    let write = |file: &str, text: &str| {
        let path = directory.path().join(file);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, text).unwrap();
    };
    for file in [
        "greeting-1.0/greeting.c",
        "greeting-1.0/greeting.h",
        "greeting-1.0/COPYING",
        "packages/greeting/package.toml",
    ] {
        write(file, &block_after(example, &format!("`{file}`:")));
    }
    write("packages/selection.toml", "packages = [\"greeting\"]\n");
    let shell = Shell::new().unwrap();
    shell.change_dir(directory.path());
    let commands = block_after(example, "Packed so that");
    let printed = shell.cmd("sh").args(["-euc", &commands]).quiet().read().unwrap();
    let recipe = fs_err::read_to_string(directory.path().join("packages/greeting/package.toml")).unwrap();
    let digest = printed.split_whitespace().next().unwrap();
    assert!(recipe.contains(digest), "{printed}");

    let settings = Settings {
        base: directory.path().join("depends"),
        recipes: directory.path().join("packages"),
        arguments: Vec::new(),
        jobs: 2,
        offline: true,
    };
    let installed = Engine::new(settings, Arc::new(Silent))
        .unwrap()
        .install()
        .unwrap();
    for file in block_after(example, "puts into the prefix").lines() {
        assert!(installed.prefix.join(file).is_file(), "{file}");
    }
}
