//! apt's source lists, in both their formats: which mirrors of Debian's own archive the machine is set up with.

use std::fmt::Write as _;

/// An entry of a source list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    uris: Vec<String>,
    suites: Vec<String>,
    components: Vec<String>,
    /// The key ring's path, or, after a line break, the keys themselves.
    signed_by: Option<String>,
}

/// Reads the old format: `deb [option=value] uri suite component…`.
pub(super) fn one_line(text: &str) -> Vec<Entry> {
    text.lines().filter_map(one_entry).collect()
}

fn one_entry(line: &str) -> Option<Entry> {
    let line = line.split('#').next()?.trim();
    let (kind, rest) = line.split_once(char::is_whitespace)?;
    if !matches!(kind, "deb" | "deb-src") {
        return None;
    }
    let rest = rest.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let signed_by = options
        .split_whitespace()
        .find_map(|option| option.strip_prefix("signed-by="))
        .map(str::to_owned);
    let mut words = rest.split_whitespace().map(str::to_owned);
    Some(Entry {
        uris: vec![words.next()?],
        suites: vec![words.next()?],
        components: words.collect(),
        signed_by,
    })
}

/// Reads the newer format: paragraphs of `Field: value`, continued on lines that begin with a space.
pub(super) fn deb822(text: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut fields: Vec<(String, String)> = Vec::new();
    for line in text.lines().chain([""]) {
        if line.starts_with('#') {
            continue;
        }
        if line.trim().is_empty() {
            entries.extend(paragraph(&fields));
            fields.clear();
        } else if line.starts_with([' ', '\t']) {
            if let Some((_, value)) = fields.last_mut() {
                value.push('\n');
                value.push_str(line);
            }
        } else if let Some((name, value)) = line.split_once(':') {
            fields.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    entries
}

fn paragraph(fields: &[(String, String)]) -> Option<Entry> {
    let field = |wanted: &str| {
        fields
            .iter()
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.as_str())
    };
    let words = |wanted: &str| -> Vec<String> {
        field(wanted)
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect()
    };
    let is_on = !matches!(
        field("enabled"),
        Some("no" | "false" | "0" | "off" | "without" | "disable")
    );
    let is_known = words("types")
        .iter()
        .any(|kind| kind == "deb" || kind == "deb-src");
    (is_on && is_known).then(|| Entry {
        uris: words("uris"),
        suites: words("suites"),
        components: words("components"),
        signed_by: field("signed-by").map(str::to_owned),
    })
}

impl Entry {
    /// The locations that are Debian's own archive, as opposed to its security updates and to the archives of others.
    fn debian_uris(&self) -> impl Iterator<Item = &str> {
        let has_main = self.components.iter().any(|component| component == "main");
        let keys = self.signed_by.as_deref().filter(|keys| keys.starts_with('/'));
        self.uris.iter().map(String::as_str).filter(move |uri| {
            let last = uri.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
            let is_named_so = matches!(last, "debian" | "debian.list");
            let is_other_part = ["security", "debug", "ports", "backports"]
                .iter()
                .any(|part| last.contains(part));
            has_main
                && keys.map_or(is_named_so, |keys| {
                    keys.contains("debian-archive") && !is_other_part
                })
        })
    }
}

/// A list, in the newer format, of the source packages of `suite` on every mirror of Debian's own archive in `entries`;
/// `None` if there is none. `key_ring` is for entries that name no keys.
pub(super) fn deb_src(entries: &[Entry], suite: &str, key_ring: Option<&str>) -> Option<String> {
    let mut uris = Vec::new();
    let mut text = String::new();
    for entry in entries {
        for uri in entry.debian_uris() {
            let uri = uri.trim_end_matches('/');
            if uris.contains(&uri) {
                continue;
            }
            uris.push(uri);
            text.push_str("Types: deb-src\n");
            let mut field = |name, value| {
                writeln!(text, "{name}: {value}")
                    .expect("writing to a string cannot fail because it has no end");
            };
            field("URIs", uri);
            field("Suites", suite);
            field("Components", "main");
            if let Some(keys) = entry.signed_by.as_deref().or(key_ring) {
                field("Signed-By", keys);
            }
            text.push('\n');
        }
    }
    (!uris.is_empty()).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entries: &[Entry], expected: &[&str]) {
        let list = deb_src(entries, "trixie", Some("/keys.gpg"));
        let expected: String = expected
            .iter()
            .map(|uri_and_keys| {
                let (uri, keys) = uri_and_keys.split_once(' ').unwrap();
                format!(
                    "Types: deb-src\nURIs: {uri}\nSuites: trixie\nComponents: main\nSigned-By: {keys}\n\n"
                )
            })
            .collect();
        assert_eq!(list.unwrap_or_default(), expected);
    }

    #[test]
    fn one_line_entries_for_debians_own_archive_are_found() {
        let text = "\
            # deb http://commented/debian bookworm main\n\
            deb http://mirror/debian/ bookworm main contrib # why\n\
            deb-src http://mirror/debian bookworm main\n\
            deb [arch=amd64 signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] https://proxy/apt/all bookworm main\n\
            deb http://mirror/debian-security bookworm-security main\n\
            deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://m/debian-security s main\n\
            deb [arch=amd64 signed-by=/etc/apt/keyrings/docker.gpg] https://docker/linux/debian bookworm stable\n\
            deb [signed-by=/etc/apt/keyrings/other.gpg] https://other/debian bookworm main\n\
            deb https://packages/apt cloud-sdk main\n\
            deb mirror+file:/etc/apt/mirrors/debian.list bookworm main\n\
            deb http://flat/ ./\nnonsense\ndeb\ndeb [x\n";
        check(
            &one_line(text),
            &[
                "http://mirror/debian /keys.gpg",
                "https://proxy/apt/all /usr/share/keyrings/debian-archive-keyring.gpg",
                "mirror+file:/etc/apt/mirrors/debian.list /keys.gpg",
            ],
        );
    }

    #[test]
    fn paragraphs_for_debians_own_archive_are_found() {
        let text = "\
            Types: deb\n# comment\nURIs: http://mirror/debian\n  http://second/debian\nSuites: bookworm bookworm-updates\n\
            Components: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
            Types: deb\nURIs: http://mirror/debian-security\nSuites: bookworm-security\nComponents: main\n\
            Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n\
            types: deb deb-src\nuris: http://third/debian\nsuites: sid\ncomponents: main\nsigned-by:\n -----BEGIN\n .\n -----END\n\n\
            Enabled: no\nTypes: deb\nURIs: http://off/debian\nSuites: sid\nComponents: main\n\n\n\
            Types: deb\nURIs: https://node/node_20.x\nSuites: nodistro\nComponents: main\nSigned-By: /node.gpg\n";
        let keys = "/usr/share/keyrings/debian-archive-keyring.gpg";
        check(
            &deb822(text),
            &[
                &format!("http://mirror/debian {keys}"),
                &format!("http://second/debian {keys}"),
                "http://third/debian \n -----BEGIN\n .\n -----END",
            ],
        );
    }

    #[test]
    fn a_machine_without_debians_archive_gives_no_list() {
        check(&one_line("deb http://archive/ubuntu noble main\n"), &[]);
        check(&deb822(""), &[]);
    }
}
