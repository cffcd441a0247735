//! A base directory may have any name.

use crate::support::{Package, World, expect_success, files};

const ODD: &str = "we ird/it's \"q\" $HOME #% (ü) ;&";

fn packages() -> [Package; 6] {
    let makefile = "all:\n\t$(CC) $(CPPFLAGS) $(CFLAGS) -c m.c\n\
                    install:\n\tmkdir -p $(DESTDIR)$(PREFIX)/lib\n\tcp m.o $(DESTDIR)$(PREFIX)/lib\n";
    let cmake = "cmake_minimum_required(VERSION 3.5)\nproject(k C)\nadd_library(k k.c)\ninstall(TARGETS k)\n";
    let configure = "#!/bin/sh\nsource=$(dirname \"$0\")\n\
                     printf 'all:\\ninstall:\\n\\tmkdir -p $(DESTDIR)/depends-prefix/share\\n\\tcp %s/data $(DESTDIR)/depends-prefix/share\\n' \
                     $source > Makefile\n";
    [
        Package::library("l", "int l(void) { return 1; }\n"),
        Package::new("m", "system = \"make\"")
            .file("Makefile", makefile)
            .file("m.c", "#include <l.h>\nint m(void) { return l(); }\n")
            .needs(&["l"]),
        Package::new("k", "system = \"cmake\"")
            .file("CMakeLists.txt", cmake)
            .file("k.c", "#include <l.h>\nint k(void) { return l(); }\n")
            .needs(&["l"]),
        Package::new("c", "system = \"autotools\"")
            .file("configure", configure)
            .file("data", "data\n"),
        Package::script(
            "tool",
            "mkdir $out/bin; printf '#!/bin/sh\\necho made by tool\\n' > $out/bin/tool; chmod 755 $out/bin/tool",
        ),
        Package::script(
            "s",
            "tool > $out/told; pkg-config --cflags l > /dev/null; cp {source}/text $out",
        )
        .file("text", "original\n")
        .patch(
            "fix.patch",
            "--- a/text\n+++ b/text\n@@ -1 +1 @@\n-original\n+patched\n",
        )
        .needs(&["l"])
        .needs_native(&["tool"]),
    ]
}

#[test]
fn every_build_system_works_below_an_odd_path() {
    let world = World::new(packages());
    let run = world.run().base(world.path(ODD));
    let installed = run.install();
    assert!(installed.prefix.starts_with(world.path(ODD)));
    for (file, text) in [
        ("told", "made by tool\n"),
        ("text", "patched\n"),
        ("share/data", "data\n"),
    ] {
        assert_eq!(fs_err::read_to_string(installed.prefix.join(file)).unwrap(), text);
    }
    assert!(!world.run().base(world.path(ODD)).install().changed);

    // The path is in no result: an ordinary one gives the same packages.
    let ordinary = world.run();
    ordinary.install();
    for name in ["l", "m", "k", "c", "tool", "s"] {
        let read = |run: &crate::support::Run| fs_err::read(run.cached(name, "tar.gz")).unwrap();
        assert!(read(&run) == read(&ordinary), "{name}");
    }
    expect_success(run.engine().clean(true));
}

#[test]
fn recipes_sources_and_cache_may_lie_below_an_odd_path() {
    let world = World::new(packages());
    let odd = world.path(ODD);
    fs_err::create_dir_all(&odd).unwrap();
    fs_err::rename(world.recipes(), odd.join("packages")).unwrap();
    let mut run = world
        .run()
        .option("SOURCES_PATH", odd.join("sources"))
        .option("BASE_CACHE", odd.join("cache"));
    run.recipes = odd.join("packages");
    assert!(run.install().changed);
}

#[test]
fn what_was_built_elsewhere_for_an_odd_path_is_cleaned_up_with_it() {
    let world = World::new([Package::phases("p", "touch begun", "exit 1", "touch $out/x")]);
    let run = world.run().base(world.path(ODD));
    run.failure();
    let engine = run.engine();
    let directory = engine.layout().unit(&run.unit("p"));
    assert!(!files(&directory).is_empty());
    expect_success(engine.clean(false));
    assert!(!directory.exists(), "{}", directory.display());
}
