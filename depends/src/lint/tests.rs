//! For each rule a package that it finds fault with, made from one without fault.

use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::process::Command;

use tempfile::TempDir;

use super::*;

/// A staged package for this machine.
struct Fixture {
    directory: TempDir,
    machine: std::sync::Arc<Host>,
    debug: bool,
    excuses: Vec<Excuse>,
}

impl Fixture {
    /// A library with all that belongs to it, and nothing wrong.
    fn new() -> Self {
        let fixture = Self {
            directory: tempfile::tempdir().unwrap(),
            machine: Host::current().unwrap(),
            debug: false,
            excuses: Vec::new(),
        };
        fixture.write("share/licenses/x/COPYING", "Do as you like.\n");
        fixture.write("include/x.h", "int x(void);\n");
        fixture.write(
            "lib/pkgconfig/x.pc",
            "prefix=${pcfiledir}/../..\nName: x\nURL: https://example.org/usr\nRequires.private: d >= 1\nLibs: -L${prefix}/lib -lx\n",
        );
        fixture.write(
            "lib/cmake/x/x-config.cmake",
            "set(X \"${CMAKE_CURRENT_LIST_DIR}/../../libx.a\")\n",
        );
        fixture.compile(CODE, &["-fPIC"]);
        let dependency = fixture.directory.path().join("dependencies/lib/pkgconfig");
        fs_err::create_dir_all(&dependency).unwrap();
        fs_err::write(dependency.join("d.pc"), "Name: d\n").unwrap();
        fixture
    }

    fn path(&self, path: &str) -> PathBuf {
        self.directory.path().join("stage/depends-prefix").join(path)
    }

    fn write(&self, path: &str, contents: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        fs_err::write(path, contents).unwrap();
    }

    fn append(&self, path: &str, text: &str) {
        let path = self.path(path);
        let mut file = fs_err::File::options().append(true).open(path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn mode(&self, path: &str, mode: u32) {
        fs_err::set_permissions(self.path(path), std::fs::Permissions::from_mode(mode)).unwrap();
    }

    fn build(&self) -> String {
        self.directory.path().join("build").display().to_string()
    }

    /// Compiles `code` with gcc into `lib/libx.a`.
    fn compile(&self, code: &str, options: &[&str]) {
        let directory = self.directory.path();
        fs_err::write(directory.join("x.c"), code).unwrap();
        run(directory, "gcc", &[&["-O1", "-c", "x.c"], options].concat());
        self.archive(&["x.o"]);
    }

    fn archive(&self, objects: &[&str]) {
        fs_err::create_dir_all(self.path("lib")).unwrap();
        let library = self.path("lib/libx.a");
        if library.exists() {
            fs_err::remove_file(&library).unwrap();
        }
        let library = library.display().to_string();
        run(
            self.directory.path(),
            "ar",
            &[&["rcD", library.as_str()], objects].concat(),
        );
    }

    fn findings(&self) -> Vec<Finding> {
        let package = Package {
            name: "x",
            stage: &self.directory.path().join("stage"),
            prefix: "/depends-prefix",
            build: &self.directory.path().join("build"),
            dependencies: &self.directory.path().join("dependencies"),
            machine: &self.machine,
            debug: self.debug,
            excuses: &self.excuses,
        };
        package.findings().unwrap()
    }
}

/// Code that shows on every machine how it was compiled: variables and functions of others, constants with addresses,
/// variables of threads.
const CODE: &str = "extern int other; int own; static int hidden; __thread int local;\n\
                    int function(int); static int inner(int n) { return n + hidden++; }\n\
                    const char *const names[] = { \"a\", \"b\" };\n\
                    int x(int n) { own += other + local; switch (n) { case 1: return function(1); case 2: return inner(9);\n\
                    case 3: return own; case 4: return names[n][0]; case 5: return 77; } return (long)&other == n; }\n";

fn run(directory: &Path, program: &str, arguments: &[&str]) {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Checks that `spoil` makes a package in which `rule` finds what `words` say, and no other rule finds anything.
#[track_caller]
fn check(rule: Rule, words: &str, spoil: impl FnOnce(&mut Fixture)) {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.findings(), [], "before anything is spoilt");
    spoil(&mut fixture);
    let findings = fixture.findings();
    let text = describe(&findings);
    assert!(
        !findings.is_empty() && findings.iter().all(|finding| finding.rule == rule),
        "{rule} alone was to be found:{text}"
    );
    assert!(text.contains(words), "{words:?} is missing:{text}");
}

#[test]
fn files_of_libtool_are_found() {
    check(Rule::LibtoolArchive, "lib/libx.la", |package| {
        package.write("lib/libx.la", "# libx.la\n");
    });
}

#[test]
fn build_paths_are_found_in_text_wide_text_and_binaries() {
    check(
        Rule::BuildPath,
        "share/x/config: names the directory",
        |package| {
            package.write("share/x/config", format!("made in {}/source\n", package.build()));
        },
    );
    check(Rule::BuildPath, "bin/x.exe", |package| {
        package.write("bin/x.exe", contents::widen(package.build().as_bytes()));
    });
    check(Rule::BuildPath, "lib/libx.a", |package| {
        let code = format!("const char *where(void) {{ return {:?}; }}\n", package.build());
        package.compile(&code, &["-fPIC"]);
    });
}

#[test]
fn build_paths_are_not_told_of_intermediate_code_but_of_what_lies_beside_it() {
    let compile = |package: &Fixture, code: &str| {
        let build = package.directory.path().join("build");
        fs_err::create_dir_all(&build).unwrap();
        fs_err::write(build.join("x.c"), code).unwrap();
        run(
            &build,
            "gcc",
            &["-flto", "-ffat-lto-objects", "-fPIC", "-c", "-o", "../x.o", "x.c"],
        );
        package.archive(&["x.o"]);
    };
    let fixture = Fixture::new();
    compile(&fixture, "int x;\n");
    let library = fs_err::read(fixture.path("lib/libx.a")).unwrap();
    let build = fixture.build();
    let is_named = library
        .windows(build.len())
        .any(|bytes| bytes == build.as_bytes());
    assert!(is_named, "the compiler hides it better than it did");
    assert_eq!(fixture.findings(), []);
    check(Rule::BuildPath, "lib/libx.a", |package| {
        let code = format!("const char *where(void) {{ return {:?}; }}\n", package.build());
        compile(package, &code);
    });
}

#[test]
fn build_paths_are_found_in_what_is_compressed() {
    let words = "names the directory that it was built in, in its compressed contents";
    check(Rule::BuildPath, words, |package| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder
            .write_all(format!("See {}/x, {}.", package.build(), "and more ".repeat(99)).as_bytes())
            .unwrap();
        package.write("share/man/man1/x.1.gz", encoder.finish().unwrap());
    });
    check(Rule::BuildPath, words, |package| {
        let mut writer =
            lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(6)).unwrap();
        writer
            .write_all(format!("See {}/x, {}.", package.build(), "and more ".repeat(99)).as_bytes())
            .unwrap();
        package.write("share/doc/x.xz", writer.finish().unwrap());
    });
    check(Rule::BuildPath, "in a compressed section", |package| {
        let build = package.directory.path().join("build");
        fs_err::create_dir_all(&build).unwrap();
        // Enough of it that it is worth compressing.
        let many: String = (0..200)
            .map(|n| format!("struct s{n} {{ int member_{n}; }} v{n};\n"))
            .collect();
        fs_err::write(build.join("x.c"), many).unwrap();
        let source = build.join("x.c").display().to_string();
        let directory = package.directory.path();
        run(
            directory,
            "gcc",
            &["-g", "-gz", "-fPIC", "-c", "-o", "x.o", &source],
        );
        package.archive(&["x.o"]);
    });
}

#[test]
fn paths_of_the_machine_are_found_in_what_other_builds_read() {
    check(Rule::AbsolutePath, "names /usr/lib", |package| {
        package.append("lib/pkgconfig/x.pc", "Libs.private: -L/usr/lib -lm\n");
    });
    check(Rule::AbsolutePath, "names /depends-prefix", |package| {
        package.append("lib/pkgconfig/x.pc", "libdir=/depends-prefix/lib\n");
    });
    check(Rule::AbsolutePath, "names /usr/lib/librt.so", |package| {
        let line = "set_target_properties(x PROPERTIES INTERFACE_LINK_LIBRARIES \"/usr/lib/librt.so\")\n";
        package.append("lib/cmake/x/x-config.cmake", line);
    });
    check(Rule::AbsolutePath, "bin/x-config", |package| {
        package.write("bin/x-config", "#!/bin/sh\necho -I/depends-prefix/include\n");
    });
}

#[test]
fn objects_and_programs_for_another_machine_are_found() {
    let here = Host::current().unwrap();
    // Android on the same processor has the same objects.
    let same = |host: &Host| {
        (&host.arch, host.format, host.endianness) == (&here.arch, here.format, here.endianness)
    };
    for other in Host::all().iter().filter(|host| !same(host)) {
        let other = std::sync::Arc::clone(other);
        check(Rule::WrongMachine, "x.o in it is ELF for", |package| {
            package.machine = other;
        });
    }
    check(Rule::WrongMachine, "bin/x: is COFF for x86_64", |package| {
        let mut program = vec![0; 1024];
        // The smallest program for Windows that has a name for its processor.
        program[..2].copy_from_slice(b"MZ");
        program[0x3c] = 0x80;
        program[0x80..0x86].copy_from_slice(b"PE\0\0\x64\x86");
        program[0x94] = 0xf0;
        program[0x98..0x9a].copy_from_slice(&[0x0b, 0x02]);
        package.write("bin/x", program);
    });
    check(Rule::WrongMachine, "lib/x.o: is ELF", |package| {
        let mut object = fs_err::read(package.directory.path().join("x.o")).unwrap();
        // SPARC, which no known host has.
        object[18] = 43;
        object[19] = 0;
        package.write("lib/x.o", object);
    });
}

#[test]
fn objects_for_fixed_addresses_are_found() {
    for options in [
        &["-fno-pic", "-fno-pie"][..],
        &["-fpie"],
        &["-fno-pic", "-fno-pie", "-mcmodel=large"],
        &["-fPIC", "-ftls-model=local-exec"],
        &["-flto", "-fno-pic", "-fno-pie"],
    ] {
        check(Rule::NotPic, "lib/libx.a: x.o in it", |package| {
            package.compile(CODE, options);
        });
    }
}

#[test]
fn position_independent_objects_are_not_found_however_they_are_compiled() {
    for options in [
        &["-fPIC", "-O3"][..],
        &["-fpic", "-O0", "-g"],
        &["-fPIC", "-Os", "-fvisibility=hidden"],
        &["-fPIC", "-O2", "-fno-plt", "-fno-semantic-interposition"],
        &[
            "-fPIC",
            "-O2",
            "-fno-asynchronous-unwind-tables",
            "-ftls-model=initial-exec",
        ],
        &["-fPIC", "-flto", "-ffat-lto-objects"],
        &["-fPIC", "-flto"],
    ] {
        let fixture = Fixture::new();
        fixture.compile(CODE, options);
        assert_eq!(fixture.findings(), [], "{options:?}");
    }
}

#[test]
fn objects_for_fixed_addresses_are_told_from_others_on_other_machines() {
    for (compiler, machine_options, triplet) in [
        ("gcc", &["-m32"][..], "i686-pc-linux-gnu"),
        ("aarch64-linux-gnu-gcc", &[], "aarch64-linux-gnu"),
        ("riscv64-linux-gnu-gcc", &[], "riscv64-linux-gnu"),
        ("arm-linux-gnueabihf-gcc", &[], "arm-linux-gnueabihf"),
        ("arm-linux-gnueabihf-gcc", &["-marm"], "arm-linux-gnueabihf"),
    ] {
        let asked = Command::new(compiler)
            .args(machine_options)
            .arg("--version")
            .output();
        if !asked.is_ok_and(|output| output.status.success()) {
            // Not by way of the test's own output, which nobody sees when it passes.
            let mut terminal = io::stderr();
            writeln!(
                terminal,
                "NOT CHECKED, for want of {compiler}: position-independent objects"
            )
            .unwrap();
            continue;
        }
        let mut fixture = Fixture::new();
        fixture.machine = Host::find(triplet).unwrap();
        let is_found = |options: &[&str]| {
            let arguments = [&["-O2", "-c", "x.c"], machine_options, options].concat();
            run(fixture.directory.path(), compiler, &arguments);
            fixture.archive(&["x.o"]);
            let rules: Vec<Rule> = fixture.findings().iter().map(|finding| finding.rule).collect();
            assert!(
                rules.iter().all(|rule| *rule == Rule::NotPic),
                "{triplet}: {rules:?}"
            );
            !rules.is_empty()
        };
        for options in [
            &["-fno-pic", "-fno-pie"][..],
            &["-fPIE"],
            &["-fPIC", "-ftls-model=local-exec"],
        ] {
            assert!(is_found(options), "{triplet} {options:?}");
        }
        for options in [
            &["-fPIC"][..],
            &["-fPIC", "-O0", "-g"],
            &["-fPIC", "-Os"],
            &["-fPIC", "-fvisibility=hidden"],
        ] {
            assert!(!is_found(options), "{triplet} {options:?}");
        }
    }
}

#[test]
fn libraries_without_objects_are_found() {
    check(Rule::StaticLibrary, "has no objects", |package| {
        package.archive(&[]);
    });
    check(Rule::StaticLibrary, "x.c in it is no object", |package| {
        package.archive(&["x.c"]);
    });
    check(Rule::StaticLibrary, "its objects are not in it", |package| {
        fs_err::remove_file(package.path("lib/libx.a")).unwrap();
        let library = package.path("lib/libx.a").display().to_string();
        run(package.directory.path(), "ar", &["rcT", &library, "x.o"]);
    });
    check(Rule::StaticLibrary, "cannot be read", |package| {
        let bytes = fs_err::read(package.path("lib/libx.a")).unwrap();
        package.write("lib/libx.a", &bytes[..bytes.len() / 2]);
    });
}

#[test]
fn shared_libraries_are_found() {
    check(
        Rule::SharedLibrary,
        "lib/libx.so.1: a shared library",
        |package| {
            let library = package.path("lib/libx.so.1").display().to_string();
            run(
                package.directory.path(),
                "gcc",
                &["-shared", "-o", &library, "x.o"],
            );
        },
    );
}

#[test]
fn a_build_for_debugging_that_cannot_be_debugged_is_found() {
    check(Rule::NoDebugInfo, "lib/libx.a", |package| package.debug = true);
    let mut fixture = Fixture::new();
    fixture.debug = true;
    fixture.compile(CODE, &["-fPIC", "-g"]);
    assert_eq!(fixture.findings(), []);
}

#[test]
fn a_package_without_a_licence_is_found() {
    check(Rule::Licence, "share/licenses/x", |package| {
        fs_err::remove_dir_all(package.path("share/licenses")).unwrap();
    });
    check(Rule::Licence, "share/licenses/x", |package| {
        package.write("share/licenses/x/COPYING", "");
    });
}

#[test]
fn modes_that_a_package_must_not_have_are_found() {
    for (mode, words) in [
        (0o4755, "runs as another user"),
        (0o2755, "runs as another user"),
        (0o646, "anybody may change it"),
    ] {
        check(Rule::Mode, words, |package| {
            package.write("bin/x", "#!/bin/sh\n");
            package.mode("bin/x", mode);
        });
    }
}

#[test]
fn links_that_lead_nowhere_or_out_are_found() {
    for (target, words) in [
        ("missing", "which is not there"),
        ("../../x", "leads out of the package"),
        ("/etc/passwd", "leads out of the package"),
    ] {
        check(Rule::Link, words, |package| {
            symlink(target, package.path("lib/link")).unwrap();
        });
    }
    let fixture = Fixture::new();
    symlink("libx.a", fixture.path("lib/liby.a")).unwrap();
    symlink("../pkgconfig/d.pc", fixture.path("lib/cmake/d.pc")).unwrap();
    assert_eq!(
        fixture.findings(),
        [],
        "one leads to a file of the package, one to a dependency's"
    );
}

#[test]
fn files_where_nobody_looks_are_found() {
    check(
        Rule::Place,
        "lib64: a directory that nothing looks into",
        |package| {
            package.write("lib64/x", "");
        },
    );
    check(Rule::Place, "README: a file at the top", |package| {
        package.write("README", "");
    });
    check(Rule::Place, "/usr/include/x.h: installed outside", |package| {
        let directory = package.directory.path().join("stage/usr/include");
        fs_err::create_dir_all(&directory).unwrap();
        fs_err::write(directory.join("x.h"), "").unwrap();
    });
}

#[test]
fn modules_that_no_dependency_provides_are_found() {
    for field in ["Requires", "Requires.private"] {
        check(Rule::Requires, "names zlib", |package| {
            package.append("lib/pkgconfig/x.pc", &format!("{field}: d, zlib >= 1.2\n"));
        });
    }
}

#[test]
fn all_findings_are_told_at_once_with_what_mends_them() {
    let fixture = Fixture::new();
    fixture.write("lib/libx.la", "");
    fixture.write("lib/liby.la", "");
    fixture.write("README", "");
    expect_test::expect![[r#"

        libtool-archive: list the file in the recipe's `remove`
          lib/libx.la: a file of libtool
          lib/liby.la: a file of libtool
        place: install into bin, include, lib, libexec or share of the prefix, or `remove` it
          README: a file at the top of the prefix"#]]
    .assert_eq(&describe(&fixture.findings()));
}

#[test]
fn an_excuse_is_for_one_rule_and_its_paths() {
    let mut fixture = Fixture::new();
    fixture.write("lib/libx.la", "");
    fixture.write("lib/liby.la", "");
    let mut found = |rule, path: &str| {
        let excuse = Excuse {
            rule,
            path: path.to_owned(),
            why: "for a test".to_owned(),
        };
        fixture.excuses = vec![excuse];
        fixture.findings().len()
    };
    assert_eq!(found(Rule::Place, "lib/*.la"), 2);
    assert_eq!(found(Rule::LibtoolArchive, "lib/libx.la"), 1);
    assert_eq!(found(Rule::LibtoolArchive, "lib"), 0);
}

#[test]
fn every_rule_has_the_name_that_recipes_use() {
    for rule in Rule::ALL {
        let name = serde_json::to_value(rule).unwrap();
        assert_eq!(name, rule.name());
    }
}
