//! The grammar of `syscoin.conf`: sections, assignments and comments, one a line. Nothing is opened here.

use std::ffi::OsString;

use crate::os_text;

/// A file as written.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ConfigFile {
    pub(crate) entries: Vec<Entry>,
    pub(crate) sections: Vec<SectionMention>,
}

/// `key=value`, the key with the section it stands in before it: `regtest.port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: OsString,
}

/// A place that names a section: a header or a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SectionMention {
    pub(crate) name: String,
    /// Counted from 1.
    pub(crate) line: usize,
}

/// A line that is none of those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SyntaxError {
    /// `-name=value`.
    #[error(
        "parse error on line {line}: {text}, options in configuration file must be specified without leading -"
    )]
    LeadingDash {
        /// Counted from 1.
        line: usize,
        /// The line without comment and outer white space.
        text: String,
    },
    /// A password that might go on behind the `#`.
    #[error("parse error on line {line}, using # in rpcpassword can be ambiguous and should be avoided")]
    HashInPassword {
        /// Counted from 1.
        line: usize,
    },
    /// `noname` alone.
    #[error(
        "parse error on line {line}: {text}, if you intended to specify a negated option, use {text}=1 instead"
    )]
    BareNegation {
        /// Counted from 1.
        line: usize,
        /// The line without comment and outer white space.
        text: String,
    },
    /// Anything else.
    #[error("parse error on line {line}: {text}")]
    NotAnAssignment {
        /// Counted from 1.
        line: usize,
        /// The line without comment and outer white space.
        text: String,
    },
}

impl ConfigFile {
    /// Reads a file's bytes; values keep theirs exactly where the system's texts are bytes.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, SyntaxError> {
        let mut file = Self::default();
        let mut prefix = String::new();
        for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
            file.parse_line(line, index + 1, &mut prefix)?;
        }
        Ok(file)
    }

    fn parse_line(&mut self, line: &[u8], number: usize, prefix: &mut String) -> Result<(), SyntaxError> {
        let comment = line.iter().position(|byte| *byte == b'#');
        let content = trim(&line[..comment.unwrap_or(line.len())]);
        let text = || String::from_utf8_lossy(content).into_owned();
        match content {
            [] => {}
            [b'[', name @ .., b']'] => {
                let name = String::from_utf8_lossy(name).into_owned();
                *prefix = format!("{name}.");
                self.sections.push(SectionMention { name, line: number });
            }
            [b'-', ..] => {
                return Err(SyntaxError::LeadingDash {
                    line: number,
                    text: text(),
                });
            }
            _ => {
                let Some(position) = content.iter().position(|byte| *byte == b'=') else {
                    let negation = content.starts_with(b"no");
                    return Err(match negation {
                        true => SyntaxError::BareNegation {
                            line: number,
                            text: text(),
                        },
                        false => SyntaxError::NotAnAssignment {
                            line: number,
                            text: text(),
                        },
                    });
                };
                let key = format!("{prefix}{}", String::from_utf8_lossy(trim(&content[..position])));
                if comment.is_some() && key.contains("rpcpassword") {
                    return Err(SyntaxError::HashInPassword { line: number });
                }
                if let Some(dot) = key.rfind('.').filter(|dot| prefix.len() <= *dot) {
                    self.sections.push(SectionMention {
                        name: key[..dot].to_owned(),
                        line: number,
                    });
                }
                self.entries.push(Entry {
                    key,
                    value: os_text::from_file_bytes(trim(&content[position + 1..])),
                });
            }
        }
        Ok(())
    }
}

fn trim(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = bytes {
        bytes = rest;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn entries(text: &str) -> Vec<(String, String)> {
        let file = ConfigFile::parse(text.as_bytes()).unwrap();
        file.entries
            .into_iter()
            .map(|entry| (entry.key, entry.value.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn lines_become_keys_with_their_section() {
        let rows: [(&str, &[(&str, &str)]); 9] = [
            ("", &[]),
            ("  # only a comment\r\n\n", &[]),
            ("a=1", &[("a", "1")]),
            (" a = b c # comment\r\n", &[("a", "b c")]),
            ("a==b=", &[("a", "=b=")]),
            ("a=\n=x", &[("a", ""), ("", "x")]),
            (
                "[regtest]\na=1\n[main]\na=2",
                &[("regtest.a", "1"), ("main.a", "2")],
            ),
            ("test.a=1\n[]\na=2", &[("test.a", "1"), (".a", "2")]),
            ("datadir=/tmp/₿🦀", &[("datadir", "/tmp/₿🦀")]),
        ];
        for (text, expected) in rows {
            let expected: Vec<(String, String)> = expected
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
                .collect();
            assert_eq!(entries(text), expected, "{text:?}");
        }
    }

    #[test]
    fn sections_are_remembered_with_their_line() {
        let file = ConfigFile::parse(b"[regtest]\na=1\n\nb.c=2\n[tset]\n").unwrap();
        let mentions: Vec<(&str, usize)> = file
            .sections
            .iter()
            .map(|section| (section.name.as_str(), section.line))
            .collect();
        assert_eq!(mentions, [("regtest", 1), ("regtest.b", 4), ("tset", 5)]);
    }

    #[test]
    fn other_lines_are_errors() {
        let rows = [
            (
                "\n-a=1",
                "parse error on line 2: -a=1, options in configuration file must be specified without leading -",
            ),
            ("a", "parse error on line 1: a"),
            ("[regtest", "parse error on line 1: [regtest"),
            (
                "nolisten # x",
                "parse error on line 1: nolisten, if you intended to specify a negated option, use nolisten=1 instead",
            ),
            (
                "rpcpassword=a#b",
                "parse error on line 1, using # in rpcpassword can be ambiguous and should be avoided",
            ),
            (
                "main.rpcpassword=a # b",
                "parse error on line 1, using # in rpcpassword can be ambiguous and should be avoided",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(
                ConfigFile::parse(text.as_bytes()).unwrap_err().to_string(),
                expected,
                "{text:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn values_keep_bytes_that_are_not_unicode() {
        use std::os::unix::ffi::OsStrExt as _;
        let file = ConfigFile::parse(b"datadir=/tmp/\xff\xfe").unwrap();
        assert_eq!(file.entries[0].value.as_bytes(), b"/tmp/\xff\xfe");
    }

    proptest! {
        #[test]
        fn no_input_panics(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = ConfigFile::parse(&bytes);
        }

        #[test]
        fn no_likely_input_panics(text in "([a\\[\\]=#.\\-no \t\r\n]|rpcpassword){0,60}") {
            let _ = ConfigFile::parse(text.as_bytes());
        }

        #[test]
        fn written_entries_are_read_back(
            rows in proptest::collection::vec(("[a-z]{1,8}", "[!-\"$-~₿🦀]{0,12}"), 0..12),
            section in "[a-z]{1,8}",
        ) {
            let mut text = format!("[{section}]\n");
            let mut expected = Vec::new();
            for (name, value) in rows {
                text.push_str(&format!("  {name} =\t{value} # {name}\r\n"));
                expected.push((format!("{section}.{name}"), value));
            }
            prop_assume!(!text.contains("rpcpassword"));
            prop_assert_eq!(entries(&text), expected);
        }
    }
}
