//! The files that list keys: an entry a line; blank lines and those that begin with `#` stay as they are.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use super::{Date, InvalidDate, InvalidDigest, KeyDigest};
use crate::address::TcpAddress;

/// The longest name of a key.
const MAX_NAME: usize = 64;

/// A key that may connect here: `NAME KEY` or `NAME KEY YYYY-MM-DD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Authorized {
    name: String,
    key: KeyDigest,
    until: Option<Date>,
}

/// A key that is expected elsewhere: `HOST:PORT KEY`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    address: TcpAddress,
    key: KeyDigest,
}

/// An entry that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EntryError {
    /// The name.
    #[error(
        "a name has up to {MAX_NAME} letters, digits, dots, dashes and underscores, and does not begin with two \
         underscores"
    )]
    Name,
    /// The address.
    #[error("an address is written as HOST:PORT")]
    Address,
    /// The key.
    #[error(transparent)]
    Key(#[from] InvalidDigest),
    /// The day.
    #[error(transparent)]
    Until(#[from] InvalidDate),
    /// Words are missing, or there are too many.
    #[error("expected {0}")]
    Words(&'static str),
}

impl Authorized {
    /// A key under the name that it has as a user of RPC methods, until the end of a day, or for good.
    ///
    /// # Errors
    /// [`EntryError::Name`].
    pub fn new(name: &str, key: KeyDigest, until: Option<Date>) -> Result<Self, EntryError> {
        let is_part = |letter: char| letter.is_ascii_alphanumeric() || "._-".contains(letter);
        // Names with two underscores are the node's own, such as that of the cookie.
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(is_part) || name.starts_with("__") {
            return Err(EntryError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            key,
            until,
        })
    }

    /// Whose it is.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key.
    pub fn key(&self) -> KeyDigest {
        self.key
    }

    /// Whether its last day is over.
    pub fn has_lapsed(&self, now: SystemTime) -> bool {
        self.until.is_some_and(|until| until.is_over(now))
    }
}

impl Trusted {
    /// A key at an address.
    pub fn new(address: TcpAddress, key: KeyDigest) -> Self {
        Self { address, key }
    }

    /// Where it is expected.
    pub fn address(&self) -> &TcpAddress {
        &self.address
    }

    /// The key.
    pub fn key(&self) -> KeyDigest {
        self.key
    }
}

impl FromStr for Authorized {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        let (name, key, until) = match words.as_slice() {
            [name, key] => (name, key, None),
            [name, key, until] => (name, key, Some(until.parse()?)),
            _ => return Err(EntryError::Words("NAME KEY [YYYY-MM-DD]")),
        };
        Self::new(name, key.parse()?, until)
    }
}

impl FromStr for Trusted {
    type Err = EntryError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let words: Vec<_> = text.split_ascii_whitespace().collect();
        let [address, key] = words.as_slice() else {
            return Err(EntryError::Words("HOST:PORT KEY"));
        };
        let address = address.parse().map_err(|_| EntryError::Address)?;
        Ok(Self::new(address, key.parse()?))
    }
}

/// As a line of the file.
impl fmt::Display for Authorized {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.name, self.key)?;
        match self.until {
            Some(until) => write!(formatter, " {until}"),
            None => Ok(()),
        }
    }
}

/// As a line of the file.
impl fmt::Display for Trusted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.address, self.key)
    }
}

/// What a file lists.
pub(super) trait Entry: FromStr<Err = EntryError> + fmt::Display {
    /// The file's name.
    const FILE: &'static str;

    /// Whether the other one has this one's place.
    fn replaces(&self, other: &Self) -> bool;
}

impl Entry for Authorized {
    const FILE: &'static str = "authorized";

    fn replaces(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Entry for Trusted {
    const FILE: &'static str = "trusted";

    fn replaces(&self, other: &Self) -> bool {
        self.address == other.address
    }
}

/// A file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List<E> {
    lines: Vec<Line<E>>,
}

#[derive(Debug, PartialEq, Eq)]
enum Line<E> {
    Entry(E),
    Remark(String),
}

impl<E: Entry> List<E> {
    /// Reads a file's text; or says which line is wrong.
    pub(super) fn parse(text: &str) -> Result<Self, (usize, EntryError)> {
        let lines = text.lines().enumerate().map(|(index, line)| {
            if line.trim().is_empty() || line.trim_start().starts_with('#') {
                return Ok(Line::Remark(line.trim_end_matches('\r').to_owned()));
            }
            line.parse().map(Line::Entry).map_err(|error| (index + 1, error))
        });
        Ok(Self {
            lines: lines.collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn entries(&self) -> impl Iterator<Item = &E> {
        self.lines.iter().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Remark(_) => None,
        })
    }

    pub(super) fn into_entries(self) -> Vec<E> {
        let entries = self.lines.into_iter().filter_map(|line| match line {
            Line::Entry(entry) => Some(entry),
            Line::Remark(_) => None,
        });
        entries.collect()
    }

    /// Adds an entry, in the place of another where it replaces one.
    pub(super) fn put(&mut self, entry: E) {
        let place = self
            .lines
            .iter()
            .position(|line| matches!(line, Line::Entry(known) if entry.replaces(known)));
        match place {
            Some(place) => self.lines[place] = Line::Entry(entry),
            None => self.lines.push(Line::Entry(entry)),
        }
    }

    /// Removes entries, and gives whether there were any.
    pub(super) fn remove(&mut self, is_meant: impl Fn(&E) -> bool) -> bool {
        let count = self.lines.len();
        self.lines
            .retain(|line| !matches!(line, Line::Entry(entry) if is_meant(entry)));
        self.lines.len() < count
    }
}

impl<E: Entry> fmt::Display for List<E> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|line| match line {
            Line::Entry(entry) => writeln!(formatter, "{entry}"),
            Line::Remark(text) => writeln!(formatter, "{text}"),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Authorized, Entry, EntryError, List, Trusted};

    fn key(digit: char) -> String {
        digit.to_string().repeat(64)
    }

    #[test]
    fn a_wrong_line_is_named_with_what_is_wrong() {
        let (a, good) = (key('a'), format!("ann {}", key('b')));
        let rows = [
            (
                format!("# x\n\n{good}\nbob"),
                4,
                EntryError::Words("NAME KEY [YYYY-MM-DD]"),
            ),
            (
                format!("{good} 2026-01-01 x"),
                1,
                EntryError::Words("NAME KEY [YYYY-MM-DD]"),
            ),
            ("bob 12".to_owned(), 1, EntryError::Key(super::InvalidDigest)),
            (format!("{good} soon"), 1, EntryError::Until(super::InvalidDate)),
            (format!("b/b {a}"), 1, EntryError::Name),
            (format!("__cookie__ {a}"), 1, EntryError::Name),
            (format!("{} {a}", "x".repeat(65)), 1, EntryError::Name),
        ];
        for (text, line, error) in rows {
            assert_eq!(List::<Authorized>::parse(&text), Err((line, error)), "{text}");
        }
        assert_eq!(
            List::<Trusted>::parse(&format!("host {a}")),
            Err((1, EntryError::Address))
        );
        assert_eq!(
            List::<Trusted>::parse("h:1"),
            Err((1, EntryError::Words("HOST:PORT KEY")))
        );
    }

    #[test]
    fn changes_leave_everything_else_in_its_place() {
        let text = format!("# friends\nann {}\n\nbob {} 2030-01-01\n", key('a'), key('b'));
        let mut list: List<Authorized> = List::parse(&text).unwrap();
        assert_eq!(list.to_string(), text);
        list.put(format!("ann {}", key('c')).parse().unwrap());
        list.put(format!("cat {}", key('d')).parse().unwrap());
        assert!(list.remove(|entry| entry.name() == "bob"));
        assert!(!list.remove(|entry| entry.name() == "bob"));
        assert_eq!(
            list.to_string(),
            format!("# friends\nann {}\n\ncat {}\n", key('c'), key('d'))
        );
    }

    fn any_text_is_a_list_or_refused<E: Entry + std::fmt::Debug + PartialEq>(text: &str) {
        if let Ok(list) = List::<E>::parse(text) {
            let written = list.to_string();
            assert_eq!(List::parse(&written), Ok(list), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_list_reads_what_it_writes(text in "((#|[a-c]|h:[0-9]|\\[::1\\]:80)( [ab]{64})?( 20[0-9]{2}-0[1-3]-0[0-3])?\r?\n){0,4}") {
            any_text_is_a_list_or_refused::<Authorized>(&text);
            any_text_is_a_list_or_refused::<Trusted>(&text);
        }

        #[test]
        fn any_text_is_answered_not_feared(text in ".{0,80}") {
            any_text_is_a_list_or_refused::<Authorized>(&text);
            any_text_is_a_list_or_refused::<Trusted>(&text);
        }
    }
}
