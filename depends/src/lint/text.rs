//! What is wrong in files that other builds read: paths of this machine, and modules that nobody provides.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::{Package, Rule};

/// Directories that lie at the root of machines: a path that begins with one is no part of another path.
const ROOTS: [&str; 22] = [
    "usr",
    "opt",
    "home",
    "root",
    "tmp",
    "var",
    "etc",
    "mnt",
    "srv",
    "run",
    "dev",
    "proc",
    "sys",
    "media",
    "nix",
    "gnu",
    "Users",
    "Library",
    "System",
    "Applications",
    "private",
    "Volumes",
];

/// Directories of pkg-config's files in a prefix.
const PKG_CONFIG: [&str; 2] = ["lib/pkgconfig", "share/pkgconfig"];

impl Package<'_> {
    /// The modules of pkg-config that the package and its dependencies provide.
    pub(super) fn modules(&self, paths: &[PathBuf]) -> io::Result<BTreeSet<String>> {
        let mut files: Vec<PathBuf> = paths.to_vec();
        for directory in PKG_CONFIG.map(|directory| self.dependencies.join(directory)) {
            if directory.is_dir() {
                for entry in fs_err::read_dir(directory)? {
                    files.push(entry?.path());
                }
            }
        }
        let is_module = |file: &&PathBuf| file.extension().is_some_and(|extension| extension == "pc");
        let name = |file: &PathBuf| Some(file.file_stem()?.to_string_lossy().into_owned());
        Ok(files.iter().filter(is_module).filter_map(name).collect())
    }
}

/// Checks a file of a package that is text.
pub(super) fn check(
    path: &Path,
    text: &str,
    prefix: &str,
    modules: &BTreeSet<String>,
    report: &mut dyn FnMut(Rule, String),
) {
    let (found, kind) = match path.extension().and_then(|extension| extension.to_str()) {
        Some("pc") => {
            check_requires(text, modules, report);
            (first_path_in_pc(text), "pkg-config")
        }
        Some("cmake") => (first_path_in_cmake(text, prefix), "CMake"),
        _ if text.contains('\0') => return,
        // The prefix exists nowhere: whoever reads of it is misled.
        _ => (text.contains(prefix).then(|| prefix.to_owned()), "text"),
    };
    if let Some(found) = found {
        report(Rule::AbsolutePath, format!("this {kind} file names {found}"));
    }
}

fn first_path_in_pc(text: &str) -> Option<String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines
        .filter(|line| !is_prose(line))
        .find_map(|line| absolute_paths(line).next())
}

/// Whether the line is for people.
fn is_prose(line: &str) -> bool {
    [
        "Name:",
        "Description:",
        "URL:",
        "Version:",
        "License:",
        "Copyright:",
        "Maintainer:",
        "Source:",
    ]
    .iter()
    .any(|field| line.starts_with(field))
}

fn first_path_in_cmake(text: &str, prefix: &str) -> Option<String> {
    let text = without_bracket_comments(text);
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    // Of what is joined to a variable elsewhere, only the beginning tells it from a path of a machine.
    lines.flat_map(absolute_paths).find(|path| {
        let first = path.trim_start_matches('/').split('/').next().unwrap_or_default();
        ROOTS.contains(&first) || path.contains(':') || path.starts_with(prefix)
    })
}

/// CMake code without its comments of several lines, `#[[…]]` or with as many `=` as there may be.
fn without_bracket_comments(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("#[") {
        let (before, comment) = rest.split_at(at);
        code.push_str(before);
        let equals: String = comment[2..]
            .chars()
            .take_while(|character| *character == '=')
            .collect();
        let end = format!("]{equals}]");
        rest = match comment[2 + equals.len()..].strip_prefix('[') {
            Some(inside) => inside.find(&end).map_or("", |at| &inside[at + end.len()..]),
            // A comment of one line, which ends as any other.
            None => {
                code.push_str("#[");
                &comment[2..]
            }
        };
    }
    code.push_str(rest);
    code
}

/// The absolute paths in a line: those that follow no variable and no other name.
fn absolute_paths(line: &str) -> impl Iterator<Item = String> {
    let begins = |at: usize| {
        let before = &line[..at];
        let follows_option = ["-I", "-L", "-F", "-isystem", "-B"]
            .iter()
            .any(|option| before.ends_with(option));
        let previous = before.chars().next_back();
        follows_option || previous.is_none_or(|last| last.is_whitespace() || "\"'=;:,(>".contains(last))
    };
    let path = move |at: usize| -> Option<String> {
        let rest = &line[at..];
        let end = rest
            .find(|character: char| character.is_whitespace() || "\"';,)$<>".contains(character))
            .unwrap_or(rest.len());
        let path = &rest[..end];
        let named = path.trim_start_matches('/');
        // `//` follows the scheme of a location; a lone slash is a slash.
        let is_path = !path.starts_with("//") && named.starts_with(|first: char| first.is_alphanumeric());
        is_path.then(|| path.to_owned())
    };
    let posix = line
        .match_indices('/')
        .filter(move |(at, _)| begins(*at))
        .filter_map(move |(at, _)| path(at));
    posix.chain(windows_path(line))
}

/// A path with a drive before it, as in `C:/x`.
fn windows_path(line: &str) -> Option<String> {
    line.match_indices(":/").find_map(|(at, _)| {
        let mut before = line[..at].chars().rev();
        let drive = before.next()?;
        let alone = before.next().is_none_or(|other| !other.is_ascii_alphanumeric());
        let is_path = drive.is_ascii_uppercase() && alone && !line[at..].starts_with("://");
        is_path.then(|| {
            format!(
                "{drive}{}",
                line[at..].split(['"', ' ', ';']).next().unwrap_or_default()
            )
        })
    })
}

fn check_requires(text: &str, modules: &BTreeSet<String>, report: &mut dyn FnMut(Rule, String)) {
    for line in text.lines() {
        let Some((field, value)) = line.split_once(':') else {
            continue;
        };
        if !matches!(field, "Requires" | "Requires.private") {
            continue;
        }
        for module in required(value) {
            if !modules.contains(module) {
                report(
                    Rule::Requires,
                    format!("{field} names {module}, which no dependency provides"),
                );
            }
        }
    }
}

/// The modules in a list, without the versions that are asked of them.
fn required(list: &str) -> impl Iterator<Item = &str> {
    let words = list.split(|character: char| character.is_whitespace() || character == ',');
    let mut after_operator = false;
    words.filter(|word| !word.is_empty()).filter(move |word| {
        let is_operator = word.starts_with(['<', '>', '=', '!']);
        let is_version = std::mem::replace(&mut after_operator, is_operator);
        // A variable's value is not known here.
        !is_operator && !is_version && !word.contains('$')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_told_from_relative_ones() {
        let rows = [
            ("prefix=/usr/local", Some("/usr/local")),
            ("Libs: -L/usr/lib -lm", Some("/usr/lib")),
            ("Libs.private: /usr/lib/librt.so", Some("/usr/lib/librt.so")),
            ("Cflags: -I${prefix}/include", None),
            ("prefix=${pcfiledir}/../..", None),
            ("URL: https://example.org/x", None),
            ("Description: TCP/IP and /usr", None),
            ("# made in /tmp", None),
        ];
        for (line, expected) in rows {
            assert_eq!(first_path_in_pc(line).as_deref(), expected, "{line}");
        }
        let rows = [
            ("set(X \"/usr/lib/x.so\")", Some("/usr/lib/x.so")),
            (
                "  INTERFACE_LINK_LIBRARIES \"m;/opt/x/libx.a\"",
                Some("/opt/x/libx.a"),
            ),
            ("set(X \"C:/x/y\")", Some("C:/x/y")),
            ("set(X \"/prefix/x\")", Some("/prefix/x")),
            ("set(X \"${CMAKE_CURRENT_LIST_DIR}/usr/x\")", None),
            ("string(APPEND X \"/lib/x\")", None),
            ("if(X STREQUAL \"/\")", None),
            ("# /usr/lib", None),
        ];
        for (line, expected) in rows {
            assert_eq!(
                first_path_in_cmake(line, "/prefix").as_deref(),
                expected,
                "{line}"
            );
        }
    }

    #[test]
    fn required_modules_are_read_as_pkg_config_does() {
        let list = " a >= 1.0, b  c=1 ${d} , e";
        assert_eq!(required(list).collect::<Vec<_>>(), ["a", "b", "c=1", "e"]);
    }
}
