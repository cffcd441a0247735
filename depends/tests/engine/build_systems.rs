//! Each build system builds and stages what a recipe asks for.

use crate::support::{Package, World};

const MAKEFILE: &str = "all: libm.a
m.o: m.c
\t$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ m.c
libm.a: m.o
\t$(AR) rcs $@ m.o
install:
\tmkdir -p $(DESTDIR)$(PREFIX)/lib
\tcp libm.a $(DESTDIR)$(PREFIX)/lib
";

/// As much of a `configure` as the engine may rely on.
const CONFIGURE: &str = "#!/bin/sh
for argument; do
  case $argument in
    --prefix=*) prefix=${argument#*=} ;;
    --host=*) host=${argument#*=} ;;
    --build=*) build=${argument#*=} ;;
  esac
done
source=$(dirname \"$0\")
cat > Makefile <<END
all: told
told:
	echo host=$host build=$build options=$* > told
install:
	mkdir -p \\$(DESTDIR)$prefix/share
	cp told \\$(DESTDIR)$prefix/share/told
	cp $source/data \\$(DESTDIR)$prefix/share/data
END
";

const CMAKE: &str = "cmake_minimum_required(VERSION 3.5)
project(c C)
find_package(d REQUIRED CONFIG)
add_library(c c.c)
target_link_libraries(c d::d)
install(TARGETS c EXPORT cTargets ARCHIVE DESTINATION lib)
install(EXPORT cTargets NAMESPACE c:: DESTINATION lib/cmake/c)
";

#[test]
fn a_makefile_gets_tools_flags_and_prefix() {
    let package = Package::new("m", "system = \"make\"")
        .file("Makefile", MAKEFILE)
        .file("m.c", "int m(void) { return ONE; }\n")
        .top("[flags]\ncpp = [\"-DONE=1\"]");
    let world = World::new([package]);
    let prefix = world.run().install().prefix;
    assert!(prefix.join("lib/libm.a").is_file());
    assert!(prefix.join("share/licenses/m/COPYING").is_file());
}

#[test]
fn c_files_become_a_library_with_its_pkg_config_file() {
    let world = World::new([Package::library("l", "int l(void) { return 1; }\n")]);
    let prefix = world.run().install().prefix;
    for file in ["lib/libl.a", "include/l.h", "lib/pkgconfig/l.pc"] {
        assert!(prefix.join(file).is_file(), "{file}");
    }
}

#[test]
fn headers_are_copied_one_by_one_by_pattern_and_by_directory() {
    let build = "system = \"headers\"\nheaders = [
        { from = \"h.h\", to = \"include/h/one.h\" },
        { from = \"src/*.h\", to = \"include\" },
        { from = \"more\", to = \"include/more\" },
    ]";
    let package = Package::new("h", build)
        .file("h.h", "h\n")
        .file("src/a.h", "a\n")
        .file("src/b.h", "b\n")
        .file("src/c.c", "c\n")
        .file("more/deep/d.h", "d\n");
    let world = World::new([package]);
    let prefix = world.run().install().prefix;
    assert_eq!(
        crate::support::files(&prefix.join("include")),
        ["a.h", "b.h", "h/one.h", "more/deep/d.h"].map(std::path::PathBuf::from)
    );
}

#[test]
fn a_configure_script_is_told_prefix_and_platforms() {
    let package = Package::new("c", "system = \"autotools\"")
        .file("configure", CONFIGURE)
        .file("data", "data\n")
        .top("options = [\"--enable-x={version}\"]")
        // It tells all of its options, and --prefix is one.
        .allows("absolute-path", "share/told");
    let world = World::new([package]);
    let told = world.run().installed("share/told");
    let triplet = &world.run().engine().host().triplet.clone();
    crate::support::assert_says(
        &told,
        &[&format!("host={triplet} build={triplet}"), "--enable-x=1.0"],
    );
}

#[test]
fn cmake_gets_flags_finds_dependencies_and_exports_targets() {
    let dependency = Package::new("d", "system = \"cmake\"")
        .file(
            "CMakeLists.txt",
            &CMAKE
                .replace("find_package(d REQUIRED CONFIG)\n", "")
                .replace("target_link_libraries(c d::d)\n", "")
                .replace("project(c", "project(d")
                .replace("library(c c.c)", "library(d d.c)")
                .replace("TARGETS c EXPORT c", "TARGETS d EXPORT d")
                .replace(
                    "EXPORT cTargets NAMESPACE c:: DESTINATION lib/cmake/c",
                    "EXPORT dTargets NAMESPACE d:: FILE d-config.cmake DESTINATION lib/cmake/d",
                ),
        )
        .file("d.c", "int d(void) { return 1; }\n");
    let code = "#include <e.h>\nint c(void) { return e + ONE; }\n";
    let package = Package::new("c", "system = \"cmake\"")
        .file("CMakeLists.txt", CMAKE)
        .file("c.c", code)
        .needs(&["d", "e"])
        .top("[flags]\ncpp = [\"-DONE=1\"]");
    let world = World::new([dependency, package, Package::headers("e")]);
    let prefix = world.run().install().prefix;
    for file in [
        "lib/libd.a",
        "lib/libc.a",
        "lib/cmake/c/cTargets.cmake",
        "lib/cmake/d/d-config.cmake",
    ] {
        assert!(prefix.join(file).is_file(), "{file}");
    }
}

#[test]
fn headers_are_collected_from_the_directories_that_a_pattern_matches() {
    let build = "system = \"headers\"\nheaders = [
        { from = \"libs/*/include\", to = \"include\" },
        { from = \"libs/*/doc/*.txt\", to = \"share/doc\" },
    ]";
    let package = Package::new("h", build)
        .file("libs/one/include/h/a.h", "a\n")
        .file("libs/two/include/h/b.h", "b\n")
        .file("libs/two/src/b.c", "b\n")
        .file("libs/one/doc/one.txt", "1\n")
        .file("libs/README", "r\n")
        .file("include/c.h", "c\n");
    let world = World::new([package]);
    let prefix = world.run().install().prefix;
    let found = |directory: &str| crate::support::files(&prefix.join(directory));
    assert_eq!(found("include"), ["h/a.h", "h/b.h"].map(std::path::PathBuf::from));
    assert_eq!(found("share/doc"), ["one.txt"].map(std::path::PathBuf::from));

    let nothing = Package::new(
        "h",
        "system = \"headers\"\nheaders = [{ from = \"libs/*/inc\", to = \"include\" }]",
    );
    let world = World::new([nothing.file("libs/one/include/a.h", "")]);
    crate::support::assert_says(&world.run().failure(), &["libs/*/inc"]);
}

#[test]
fn headers_of_several_directories_come_together_in_one() {
    let build = "system = \"headers\"\nheaders = [\n    { from = \"one\", to = \"include\" },\n    { from = \"two\", to = \"include\" },\n]";
    let package = Package::new("h", build)
        .file("one/h/a.h", "#define A 1\n")
        .file("two/h/b.h", "#define B 1\n")
        .file("two/c.h", "#define C 1\n");
    let world = World::new([package]);
    let include = world.run().install().prefix.join("include");
    for header in ["h/a.h", "h/b.h", "c.h"] {
        assert!(include.join(header).is_file(), "{header}");
    }
}
