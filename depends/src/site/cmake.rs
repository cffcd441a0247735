//! The toolchain file for CMake 3.16 and later.
//!
//! CMake reads it once for the project and again for each test compilation, so nothing in it adds to what an earlier
//! reading did. What a user may want otherwise is set only where it is not set.

use std::fmt::Write as _;

use super::{PKG_CONFIG, Site, Value};
use crate::toolchain::Tool;

/// Why writing to a text cannot fail.
const WRITES: &str = "a string takes all that is written";

/// How the file names the prefix.
const PREFIX: &str = "${CMAKE_CURRENT_LIST_DIR}";

/// The build types of CMake that are optimised.
const OPTIMISED: [&str; 2] = ["RELEASE", "RELWITHDEBINFO"];

/// The file's text.
pub(super) fn render(site: &Site<'_>) -> String {
    let mut text = format!(
        "# For CMake projects that are built for {}: cmake --toolchain <prefix>/toolchain.cmake\n\
         # Written by depends. It moves with its prefix.\n\n",
        site.plan.host.triplet
    );
    text.push_str(
        "if(CMAKE_CURRENT_LIST_DIR MATCHES \"[][;\\\"]\")\n  \
         message(FATAL_ERROR \"CMake cannot use this path: ${CMAKE_CURRENT_LIST_DIR}\")\nendif()\n",
    );
    if site.is_cross() {
        text.push_str(&system(site));
    }
    text.push_str(&tools(site));
    text.push_str(&flags(site));
    text.push_str(&search(site.allow_host_packages));
    text.push_str(&pkg_config(site.allow_host_packages));
    text.push_str("\n# Features, unless -D chooses.\n");
    for told in site.told {
        for (name, value) in site.variables(told, &told.cmake) {
            let kind = kind(value);
            let value = value.render(PREFIX, escape);
            writeln!(text, "set({name} \"{value}\" CACHE {kind} \"\")").expect(WRITES);
        }
    }
    text
}

/// To set the system's name is to cross-compile.
fn system(site: &Site<'_>) -> String {
    let host = &site.plan.host;
    let processor = host.triplet.split('-').next().unwrap_or(&host.arch);
    let mut text = format!(
        "\nset(CMAKE_SYSTEM_NAME {})\nset(CMAKE_SYSTEM_PROCESSOR {processor})\n",
        host.cmake_system_name()
    );
    for language in ["C", "CXX"] {
        let target = format!("CMAKE_{language}_COMPILER_TARGET");
        text.push_str(&unless_defined(&target, &quote(&host.triplet)));
    }
    text
}

fn tools(site: &Site<'_>) -> String {
    let toolchain = &site.plan.toolchain;
    let mut text = "\n# Compilers, unless the user chooses; binary tools in any case.\n".to_owned();
    for (language, variable, tool) in [("C", "CC", &toolchain.cc), ("CXX", "CXX", &toolchain.cxx)] {
        let compiler = format!("CMAKE_{language}_COMPILER");
        let words = list(site, tool);
        writeln!(
            text,
            "if(NOT DEFINED {compiler} AND \"x$ENV{{{variable}}}\" STREQUAL \"x\")\n  set({compiler} {words})\nendif()"
        )
        .expect(WRITES);
    }
    for (name, tool) in [
        ("AR", &toolchain.ar),
        ("NM", &toolchain.nm),
        ("RANLIB", &toolchain.ranlib),
        ("STRIP", &toolchain.strip),
    ] {
        writeln!(text, "set(CMAKE_{name} {})", list(site, tool)).expect(WRITES);
    }
    text
}

/// A program and, as CMake wants it, all of its arguments in one element.
fn list(site: &Site<'_>, tool: &Tool) -> String {
    let words = site.words(tool);
    let (program, arguments) = words
        .split_first()
        .expect("a command has a first word because that is its program");
    if arguments.is_empty() {
        quote(program)
    } else {
        format!("{} {}", quote(program), quote(&arguments.join(" ")))
    }
}

/// The flags that the packages were built with; what tells release from debug goes with CMake's build types. CMake
/// reads CPPFLAGS nowhere, and puts the environment's CFLAGS first, so they are put after ours once more, and win.
fn flags(site: &Site<'_>) -> String {
    let (release, debug) = (&site.plan.flags.release, &site.plan.flags.debug);
    let mut text = "\n# The flags of the packages, and after them the user's.\n".to_owned();
    for (language, environment, release, debug) in [
        ("C", "CFLAGS", &release.c, &debug.c),
        ("CXX", "CXXFLAGS", &release.cxx, &debug.cxx),
    ] {
        let mut common = site.plan.host_flags().cpp.clone();
        common.extend(release.iter().filter(|word| debug.contains(word)).cloned());
        let name = format!("CMAKE_{language}_FLAGS");
        let common = format!("\"{} $ENV{{{environment}}}\"", escape(&common.join(" ")));
        text.push_str(&unless_defined(&format!("{name}_INIT"), &common));
        for build_type in OPTIMISED {
            text.push_str(&only(&format!("{name}_{build_type}_INIT"), release, debug));
        }
        text.push_str(&only(&format!("{name}_DEBUG_INIT"), debug, release));
    }
    for kind in ["EXE", "SHARED", "MODULE"] {
        let name = format!("CMAKE_{kind}_LINKER_FLAGS_INIT");
        text.push_str(&only(&name, &site.plan.host_flags().ld, &[]));
    }
    text
}

/// Sets a variable to the words of `these` that `others` lack.
fn only(name: &str, these: &[String], others: &[String]) -> String {
    let words: Vec<&str> = these
        .iter()
        .filter(|word| !others.contains(word))
        .map(String::as_str)
        .collect();
    if words.is_empty() {
        return String::new();
    }
    unless_defined(name, &quote(&words.join(" ")))
}

/// Libraries, headers and packages come from the prefix, programs from its native part and from the system: those in
/// the prefix's own `bin` are for the host.
fn search(allow_host_packages: bool) -> String {
    let mut text = "\n# Where things are looked for.\n".to_owned();
    for (list, directory) in [
        ("CMAKE_FIND_ROOT_PATH", ""),
        ("CMAKE_PREFIX_PATH", ""),
        ("CMAKE_PROGRAM_PATH", "/native/bin"),
        ("CMAKE_IGNORE_PATH", "/bin"),
    ] {
        writeln!(
            text,
            "list(REMOVE_ITEM {list} \"{PREFIX}{directory}\")\nlist(INSERT {list} 0 \"{PREFIX}{directory}\")"
        )
        .expect(WRITES);
    }
    let mode = if allow_host_packages { "BOTH" } else { "ONLY" };
    text.push_str(&unless_defined("CMAKE_FIND_ROOT_PATH_MODE_PROGRAM", "NEVER"));
    for kind in ["LIBRARY", "INCLUDE", "PACKAGE"] {
        text.push_str(&unless_defined(
            &format!("CMAKE_FIND_ROOT_PATH_MODE_{kind}"),
            mode,
        ));
    }
    if !allow_host_packages {
        for source in [
            "CMAKE_ENVIRONMENT_PATH",
            "PACKAGE_REGISTRY",
            "SYSTEM_PACKAGE_REGISTRY",
        ] {
            text.push_str(&unless_defined(&format!("CMAKE_FIND_USE_{source}"), "OFF"));
        }
    }
    text
}

fn pkg_config(allow_host_packages: bool) -> String {
    let path = PKG_CONFIG
        .map(|directory| format!("{PREFIX}/{directory}"))
        .join(":");
    let mut text = format!("\nset(depends_pkg_config \"{path}\")\n");
    text.push_str(
        "if(CMAKE_HOST_WIN32)\n  string(REPLACE \":\" \";\" depends_pkg_config \"${depends_pkg_config}\")\nendif()\n",
    );
    if allow_host_packages {
        text.push_str(
            "string(FIND \"$ENV{PKG_CONFIG_PATH}\" \"${depends_pkg_config}\" depends_pkg_config_at)\n\
             if(depends_pkg_config_at EQUAL -1)\n  \
             set(ENV{PKG_CONFIG_PATH} \"${depends_pkg_config}:$ENV{PKG_CONFIG_PATH}\")\nendif()\n\
             unset(depends_pkg_config_at)\n",
        );
    } else {
        text.push_str(
            "set(ENV{PKG_CONFIG_PATH} \"${depends_pkg_config}\")\n\
             set(ENV{PKG_CONFIG_LIBDIR} \"${depends_pkg_config}\")\nunset(ENV{PKG_CONFIG_SYSROOT_DIR})\n",
        );
    }
    text.push_str("unset(depends_pkg_config)\n");
    text.push_str(&unless_defined("PKG_CONFIG_ARGN", "--static"));
    text
}

fn kind(value: &Value) -> &'static str {
    if value.is("ON") || value.is("OFF") {
        "BOOL"
    } else if value.is_path() {
        "PATH"
    } else {
        "STRING"
    }
}

fn unless_defined(name: &str, word: &str) -> String {
    format!("if(NOT DEFINED {name})\n  set({name} {word})\nendif()\n")
}

/// The text as one argument.
fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

/// The text as it stands between double quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '$') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
