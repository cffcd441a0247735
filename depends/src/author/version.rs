//! Versions in the names of files, in locations and in paths.

/// The ends of archives' names.
const ENDS: [&str; 9] = [
    ".tar.gz", ".tar.xz", ".tar.bz2", ".tgz", ".txz", ".tbz2", ".tbz", ".tar", ".crate",
];

/// The end of an archive's name, such as `.tar.gz`.
pub(super) fn end(file: &str) -> Option<&'static str> {
    ENDS.into_iter().find(|end| file.ends_with(end))
}

/// The version that an archive's name seems to say.
pub(super) fn guess(file: &str) -> Option<String> {
    let stem = file.strip_suffix(end(file)?)?;
    let stem = stem.strip_suffix(".orig").unwrap_or(stem);
    let rest = match stem.strip_prefix('v') {
        Some(rest) if rest.starts_with(|first: char| first.is_ascii_digit()) => rest,
        _ => {
            let separator = |(index, character): (usize, char)| {
                let next = stem[index + character.len_utf8()..].chars().next();
                ("-_".contains(character) && next?.is_ascii_digit()).then_some(index + 1)
            };
            &stem[stem.char_indices().find_map(separator)?..]
        }
    };
    let version = rest.split('-').next().unwrap_or(rest);
    let version = if version.contains('.') {
        version.to_owned()
    } else {
        version.replace('_', ".")
    };
    (!version.is_empty()).then_some(version)
}

/// Puts `new` where `text` says the version `old`, also where it is written with `_` or `-` between its numbers.
pub(super) fn substitute(text: &str, old: &str, new: &str) -> String {
    let mut text = put(text, old, new);
    for separator in ["_", "-"] {
        if old.contains('.') {
            text = put(&text, &old.replace('.', separator), &new.replace('.', separator));
        }
    }
    text
}

fn put(text: &str, old: &str, new: &str) -> String {
    let mut written = String::new();
    let mut done = 0;
    for (index, _) in text.match_indices(old) {
        let (before, after) = (&text[..index], &text[index + old.len()..]);
        if index >= done && !before.ends_with(continues_before) && !continues_after(after) {
            written.push_str(&text[done..index]);
            written.push_str(new);
            done = index + old.len();
        }
    }
    written + &text[done..]
}

fn continues_before(last: char) -> bool {
    last.is_ascii_digit() || last == '.'
}

/// Whether the version goes on: `1.2` is not what `1.23` and `1.2.3` say.
fn continues_after(after: &str) -> bool {
    let mut characters = after.chars();
    match characters.next() {
        Some('.') => characters.next().is_some_and(|next| next.is_ascii_digit()),
        first => first.is_some_and(|first| first.is_ascii_digit()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_names() {
        let rows = [
            ("libevent-2.1.12-stable.tar.gz", Some("2.1.12")),
            ("capnproto-c++-1.1.0.tar.gz", Some("1.1.0")),
            ("boost1.83_1.83.0.orig.tar.xz", Some("1.83.0")),
            ("boost_1_83_0.tar.bz2", Some("1.83.0")),
            ("v1.2.tgz", Some("1.2")),
            ("zeromq-src-0.3.6+4.3.5.crate", Some("0.3.6+4.3.5")),
            ("libnatpmp-20230423.tar.gz", Some("20230423")),
            ("master.tar.gz", None),
            ("a-1.0.zip", None),
        ];
        for (file, expected) in rows {
            assert_eq!(guess(file).as_deref(), expected, "{file}");
        }
    }

    #[test]
    fn only_whole_versions_are_replaced() {
        let rows = [
            ("https://h/v1.2/a-1.2.tar.gz", "https://h/v3.0/a-3.0.tar.gz"),
            ("a_1_2.tar.gz b-1-2", "a_3_0.tar.gz b-3-0"),
            ("1.2.3 11.2 1.20 0.1.2", "1.2.3 11.2 1.20 0.1.2"),
            ("1.2.", "3.0."),
        ];
        for (text, expected) in rows {
            assert_eq!(substitute(text, "1.2", "3.0"), expected, "{text}");
        }
    }
}
