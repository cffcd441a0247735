//! A tree with a configure script.

use std::path::Path;
use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

use super::{Seen, clean, compiler, module_of_the_system, moved, printed, succeed, world};
use crate::support::{World, assert_says};

const CONFIGURE: &str = r#"
AC_INIT([user], [1])
AC_ARG_ENABLE([wallet], [], [use_wallet=$enableval], [use_wallet=yes])
AC_ARG_WITH([gui], [], [use_gui=$withval], [use_gui=auto])
AC_ARG_WITH([tool], [], [tool=$withval], [tool=none])
AC_CANONICAL_HOST
AC_PROG_CC
AC_PATH_TOOL([AR], [ar])
AC_CHECK_TOOL([NM], [nm])
AC_PROG_RANLIB
AC_PATH_PROG([T], [t])
PKG_PROG_PKG_CONFIG
PKG_CHECK_MODULES([K], [k])
AC_CHECK_HEADERS([k.h], [], [AC_MSG_ERROR([there is no k.h])])
AC_CHECK_LIB([k], [k], [], [AC_MSG_ERROR([there is no libk])])
AC_DEFUN([ASK], [PKG_CHECK_EXISTS([$2], [$1=yes], [$1=no])])
ASK([outside], [outside])
ASK([ofsystem], [OFSYSTEM])
for name in with_base use_wallet use_gui tool outside ofsystem cross_compiling host T AR NM RANLIB CC CFLAGS CPPFLAGS LDFLAGS PKG_CONFIG; do
  eval "printf '%s=%s\n' $name \"\$$name\""
done > seen
AC_CONFIG_FILES([Makefile])
AC_OUTPUT
"#;

const MAKEFILE: &str =
    "user: @srcdir@/user.c\n\t@CC@ @CPPFLAGS@ @CFLAGS@ @K_CFLAGS@ -o $@ $< @LDFLAGS@ @K_LIBS@\n";

const CODE: &str = "#include <k.h>\nint main(void) { return k() == 42 ? 0 : 1; }\n";

/// The tree, with its configure script made once for all tests.
static TREE: LazyLock<TempDir> = LazyLock::new(|| {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs_err::write(directory.path().join(name), text).unwrap();
    write(
        "configure.ac",
        &CONFIGURE.replace("OFSYSTEM", &module_of_the_system()),
    );
    write("Makefile.in", MAKEFILE);
    write("user.c", CODE);
    for program in ["config.sub", "config.guess", "install-sh"] {
        write(program, "");
    }
    succeed(
        Command::new("autoreconf")
            .args(["--install", "--force"])
            .current_dir(directory.path()),
    );
    directory
});

/// `CONFIG_SITE=… sh configure` in a directory of its own.
fn configure(world: &World, prefix: &Path, shell: &[&str]) -> Command {
    let directory = world.path("build");
    let _ = fs_err::remove_dir_all(&directory);
    fs_err::create_dir(&directory).unwrap();
    let mut command = Command::new(shell[0]);
    clean(&mut command)
        .args(&shell[1..])
        .arg(TREE.path().join("configure"))
        .current_dir(directory)
        .env("CONFIG_SHELL", shell.join(" "))
        .env("CONFIG_SITE", prefix.join("share/config.site"));
    command
}

fn seen(world: &World) -> Seen {
    Seen::read(&world.path("build/seen"))
}

fn build(world: &World) {
    succeed(Command::new("make").current_dir(world.path("build")));
    succeed(&mut Command::new(world.path("build/user")));
}

#[test]
fn a_moved_prefix_is_found_in_every_shell() {
    let world = world();
    let prefix = moved(&world, &world.run(), "moved/ä+b_c/prefix");
    for shell in [
        &["/bin/sh"][..],
        &["dash"],
        &["bash"],
        &["bash", "--posix"],
        &["busybox", "sh"],
    ] {
        succeed(&mut configure(&world, &prefix, shell));
        let tool = prefix.join("native/bin/t").display().to_string();
        seen(&world).says(&[
            ("with_base", prefix.to_str().unwrap()),
            ("use_wallet", "yes"),
            ("use_gui", "no, \"$HOME\" `pwd` \\"),
            ("tool", &tool),
            ("T", &tool),
            ("host", "x86_64-pc-linux-gnu"),
            ("cross_compiling", "no"),
            ("CC", "gcc"),
            ("AR", "ar"),
            ("CFLAGS", "-pipe -std=c11 -O2"),
        ]);
        build(&world);
    }
}

#[test]
fn a_prefix_is_found_by_a_relative_path_and_through_a_link() {
    let world = world();
    let prefix = moved(&world, &world.run(), "a b $c;d");
    std::os::unix::fs::symlink(&prefix, world.path("link")).unwrap();
    for site in ["../link/share/config.site", "../link/../link/share/config.site"] {
        succeed(configure(&world, &prefix, &["/bin/sh"]).env("CONFIG_SITE", site));
        build(&world);
    }
}

#[test]
fn a_path_that_configure_scripts_cannot_use_is_refused_with_a_way_out() {
    let world = world();
    let mut prefix = moved(&world, &world.run(), "plain");
    for name in [
        "a'b", "a\"b", "a$b", "a;b", "a#b", "a(b)", "a`b", "a\\b", "a:b", "a|b",
    ] {
        let odd = world.path(name);
        fs_err::rename(&prefix, &odd).unwrap();
        prefix = odd;
        let output = configure(&world, &prefix, &["/bin/sh"]).output().unwrap();
        assert!(!output.status.success(), "{name}");
        assert_says(
            &printed(&output),
            &[
                "configure scripts and makefiles cannot use this path: ",
                "make a symbolic link with a plain path",
            ],
        );
    }
}

#[test]
fn what_is_outside_the_prefix_is_found_only_with_allow_host_packages() {
    let world = world();
    for (value, expected) in [("0", "no"), ("1", "yes")] {
        let prefix = world.run().option("ALLOW_HOST_PACKAGES", value).install().prefix;
        let mut command = configure(&world, &prefix, &["/bin/sh"]);
        succeed(command.env("PKG_CONFIG_PATH", world.path("elsewhere")));
        seen(&world).says(&[("outside", expected), ("ofsystem", expected)]);
        build(&world);
    }
}

#[test]
fn the_users_choices_win_but_for_binary_tools() {
    let world = world();
    let prefix = world.run().option("NO_WALLET", "1").install().prefix;
    succeed(&mut configure(&world, &prefix, &["/bin/sh"]));
    seen(&world).says(&[("use_wallet", "no")]);

    let chosen = compiler(&world, "mycc");
    let mut command = configure(&world, &prefix, &["/bin/sh"]);
    command
        .args([
            "--enable-wallet",
            "--with-gui=qt",
            "--without-tool",
            "--host=x86_64-linux-gnu",
        ])
        .env("CC", &chosen)
        .env("CFLAGS", "-O0")
        .env("CPPFLAGS", "-DMINE")
        .env("LDFLAGS", "-s")
        .env("AR", "/no/such/ar");
    succeed(&mut command);
    let seen = seen(&world);
    seen.says(&[
        ("use_wallet", "yes"),
        ("use_gui", "qt"),
        ("tool", "no"),
        ("host", "x86_64-pc-linux-gnu"),
        ("CC", chosen.to_str().unwrap()),
        ("CFLAGS", "-pipe -std=c11 -O2 -O0"),
        ("AR", "ar"),
    ]);
    assert!(seen.value("CPPFLAGS").ends_with("/include -DMINE"));
    assert!(seen.value("LDFLAGS").ends_with("/lib -s"));
    build(&world);
    assert_says(
        &fs_err::read_to_string(world.path("mycc.calls")).unwrap(),
        &["-o user"],
    );
}

#[test]
fn compilers_and_flags_are_those_of_the_packages() {
    let world = world();
    let compiler = compiler(&world, "theircc");
    let run = world
        .run()
        .option("CC", format!("{} -DTHEIRS=\"a\"", compiler.display()));
    let prefix = run
        .option("CFLAGS", "-O1 -DX=\"$y\"")
        .option("DEBUG", "1")
        .install()
        .prefix;
    succeed(&mut configure(&world, &prefix, &["/bin/sh"]));
    let seen = seen(&world);
    seen.says(&[
        ("CC", &format!("{} -DTHEIRS=\"a\"", compiler.display())),
        ("CFLAGS", "-O1 -DX=\"$y\""),
    ]);
    assert_says(seen.value("CPPFLAGS"), &["-D_GLIBCXX_DEBUG "]);
}
