//! The same inputs give the same bytes, wherever and by whomever they are built.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::{Package, Run, World, assert_says, child, files};

const C: &str = "#include <assert.h>\nint q(int x) { assert(x); return x; }\n\
                 const char *where(void) { return __FILE__ __DATE__ __TIME__; }\n";

fn packages() -> [Package; 5] {
    let makefile = "all:\n\t$(CC) $(CPPFLAGS) $(CFLAGS) -c m.c\n\
                    install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/lib\n\tcp m.o $(DESTDIR)$(PREFIX)/lib\n";
    let cmake = "cmake_minimum_required(VERSION 3.5)\nproject(k C)\nadd_library(k k.c)\n\
                 install(TARGETS k EXPORT k)\ninstall(EXPORT k DESTINATION lib/cmake/k)\n";
    [
        Package::library("q", C),
        Package::new("m", "system = \"make\"")
            .file("Makefile", makefile)
            .file(
                "m.c",
                &format!("#include <q.h>\n{}", C.replace("int q(int x)", "int m(int x)")),
            )
            .needs(&["q"]),
        Package::new("k", "system = \"cmake\"")
            .file("CMakeLists.txt", cmake)
            .file("k.c", C)
            .needs(&["q"]),
        Package::script(
            "s",
            "umask > $out/umask; mkdir -p $out/z/y $out/a; touch $out/z/y/file $out/a/file; chmod 600 $out/a/file\n\
             chmod 711 $out/a; printf '#!/bin/sh\\n' > $out/a/program; chmod 700 $out/a/program; ln -s a/file $out/link\n\
             printf '%s ' $LC_ALL $LANG $TZ ${{TERM-none}} ${{USER-none}} ${{LC_COLLATE-none}} > $out/environment\n\
             touch $out/B $out/a_ $out/c; ls $out > $out/listing",
        ),
        // What tells who packed it, and when: an archiver that is told to, and a compressor that takes a file's time.
        Package::script(
            "t",
            "mkdir -p $out/lib $out/share/man/man1; cp {source}/t.c .; {cc} {cflags} -fPIC -c t.c\n\
             touch -d @$(date +1%N) t.o t.c; ar rcU $out/lib/libt.a t.o\n\
             cp -p t.c $out/share/man/man1/t.1; gzip -N $out/share/man/man1/t.1",
        )
        .file("t.c", "int t;\n"),
    ]
}

/// What lies in the cache, byte for byte.
fn cache(base: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let cache = base.join("built");
    let read = |file: PathBuf| {
        let bytes = fs_err::read(cache.join(&file)).unwrap();
        (file, bytes)
    };
    files(&cache).into_iter().map(read).collect()
}

#[track_caller]
fn assert_same_packages(one: &Run, other: &Run) {
    let (one, other) = (cache(&one.base), cache(&other.base));
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    assert!(one.keys().any(|file| file.to_string_lossy().ends_with(".tar.gz")));
    for (file, bytes) in &one {
        assert!(other[file] == *bytes, "{} differs", file.display());
    }
}

/// Installs in a process with this umask and environment.
fn install(run: &Run, umask: &str, environment: &[(&str, &str)]) {
    let mut command = child::install(run, &format!("umask {umask}"));
    command.envs(environment.iter().copied());
    child::finish(command).unwrap();
}

#[test]
fn neither_directory_nor_environment_nor_machine_load_changes_an_archive() {
    let world = World::new(packages());
    let turkish = [
        ("LC_ALL", "tr_TR.UTF-8"),
        ("TZ", "Asia/Tokyo"),
        ("HOME", "/nonexistent"),
        ("USER", "another"),
    ];
    let german = [
        ("LC_ALL", "de_DE.UTF-8"),
        ("LANG", "de_DE.UTF-8"),
        ("LC_COLLATE", "de_DE.UTF-8"),
        ("TERM", "dumb"),
        ("SOURCE_DATE_EPOCH", "777"),
    ];
    for option in ["V", "DEBUG"] {
        let run = |place: &str, jobs| {
            let base = world.path(&format!("{place}-{option}"));
            world.run().option(option, "1").base(base).jobs(jobs)
        };
        let one = run("one", 1);
        install(&one, "022", &[("LC_ALL", "C"), ("TERM", "xterm")]);
        for (place, umask, environment, jobs) in [
            ("another/and/deeper/place", "077", &turkish[..], 8),
            ("third", "000", &german[..], 2),
        ] {
            let other = run(place, jobs);
            install(&other, umask, environment);
            assert_same_packages(&one, &other);
        }
    }
}

#[test]
fn another_user_makes_the_same_archives() {
    if !rustix::process::geteuid().is_root() {
        // Not by way of the test's own output, which nobody sees when it passes.
        let mut terminal = std::io::stderr();
        writeln!(
            terminal,
            "NOT CHECKED, for want of root: archives that another user makes"
        )
        .unwrap();
        return;
    }
    let world = World::new(packages());
    let open = |path: &Path, mode| {
        fs_err::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    open(world.base().parent().unwrap(), 0o755);
    let (one, other) = (world.run(), world.run().base(world.path("nobody's")));
    one.install();
    fs_err::create_dir(&other.base).unwrap();
    open(&other.base, 0o777);
    // The user may not go where this program lies.
    let program = world.path("program");
    fs_err::copy(std::env::current_exe().unwrap(), &program).unwrap();
    open(&program, 0o755);
    let inner = child::install_with(&program, &other, "umask 027");
    let mut command = Command::new("setpriv");
    command
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(inner.get_program())
        .args(inner.get_args())
        .envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))))
        .env("HOME", "/nonexistent");
    child::finish(command).unwrap();
    let owner = fs_err::metadata(other.cached("q", "tar.gz")).unwrap().uid();
    assert_eq!(owner, 65534);
    assert_same_packages(&one, &other);
}

#[test]
fn link_time_optimisation_tells_neither_where_nor_when_it_was_done() {
    let world = World::new(packages());
    let run = |base: &str| {
        let run = world.run().base(world.path(base)).option("LTO", "1");
        run.option("SANDBOX", "namespaces")
    };
    let (one, other) = (run("one"), run("another/and/deeper"));
    one.install();
    other.install();
    assert_same_packages(&one, &other);
    let library = fs_err::read(one.install().prefix.join("lib/libq.a")).unwrap();
    assert_says(&String::from_utf8_lossy(&library), &[".gnu.lto_.opts"]);
}

#[test]
fn a_macro_that_names_the_source_file_names_no_build_path() {
    let world = World::new([Package::library("q", C)]);
    let library = fs_err::read(world.run().install().prefix.join("lib/libq.a")).unwrap();
    let text = String::from_utf8_lossy(&library);
    assert_says(&text, &["/usr/src/q-1.0/source/q.c"]);
    assert!(!text.contains(world.base().to_str().unwrap()));
}

#[test]
fn a_header_of_a_dependency_found_by_pkg_config_names_no_build_path() {
    let header = "static inline const char *where(void) { return __FILE__; }\n";
    let makefile = "all:\n\t$(CC) $(CFLAGS) $$(pkg-config --cflags d) -c m.c\n\
                    install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/lib\n\tcp m.o $(DESTDIR)$(PREFIX)/lib\n";
    let world = World::new([
        Package::library("d", "int d(void) { return 1; }\n").file("d.h", header),
        Package::new("m", "system = \"make\"")
            .file("Makefile", makefile)
            .file("m.c", "#include <d.h>\nconst char *m(void) { return where(); }\n")
            .needs(&["d"]),
    ]);
    assert!(world.run().install().changed);
}

#[test]
fn results_that_name_their_build_path_are_refused_and_named() {
    for (variable, directory) in [
        ("{build}", "build"),
        ("{source}", "source"),
        ("{dependencies}", "dependencies"),
        ("{native}", "native"),
    ] {
        let script =
            format!("mkdir $out/bin; printf 'x\\0{variable}' > $out/bin/where; echo > $out/bin/other");
        let world = World::new([Package::script("p", &script)]);
        let message = world.run().failure();
        assert_says(&message, &["p was not built", "bin/where"]);
        assert!(!message.contains("bin/other,"), "{directory}: {message}");
    }
}

#[test]
fn a_link_to_a_build_path_is_refused_and_named() {
    let world = World::new([Package::script("p", "ln -s {build}/x $out/link")]);
    assert_says(&world.run().failure(), &["p was not built", "link"]);
}
