//! Which compiler and which tool is taken: the options' precedence, for each kind of tool, and what flags become of them.

use std::path::Path;
use std::sync::Arc;

use depends::host::Host;
use depends::options::{Options, TOOL_OPTIONS};
use depends::tool::SearchPath;
use depends::toolchain::{Finder, Role, Tool, Toolchain, ToolchainError};

use crate::support::{Package, World, assert_says, child};

/// Options by name and value.
type Arguments<'a> = &'a [(&'a str, &'a str)];

/// A name of a tool that works as one of that kind.
fn add_tool(world: &World, name: &str, kind: &str, host: &Host) {
    let program = match kind {
        "CC" => "gcc",
        "CXX" => "g++",
        "AR" => "ar",
        "RANLIB" => "ranlib",
        "NM" => "nm",
        _ => "strip",
    };
    let program = SearchPath::from_environment().find(program).unwrap();
    let macros = match kind {
        "CC" | "CXX" => host.macros().iter().map(|name| format!("-D{name}=1")).collect(),
        _ => Vec::new(),
    };
    let text = format!(
        "#!/bin/sh\nexec {} {} \"$@\"\n",
        program.display(),
        macros.join(" ")
    );
    world.write_program(&format!("bin/{name}"), &text);
}

/// What is found on a path with nothing but the tools of this world and those that these need.
fn find(
    world: &World,
    host: &Host,
    role: Role,
    arguments: Arguments<'_>,
    environment: Arguments<'_>,
) -> Result<Toolchain, ToolchainError> {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let lookup = |name: &str| {
        let found = environment.iter().find(|(known, _)| *known == name)?;
        Some(found.1.to_owned())
    };
    let options = Options::new(&arguments, lookup, []).unwrap();
    let path = SearchPath::new(world.path("bin").into_os_string());
    Finder::new(path, world.path("memory")).find(host, role, &options)
}

fn tool<'a>(toolchain: &'a Toolchain, kind: &str) -> &'a Tool {
    match kind {
        "CC" => &toolchain.cc,
        "CXX" => &toolchain.cxx,
        "AR" => &toolchain.ar,
        "RANLIB" => &toolchain.ranlib,
        "NM" => &toolchain.nm,
        _ => &toolchain.strip,
    }
}

/// A world with the host's default tools, and for each kind `a-KIND` to `d-KIND`.
fn world(host: &Host, prefix: &str, compilers: [&str; 2]) -> World {
    let world = World::new([]);
    for (kind, name) in TOOL_OPTIONS
        .iter()
        .zip([compilers[0], compilers[1], "ar", "ranlib", "nm", "strip"])
    {
        add_tool(&world, &format!("{prefix}{name}"), kind, host);
        for letter in ["a", "b", "c", "d"] {
            add_tool(&world, &format!("{letter}-{kind}"), kind, host);
        }
    }
    world
}

/// Checks that each kind of tool is chosen as upstream chooses it.
fn check(triplet: &str, prefix: &str, compilers: [&str; 2]) {
    let host = Host::find(triplet).unwrap();
    let world = world(&host, prefix, compilers);
    for kind in TOOL_OPTIONS {
        let names = [
            kind.to_owned(),
            format!("{}_{}_{kind}", host.arch, host.system),
            format!("{}_{kind}", host.system),
        ];
        let tools = ["a", "b", "c", "d"].map(|letter| format!("{letter}-{kind}"));
        let [plain, arch, system] = names.each_ref().map(String::as_str);
        let [a, b, c, d] = tools.each_ref().map(String::as_str);
        // The command line, the environment, and what is taken.
        let rows: [(Arguments<'_>, Arguments<'_>, &str); 10] = [
            (&[], &[(system, a)], a),
            (&[(system, b)], &[(system, a)], b),
            (&[(system, b)], &[(arch, a)], a),
            (&[(arch, b)], &[(arch, a)], b),
            (&[(arch, b), (system, c)], &[], b),
            (&[(arch, b), (system, c)], &[(plain, a)], a),
            (&[(plain, d), (arch, b)], &[(plain, a)], d),
            (&[(plain, d)], &[(arch, a), (system, b)], d),
            // What is empty is not given.
            (&[(plain, "")], &[(plain, a), (system, b)], b),
            (&[(plain, "")], &[(arch, "")], ""),
        ];
        for (arguments, environment, expected) in rows {
            let row = format!("{triplet} {arguments:?} {environment:?}");
            let found = find(&world, &host, Role::Host, arguments, environment).unwrap();
            let program = &tool(&found, kind).program;
            if expected.is_empty() {
                let default = find(&world, &host, Role::Host, &[], &[]).unwrap();
                assert_eq!(program, &tool(&default, kind).program, "{row}");
                assert!(program.to_str().unwrap().contains("/bin/"), "{row}");
                assert!(
                    !program.file_name().unwrap().to_str().unwrap().contains(kind),
                    "{row}"
                );
            } else {
                assert_eq!(program, &world.path("bin").join(expected), "{row}");
            }
        }
    }
}

#[test]
fn each_tool_for_this_machine_is_chosen_as_upstream_does() {
    let current = Host::current().unwrap();
    check(&current.triplet, "", ["gcc", "g++"]);
}

#[test]
fn each_tool_for_another_machine_is_chosen_as_upstream_does() {
    check("aarch64-linux-gnu", "aarch64-linux-gnu-", ["gcc", "g++"]);
    check(
        "x86_64-w64-mingw32",
        "x86_64-w64-mingw32-",
        ["gcc-posix", "g++-posix"],
    );
}

#[test]
fn nothing_that_is_chosen_for_the_host_serves_the_building_machine() {
    let current: Arc<Host> = Host::current().unwrap();
    let world = world(&current, "", ["gcc", "g++"]);
    for kind in TOOL_OPTIONS {
        let names = [
            kind.to_owned(),
            format!("{}_{}_{kind}", current.arch, current.system),
            format!("{}_{kind}", current.system),
        ];
        let chosen = format!("a-{kind}");
        for name in &names {
            let given = [(name.as_str(), chosen.as_str())];
            for (arguments, environment) in [(&given[..], &[][..]), (&[], &given)] {
                let found = find(&world, &current, Role::Build, arguments, environment).unwrap();
                assert_eq!(
                    found,
                    find(&world, &current, Role::Build, &[], &[]).unwrap(),
                    "{name}"
                );
            }
        }
    }
}

#[test]
fn a_tool_may_have_arguments() {
    let current = Host::current().unwrap();
    let world = world(&current, "", ["gcc", "g++"]);
    let found = find(&world, &current, Role::Host, &[("CC", "a-CC  -m64 -g0")], &[]).unwrap();
    assert_eq!(found.cc.program, world.path("bin/a-CC"));
    assert_eq!(found.cc.arguments, ["-m64", "-g0"]);
}

#[test]
fn with_lto_the_tools_that_read_objects_are_those_of_the_compiler() {
    let host = Host::find("aarch64-linux-gnu").unwrap();
    let world = world(&host, "aarch64-linux-gnu-", ["gcc", "g++"]);
    let lto = [("LTO", "1")];
    let Err(ToolchainError::Missing(missing)) = find(&world, &host, Role::Host, &lto, &[]) else {
        panic!("there is no aarch64-linux-gnu-gcc-ar");
    };
    let names: Vec<_> = missing.iter().flat_map(|tool| &tool.programs).collect();
    assert_eq!(
        names,
        [
            "aarch64-linux-gnu-gcc-ar",
            "aarch64-linux-gnu-gcc-ranlib",
            "aarch64-linux-gnu-gcc-nm"
        ]
    );
    for (kind, name) in [("AR", "ar"), ("RANLIB", "ranlib"), ("NM", "nm")] {
        add_tool(&world, &format!("aarch64-linux-gnu-gcc-{name}"), kind, &host);
    }
    let found = find(&world, &host, Role::Host, &lto, &[]).unwrap();
    assert_eq!(found.ar.program, world.path("bin/aarch64-linux-gnu-gcc-ar"));
    assert_eq!(found.strip.program, world.path("bin/aarch64-linux-gnu-strip"));
    let chosen = [("LTO", "1"), ("AR", "a-AR")];
    let found = find(&world, &host, Role::Host, &chosen, &[]).unwrap();
    assert_eq!(found.ar.program, world.path("bin/a-AR"));
}

#[test]
fn a_compiler_for_another_machine_is_refused_before_any_download() {
    let world = World::new([Package::library("a", "int a;\n")]);
    let run = world
        .run()
        .options(&[("HOST", "riscv64-linux-gnu"), ("CC", "gcc"), ("CXX", "g++")])
        .options(&[
            ("AR", "ar"),
            ("RANLIB", "ranlib"),
            ("NM", "nm"),
            ("STRIP", "strip"),
        ]);
    assert_says(
        &run.failure(),
        &["gcc does not compile for riscv64-linux-gnu: it does not define __riscv"],
    );
    assert_eq!(world.server.requests(), [""; 0]);
}

/// A package that tells what it was built with, for the host and for the building machine.
fn telling() -> World {
    // The engine's own flag names the directory of the build.
    let script = "echo \"$CC $AR|$CPPFLAGS|$CFLAGS|$CXXFLAGS|$LDFLAGS\" | \
                  sed 's/ -ffile-prefix-map=[^ |]*//g' > $out/{version}";
    let flags = "flags = { cpp = [\"-DP\"], c = [\"-fc\"], cxx = [\"-fcxx\"], ld = [\"-fld\"] }";
    let world = World::new([
        Package::script("told", script).version("told").top(flags),
        Package::headers("user").needs_native(&["told"]),
    ]);
    world.write("packages/selection.toml", "packages = [\"told\", \"user\"]\n");
    world
}

fn told(prefix: &Path) -> String {
    let text = fs_err::read_to_string(prefix.join("told")).unwrap();
    text.trim().to_owned()
}

#[test]
fn the_environment_chooses_for_the_host_and_never_for_native_tools() {
    let world = telling();
    let compiler = world.write_program("bin/my-cc", "#!/bin/sh\nexec gcc \"$@\"\n");
    let mut command = child::install(&world.run().option("CFLAGS", "-O3"), "");
    command
        .env("CC", &compiler)
        .env("CFLAGS", "-O0")
        .env("CXXFLAGS", "-O0 -g")
        .env("LDFLAGS", "-s");
    child::finish(command).unwrap();
    let prefix = world.base().join(&Host::current().unwrap().triplet);
    assert_says(
        &told(&prefix),
        &[
            compiler.to_str().unwrap(),
            "|-DP|-O3 -fc",
            "|-O0 -g -fcxx",
            "|-s -fld",
        ],
    );
    let native = told(&prefix.join("native"));
    assert!(!native.contains("my-cc"), "{native}");
    assert_says(
        &native,
        &[
            "|-DP|-pipe -std=c11 -O2 -fc",
            "|-pipe -std=c++20 -O2 -fcxx",
            "|-fld",
        ],
    );
}

#[test]
fn flags_of_the_user_replace_the_defaults_and_those_of_packages_follow() {
    let debug = "-D_GLIBCXX_DEBUG -D_GLIBCXX_DEBUG_PEDANTIC";
    let rows: [(Arguments<'_>, [&str; 4]); 7] = [
        (
            &[],
            [
                "-DP",
                "-pipe -std=c11 -O2 -fc",
                "-pipe -std=c++20 -O2 -fcxx",
                "-fld",
            ],
        ),
        (
            &[("C_STANDARD", "c17"), ("CXX_STANDARD", "c++17")],
            [
                "-DP",
                "-pipe -std=c17 -O2 -fc",
                "-pipe -std=c++17 -O2 -fcxx",
                "-fld",
            ],
        ),
        (
            &[("DEBUG", "1")],
            [
                &format!("{debug} -DP"),
                "-pipe -std=c11 -O1 -g -fc",
                "-pipe -std=c++20 -O1 -g -fcxx",
                "-fld",
            ],
        ),
        (
            &[("LTO", "1")],
            [
                "-DP",
                "-pipe -std=c11 -O2 -flto -fc",
                "-pipe -std=c++20 -O2 -flto -fcxx",
                "-flto -fld",
            ],
        ),
        (
            &[
                ("CFLAGS", "-Og -x"),
                ("DEBUG", "1"),
                ("LTO", "1"),
                ("C_STANDARD", "c17"),
            ],
            [
                &format!("{debug} -DP"),
                "-Og -x -fc",
                "-pipe -std=c++20 -O1 -g -flto -fcxx",
                "-flto -fld",
            ],
        ),
        (
            &[
                ("CPPFLAGS", "-DU"),
                ("DEBUG", "1"),
                ("CXXFLAGS", "-O0"),
                ("LDFLAGS", "-s"),
            ],
            ["-DU -DP", "-pipe -std=c11 -O1 -g -fc", "-O0 -fcxx", "-s -fld"],
        ),
        (
            &[("CFLAGS", "")],
            [
                "-DP",
                "-pipe -std=c11 -O2 -fc",
                "-pipe -std=c++20 -O2 -fcxx",
                "-fld",
            ],
        ),
    ];
    let world = telling();
    for (options, expected) in rows {
        let flags = world.run().options(options).unit("told").flags;
        let found = [&flags.cpp, &flags.c, &flags.cxx, &flags.ld].map(|words| words.join(" "));
        assert_eq!(found, expected, "{options:?}");
        // Native tools take none of them but the standards.
        let native = world.run().options(options).unit("native_told").flags;
        let standards = options.iter().find(|(name, _)| *name == "C_STANDARD");
        let standard = standards.map_or("c11", |(_, value)| value);
        assert_eq!(native.c.join(" "), format!("-pipe -std={standard} -O2 -fc"));
    }
}
