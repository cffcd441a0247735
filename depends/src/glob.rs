//! Patterns of paths, as recipes write them.

use std::path::{Component, Path};

/// Whether a path matches a pattern: `*` stands for any characters but `/`, `**` for any. A pattern also matches all
/// that lies below what it matches.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    fn glob(pattern: &[u8], path: &[u8]) -> bool {
        match pattern {
            [] => path.is_empty() || path[0] == b'/',
            [b'*', b'*', rest @ ..] => (0..=path.len()).any(|at| glob(rest, &path[at..])),
            [b'*', rest @ ..] => {
                let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
                (0..=end).any(|at| glob(rest, &path[at..]))
            }
            [byte, rest @ ..] => path.first() == Some(byte) && glob(rest, &path[1..]),
        }
    }
    let path = Path::new(path).to_string_lossy().replace('\\', "/");
    glob(pattern.as_bytes(), path.as_bytes())
}

/// Whether a pattern is relative and leads nowhere upwards.
pub(crate) fn is_inside(pattern: &str) -> bool {
    let mut components = Path::new(pattern).components().peekable();
    components.peek().is_some() && components.all(|component| matches!(component, Component::Normal(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_shells_do() {
        let rows = [
            ("bin", "bin/capnp", true),
            ("bin", "binary", false),
            ("lib/*.a", "lib/libx.a", true),
            ("lib/*.a", "lib/x/libx.a", false),
            ("**/*.a", "lib/x/libx.a", true),
            ("share/man", "share/man/man1/x.1", true),
            ("include/ev*.h", "include/event.h", true),
            ("libs/*/include", "libs/any/include/boost/any.hpp", true),
            ("libs/*/include", "libs/numeric/odeint/include", false),
        ];
        for (pattern, path, expected) in rows {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn a_pattern_stays_inside() {
        for (pattern, expected) in [("a/*/b", true), ("/a", false), ("a/../b", false), ("", false)] {
            assert_eq!(is_inside(pattern), expected, "{pattern}");
        }
    }
}
