//! C trees that know nothing of the engine find a prefix through its `share/config.site` and its `toolchain.cmake`.

mod autoconf;
mod cmake;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{Package, Run, World, assert_says};

/// The features of the fixture, with what they tell other build systems.
const RULES: &str = r#"
autoconf = { with_base = "{prefix}" }
cmake = { BASE = "{prefix}" }
[feature.k]
packages = ["k", "t"]
native-packages = ["t"]
autoconf.on = { with_tool = "{prefix}/native/bin/t" }
cmake.on = { TOOL = "{prefix}/native/bin/t" }
[feature.wallet]
disabled-by = ["NO_WALLET"]
autoconf.off = { enable_wallet = "no" }
cmake = { on = { WITH_WALLET = "ON" }, off = { WITH_WALLET = "OFF" } }
[feature.gui]
not-carried = "there is none"
autoconf.off = { with_gui = "no, \"$HOME\" `pwd` \\" }
cmake.off = { WITH_GUI = "no, \"$HOME\" ${{HOME}} \\" }
"#;

/// A library `k`, and a program `t` that is also there for the machine that builds.
fn world() -> World {
    world_with(library())
}

fn library() -> Package {
    Package::library("k", "int k(void) { return 42; }\n")
}

fn world_with(library: Package) -> World {
    let world = World::new([
        library,
        Package::script(
            "t",
            "mkdir $out/bin\nprintf '#!/bin/sh\\necho t\\n' > $out/bin/t\nchmod +x $out/bin/t\n",
        ),
    ]);
    world.write("packages/selection.toml", RULES);
    world.write(
        "elsewhere/outside.pc",
        "Name: outside\nDescription: of the user's\nVersion: 1\nCflags: -DOUTSIDE\n",
    );
    world
}

/// Installs and moves the prefix to `name` in the world.
fn moved(world: &World, run: &Run, name: &str) -> PathBuf {
    let prefix = world.path(name);
    fs_err::create_dir_all(prefix.parent().unwrap()).unwrap();
    fs_err::rename(run.install().prefix, &prefix).unwrap();
    prefix
}

/// A module that pkg-config finds on this machine without any help.
fn module_of_the_system() -> String {
    let ask = |arguments: &[&str]| {
        let mut command = Command::new("pkg-config");
        command.args(arguments);
        clean(&mut command).output().unwrap()
    };
    let all = String::from_utf8(ask(&["--list-all"]).stdout).unwrap();
    let mut names = all.lines().filter_map(|line| line.split_whitespace().next());
    let usable = |name: &&str| ask(&["--exists", "--static", name]).status.success();
    names
        .find(usable)
        .expect("pkg-config knows a module of the system's")
        .to_owned()
}

/// Takes away what the environment of the test itself could decide.
fn clean(command: &mut Command) -> &mut Command {
    for name in [
        "CC",
        "CXX",
        "CFLAGS",
        "CXXFLAGS",
        "CPPFLAGS",
        "LDFLAGS",
        "PKG_CONFIG",
        "PKG_CONFIG_PATH",
        "PKG_CONFIG_LIBDIR",
        "CONFIG_SITE",
        "CMAKE_PREFIX_PATH",
        "CMAKE_TOOLCHAIN_FILE",
        "CMAKE_GENERATOR",
    ] {
        command.env_remove(name);
    }
    command
}

/// All that a program printed; it must succeed.
#[track_caller]
fn succeed(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", printed(&output));
    printed(&output)
}

fn printed(output: &Output) -> String {
    format!(
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}

/// The lines `NAME=VALUE` that a tree wrote of what it saw.
struct Seen(String);

impl Seen {
    fn read(path: &Path) -> Self {
        Self(fs_err::read_to_string(path).unwrap())
    }

    #[track_caller]
    fn value(&self, name: &str) -> &str {
        let line = self
            .0
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} is missing in:\n{}", self.0))
    }

    #[track_caller]
    fn says(&self, rows: &[(&str, &str)]) {
        for (name, expected) in rows {
            assert_eq!(self.value(name), *expected, "{name} in:\n{}", self.0);
        }
    }
}

/// A C compiler that notes each of its calls in the file `NAME.calls` of the world.
fn compiler(world: &World, name: &str) -> PathBuf {
    let calls = world.path(&format!("{name}.calls"));
    let script = format!("#!/bin/sh\necho \"$*\" >> {}\nexec gcc \"$@\"\n", calls.display());
    world.write_program(&format!("bin/{name}"), &script)
}

#[test]
fn mistakes_in_what_build_systems_are_told_have_a_place() {
    let world = world();
    let rows = [
        (
            "autoconf.off = { enable-x = \"no\" }",
            "selection.toml:2:18: \"enable-x\" is no name of a variable",
        ),
        (
            "autoconf.of = { x = \"no\" }",
            "selection.toml:2:10: unknown field `of`",
        ),
        (
            "cmake.on = { X = \"{native}\" }",
            "selection.toml:2:18: \"{native}\" has a brace that is not part of {prefix}",
        ),
        (
            "cmake.on = { X = true }",
            "selection.toml:2:18: invalid type: boolean",
        ),
    ];
    for (line, expected) in rows {
        world.write("packages/selection.toml", &format!("[feature.x]\n{line}\n"));
        assert_says(&world.run().failure(), &[expected]);
    }
}

#[test]
fn a_change_of_what_build_systems_are_told_composes_the_prefix_anew_and_builds_nothing() {
    let world = world();
    world.run().install();
    for (file, old, new) in [
        ("share/config.site", "enable_wallet", "enable_purse"),
        ("toolchain.cmake", "WITH_WALLET", "WITH_PURSE"),
    ] {
        let rules = fs_err::read_to_string(world.path("packages/selection.toml")).unwrap();
        world.write("packages/selection.toml", &rules.replace(old, new));
        let run = world.run().option("NO_WALLET", "1");
        let installed = run.install();
        assert!(installed.changed);
        assert_eq!(run.recorder.built(), [""; 0]);
        let text = fs_err::read_to_string(installed.prefix.join(file)).unwrap();
        assert!(text.contains(new) && !text.contains(old), "{text}");
        assert!(!world.run().option("NO_WALLET", "1").install().changed);
    }
}

#[test]
fn a_feature_whose_package_the_host_lacks_is_off_for_trees() {
    let world = World::new([
        Package::headers("a").end("[when.'cfg(unix)']\nunsupported = \"it is for others\""),
        Package::headers("b"),
    ]);
    world.write(
        "packages/selection.toml",
        "[feature.a]\npackages = [\"a\"]\nautoconf = { selected = { s = \"yes\" }, on = { a = \"yes\" }, off = { a = \"no\" } }\n\
         [feature.b]\npackages = [\"b\"]\ncmake = { on = { B = \"ON\" }, off = { B = \"OFF\" } }\n",
    );
    let prefix = world.run().install().prefix;
    let text = |file: &str| fs_err::read_to_string(prefix.join(file)).unwrap();
    assert_says(&text("share/config.site"), &["|| s=\"yes\"", "|| a=\"no\""]);
    assert_says(&text("toolchain.cmake"), &["set(B \"ON\" CACHE BOOL \"\")"]);
}
