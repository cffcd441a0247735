//! The `config.site` for autoconf's configure scripts, which source it after they have read their arguments: what is
//! set by then is the user's choice.
//!
//! It is for any POSIX shell and any autoconf from 2.69. Some of what it sets are names of autoconf's own: `ac_site_file`
//! is the path under which it is sourced, `ac_cv_path_AR` and its like answer a search before it is made.

use std::fmt::Write as _;

use super::{PKG_CONFIG, Site};
use crate::toolchain::Tool;

/// Why writing to a text cannot fail.
const WRITES: &str = "a string takes all that is written";

/// How the file names the prefix.
const PREFIX: &str = "${depends_prefix}";

/// Characters that configure scripts, makefiles or `PATH` give a meaning, in words of a shell.
const SPECIAL: [&str; 21] = [
    "' '", "'\t'", "'\"'", "\"'\"", "'`'", "'\\'", "'$'", "'#'", "'&'", "'('", "')'", "'*'", "':'", "';'",
    "'<'", "'>'", "'?'", "'['", "']'", "'|'", "'%'",
];

/// The file's text.
pub(super) fn render(site: &Site<'_>) -> String {
    let mut text = format!(
        "# For configure scripts that build for {}: CONFIG_SITE=<prefix>/share/config.site ./configure\n\
         # Written by depends. It moves with its prefix.\n\n",
        site.plan.host.triplet
    );
    text.push_str(&prefix());
    text.push_str(&host(&site.plan.host.triplet));
    text.push_str("\n# Features, unless the command line chooses.\n");
    for told in site.told {
        for (name, value) in site.variables(told, &told.autoconf) {
            let value = value.render(PREFIX, escape);
            text.push_str(&unless_set(name, &format!("\"{value}\"")));
        }
    }
    text.push_str(&tools(site));
    text.push_str(&pkg_config(site.allow_host_packages));
    text.push_str(&flags(site));
    text.push_str("\n:\n");
    text
}

fn prefix() -> String {
    let special = SPECIAL.map(|word| format!("*{word}*")).join(" | ");
    format!(
        "depends_prefix=$(CDPATH='' cd \"$(dirname \"$ac_site_file\")/..\" && pwd) || return 1\n\
         case $depends_prefix in\n  {special})\n    \
         echo \"$ac_site_file: configure scripts and makefiles cannot use this path: $depends_prefix\" >&2\n    \
         echo \"make a symbolic link with a plain path to it, and set CONFIG_SITE to share/config.site there\" >&2\n    \
         return 1 ;;\nesac\n"
    )
}

/// As `--host` does. Where programs for the host run on this machine, nothing is cross-compiled: `maybe` has that tried.
fn host(triplet: &str) -> String {
    format!(
        "\nif test -z \"${{host_alias-}}\"; then\n  cross_compiling=maybe\n  host_alias={}\n  \
         ac_tool_prefix=${{host_alias}}-\nfi\n",
        quote(triplet)
    )
}

fn unless_set(name: impl std::fmt::Display, word: &str) -> String {
    format!("test -n \"${{{name}-}}\" || {name}={word}\n")
}

fn tools(site: &Site<'_>) -> String {
    let toolchain = &site.plan.toolchain;
    let word = |tool: &Tool| quote(&site.words(tool).join(" "));
    let mut text = "\n# Compilers, unless the user chooses; binary tools in any case.\n".to_owned();
    for (name, tool) in [("CC", &toolchain.cc), ("CXX", &toolchain.cxx)] {
        text.push_str(&unless_set(name, &word(tool)));
    }
    for (name, tool) in [
        ("AR", &toolchain.ar),
        ("NM", &toolchain.nm),
        ("RANLIB", &toolchain.ranlib),
        ("STRIP", &toolchain.strip),
    ] {
        writeln!(text, "{name}={0}\nac_cv_path_{name}=${name}", word(tool)).expect(WRITES);
    }
    writeln!(text, "PATH=\"{PREFIX}/native/bin:$PATH\"").expect(WRITES);
    text
}

/// A search for pkg-config keeps only an absolute path.
fn pkg_config(allow_host_packages: bool) -> String {
    let path = PKG_CONFIG
        .map(|directory| format!("{PREFIX}/{directory}"))
        .join(":");
    let (others, libdir) = if allow_host_packages {
        ("${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}", String::new())
    } else {
        let libdir =
            format!("PKG_CONFIG_LIBDIR=\"{path}\"\nexport PKG_CONFIG_LIBDIR\nunset PKG_CONFIG_SYSROOT_DIR\n");
        ("", libdir)
    };
    format!(
        "\ntest -n \"${{PKG_CONFIG-}}\" || PKG_CONFIG=$(command -v pkg-config || command -v pkgconf || :)\n\
         case \" $PKG_CONFIG \" in\n  '  ' | *' --static '*) ;;\n  *) PKG_CONFIG=\"$PKG_CONFIG --static\" ;;\nesac\n\
         # Exported, because pkg-config itself reads them.\n\
         PKG_CONFIG_PATH=\"{path}{others}\"\nexport PKG_CONFIG_PATH\n{libdir}"
    )
}

/// The flags that the packages were built with; the user's come after them, and win.
fn flags(site: &Site<'_>) -> String {
    let flags = site.plan.host_flags();
    let mut text = "\n# The flags of the packages, and after them the user's.\n".to_owned();
    for (name, first, words) in [
        ("CFLAGS", None, &flags.c),
        ("CXXFLAGS", None, &flags.cxx),
        ("CPPFLAGS", Some(format!("-I{PREFIX}/include")), &flags.cpp),
        ("LDFLAGS", Some(format!("-L{PREFIX}/lib")), &flags.ld),
    ] {
        let words: Vec<String> = first
            .into_iter()
            .chain(words.iter().map(|word| escape(word)))
            .collect();
        if !words.is_empty() {
            let words = words.join(" ");
            writeln!(text, "{name}=\"{words}${{{name}:+ ${name}}}\"").expect(WRITES);
        }
    }
    text
}

/// The text as one word.
fn quote(text: &str) -> String {
    format!("\"{}\"", escape(text))
}

/// The text as it stands between double quotes.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '$' | '`') {
            escaped.push('\\');
        }
        escaped.push(character);
    }
    escaped
}
