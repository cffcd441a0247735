//! What is asked for: a path's last part, the form that it names, a query and a body.

use bitcoin::BlockHash;
use bitcoin::hex::DisplayHex as _;
use rpc::PageRequest;
use serde_json::Value;

use super::answer::{Content, Failure};

/// The most headers that are given at once.
const MOST_HEADERS: usize = 2_000;

/// A form of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Binary,
    Hex,
    Json,
}

/// A request taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The path without the form.
    pub(super) path: String,
    /// The form, if it is one.
    pub(super) format: Option<Format>,
    query: Option<String>,
    /// Whether all of it is made of what may stand in an address.
    is_well_formed: bool,
    pub(super) body: Vec<u8>,
}

impl Target {
    pub(super) fn new(request: PageRequest) -> Self {
        let target = request.target;
        let path = target.rsplit_once('?').map_or(target.as_str(), |(path, _)| path);
        let (path, format) = match path.rsplit_once('.') {
            Some((path, "bin")) => (path, Some(Format::Binary)),
            Some((path, "hex")) => (path, Some(Format::Hex)),
            Some((path, "json")) => (path, Some(Format::Json)),
            Some((path, "")) => (path, None),
            _ => (path, None),
        };
        Self {
            path: path.to_owned(),
            format,
            query: target.split_once('?').map(|(_, query)| query.to_owned()),
            is_well_formed: is_well_formed(&target),
            body: request.body,
        }
    }

    /// The first value that the query gives a name, decoded. A query that is none has no values.
    pub(super) fn value(&self, name: &str) -> Result<Option<String>, Failure> {
        match self.is_well_formed {
            true => Ok(self.find(name)),
            false => Err(Failure::bad(
                "URI parsing failed, it likely contained RFC 3986 invalid characters",
            )),
        }
    }

    fn find(&self, name: &str) -> Option<String> {
        let pairs = self.query.as_deref()?.split('&').map(|pair| {
            let (name, value) = pair.split_once('=')?;
            (!name.is_empty()).then_some((name, value))
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        let (_, value) = pairs?.into_iter().find(|(found, _)| *found == name)?;
        Some(decode(value))
    }

    /// Bytes in the form that is asked for, or what they mean.
    pub(super) fn give(
        &self,
        bytes: impl FnOnce() -> Result<Vec<u8>, Failure>,
        json: impl FnOnce() -> Result<Value, Failure>,
    ) -> Result<Content, Failure> {
        match self.format {
            Some(Format::Binary) => Ok(Content::Bytes(bytes()?)),
            Some(Format::Hex) => Ok(Content::Digits(bytes()?.to_lower_hex_string())),
            Some(Format::Json) => Ok(Content::Json(json()?)),
            None => Err(Self::no_format()),
        }
    }

    /// What there is as JSON alone.
    pub(super) fn give_json(
        &self,
        json: impl FnOnce() -> Result<Value, Failure>,
    ) -> Result<Content, Failure> {
        match self.format {
            Some(Format::Json) => Ok(Content::Json(json()?)),
            _ => Err(Failure::not_found("output format not found (available: json)")),
        }
    }

    /// The form is none.
    pub(super) fn no_format() -> Failure {
        Failure::not_found("output format not found (available: .bin, .hex, .json)")
    }
}

/// A block's hash.
pub(super) fn hash(text: &str) -> Result<BlockHash, Failure> {
    text.parse()
        .map_err(|_| Failure::bad(format!("Invalid hash: {text}")))
}

/// How many headers are asked for.
pub(super) fn header_count(text: &str) -> Result<usize, Failure> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    let count = text.parse().ok().filter(|_| is_number);
    count
        .filter(|count| (1..=MOST_HEADERS).contains(count))
        .ok_or_else(|| {
            Failure::bad(format!(
                "Header count is invalid or out of acceptable range (1-{MOST_HEADERS}): {text}"
            ))
        })
}

/// A number of 32 bits, which may have a plus or a minus before it, as with upstream.
pub(super) fn number(text: &str) -> Option<i32> {
    text.parse().ok()
}

/// Whether a path and a query are made of what RFC 3986 lets stand there.
fn is_well_formed(target: &str) -> bool {
    let mut bytes = target.bytes();
    let mut in_query = false;
    while let Some(byte) = bytes.next() {
        let fits = match byte {
            b'%' => (0..2).all(|_| bytes.next().is_some_and(|digit| digit.is_ascii_hexdigit())),
            b'?' => {
                in_query = true;
                true
            }
            // What comes after it is no path any more, and is never sent.
            b'#' => in_query,
            _ => byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@/".contains(&byte),
        };
        if !fits {
            return false;
        }
    }
    true
}

/// Decodes what a query has for other letters. What is no code stays as it is.
fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        bytes = rest;
        let code = rest.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        let code = code.filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        match (first, code.and_then(|code| u8::from_str_radix(code, 16).ok())) {
            (b'%', Some(byte)) => {
                decoded.push(byte);
                bytes = &rest[2..];
            }
            (b'+', _) => decoded.push(b' '),
            (other, _) => decoded.push(*other),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        Target::new(PageRequest {
            target: text.to_owned(),
            body: Vec::new(),
        })
    }

    #[test]
    fn a_target_is_taken_apart() {
        for (text, path, format) in [
            ("a.bin", "a", Some(Format::Binary)),
            ("a/b.hex?c=d", "a/b", Some(Format::Hex)),
            (".json", "", Some(Format::Json)),
            ("a.bin.json", "a.bin", Some(Format::Json)),
            ("a.JSON", "a.JSON", None),
            ("a.", "a", None),
            ("a?b.json", "a", None),
            ("", "", None),
        ] {
            let found = target(text);
            assert_eq!((found.path.as_str(), found.format), (path, format), "{text}");
        }
    }

    #[test]
    fn values_of_a_query_are_decoded_or_none() {
        for (text, expected) in [
            ("a?count=1", Some("1")),
            ("a?b=2&count=%31+%20&count=3", Some("1  ")),
            ("a?count=", Some("")),
            ("a?count", None),
            ("a?count=1&b", None),
            ("a?=1&count=1", None),
            ("a?", None),
            ("a", None),
            ("a?COUNT=1", None),
        ] {
            let found = target(text).value("count");
            assert_eq!(found.as_ref().map(Option::as_deref), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_may_not_stand_in_an_address_has_no_values() {
        let refused = Err(Failure::bad(
            "URI parsing failed, it likely contained RFC 3986 invalid characters",
        ));
        for text in ["a%", "a%4?count=1", "a?count=1%zz", "a?count=\"1\"", "a b", "ä"] {
            assert_eq!(target(text).value("count"), refused, "{text}");
        }
    }

    #[test]
    fn counts_are_numbers_within_bounds() {
        for (text, expected) in [("1", Some(1)), ("2000", Some(2000)), ("007", Some(7))] {
            assert_eq!(header_count(text).ok(), expected);
        }
        for text in ["0", "2001", "-1", "+1", "", "1a", "99999999999999999999999"] {
            assert_eq!(
                header_count(text),
                Err(Failure::bad(format!(
                    "Header count is invalid or out of acceptable range (1-2000): {text}"
                )))
            );
        }
    }

    #[test]
    fn numbers_may_have_a_sign() {
        for (text, expected) in [
            ("0", Some(0)),
            ("-5", Some(-5)),
            ("+5", Some(5)),
            ("+-5", None),
            ("+", None),
            (" 5", None),
            ("2147483648", None),
            ("", None),
        ] {
            assert_eq!(number(text), expected, "{text}");
        }
    }
}
