//! A JSON text as its author wrote it.
//!
//! `serde_json::Value` is not read directly from what a client sends, for three reasons: it keeps the last of two equal
//! keys silently, where a repeated argument must be refused by name and the first of two equal members wins, as in
//! Core; it nests 128 levels deep, where Core takes 512; and it takes objects with certain private keys for numbers.

use serde_json::{Map, Value};

/// The most levels of arrays and objects within each other.
const MAX_DEPTH: usize = 512;

/// A JSON text, read in full.
#[derive(Debug, PartialEq)]
pub(crate) enum Document {
    /// Members in order, repeated keys included.
    Object(Vec<(String, Document)>),
    /// Elements.
    Array(Vec<Document>),
    /// `null`, a boolean, a number or a string.
    Scalar(Value),
}

/// The text is not JSON, or nests too deep.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a JSON text")]
pub(crate) struct NotJson;

impl Document {
    /// Reads one JSON text that fills `text` but for white space.
    pub(crate) fn parse(text: &str) -> Result<Self, NotJson> {
        let mut reader = Reader { rest: text, depth: 0 };
        let document = reader.value().ok_or(NotJson)?;
        reader.skip_space();
        if reader.rest.is_empty() {
            Ok(document)
        } else {
            Err(NotJson)
        }
    }

    /// The first member of that name, when this is an object.
    pub(crate) fn member(&self, name: &str) -> Option<&Self> {
        let Self::Object(members) = self else { return None };
        members
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, member)| member)
    }

    /// The same as a value, in which the first of equal keys is found by its name. The second gets a NUL after it, so that
    /// who takes any names sees that one is repeated ([`written_name`]); those after it are left out.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Scalar(value) => value,
            Self::Array(elements) => elements.into_iter().map(Self::into_value).collect(),
            Self::Object(members) => {
                let mut object = Map::new();
                for (mut name, member) in members {
                    if object.contains_key(&name) {
                        name.push(REPEATED);
                    }
                    object.entry(name).or_insert_with(|| member.into_value());
                }
                Value::Object(object)
            }
        }
    }
}

/// Marks a key that is not the first of its name.
const REPEATED: char = '\0';

/// A key of an argument as it was sent, where methods take any keys and repeated ones matter.
#[must_use]
pub fn written_name(name: &str) -> &str {
    name.trim_end_matches(REPEATED)
}

/// What is left of a text.
struct Reader<'a> {
    rest: &'a str,
    /// Arrays and objects that are open.
    depth: usize,
}

impl<'a> Reader<'a> {
    fn value(&mut self) -> Option<Document> {
        self.skip_space();
        match self.rest.as_bytes().first()? {
            b'{' => self.nested(b'}', Self::member).map(Document::Object),
            b'[' => self.nested(b']', Self::value).map(Document::Array),
            b'"' => self.string().map(|text| Document::Scalar(text.into())),
            _ => self.word().map(Document::Scalar),
        }
    }

    /// What stands between an opening bracket, which comes next, and its closing one.
    fn nested<Part>(
        &mut self,
        close: u8,
        mut part: impl FnMut(&mut Self) -> Option<Part>,
    ) -> Option<Vec<Part>> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        self.take(1)?;
        let mut parts = Vec::new();
        if self.next_is(close) {
            self.depth -= 1;
            return Some(parts);
        }
        loop {
            parts.push(part(self)?);
            if self.next_is(close) {
                self.depth -= 1;
                return Some(parts);
            }
            if !self.next_is(b',') {
                return None;
            }
        }
    }

    fn member(&mut self) -> Option<(String, Document)> {
        self.skip_space();
        let name = self.string()?;
        if !self.next_is(b':') {
            return None;
        }
        Some((name, self.value()?))
    }

    fn string(&mut self) -> Option<String> {
        let bytes = self.rest.as_bytes();
        if bytes.first() != Some(&b'"') {
            return None;
        }
        let mut end = 1;
        while *bytes.get(end)? != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        let literal = self.take(end + 1)?;
        serde_json::from_str(literal).ok()
    }

    /// A number, or one of the three words.
    fn word(&mut self) -> Option<Value> {
        let end = self
            .rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && !"+-.".contains(letter));
        let word = self.take(end.unwrap_or(self.rest.len()))?;
        serde_json::from_str(word).ok()
    }

    /// Whether this comes next, which is taken then.
    fn next_is(&mut self, byte: u8) -> bool {
        self.skip_space();
        let is_next = self.rest.as_bytes().first() == Some(&byte);
        is_next && self.take(1).is_some()
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t', '\n', '\r']);
    }

    fn take(&mut self, length: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Option<String> {
        let document = Document::parse(text).ok()?;
        Some(document.into_value().to_string())
    }

    #[test]
    fn the_first_of_two_equal_keys_stands_and_both_are_kept() {
        let document = Document::parse(r#" {"a":1,"b":{"c":[],"c":2},"a":2,"a":3} "#).unwrap();
        let Document::Object(members) = &document else {
            panic!("an object")
        };
        assert_eq!(members.len(), 4);
        let value = document.into_value();
        let names: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["a", "b", "a\0"]);
        assert_eq!(
            (&value["a"], &value["b"]["c"]),
            (&1.into(), &Value::Array(Vec::new()))
        );
        assert_eq!([names[0], names[1], names[2]].map(written_name), ["a", "b", "a"]);
    }

    #[test]
    fn what_is_no_json_text_is_refused() {
        let rows = [
            "{} {}",
            "[1] x",
            "null,",
            "1 2",
            "",
            " ",
            "nul",
            "{\"a\":}",
            "[1,]",
            "[,1]",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\"}",
            "[1 2]",
            "[",
            "{",
            "\"",
            "\"\\\"",
            "[\"a]",
            "]",
            "01",
            "1.",
            "+1",
            "-",
            ".5",
            "NaN",
            "1e",
            "\"\u{1}\"",
            "\"\\ud83d\"",
            "\u{a0}1",
            "[}",
            "{]",
            "True",
        ];
        for text in rows {
            assert_eq!(Document::parse(text), Err(NotJson), "{text:?}");
        }
    }

    #[test]
    fn private_keys_of_the_json_library_are_keys_like_others() {
        for key in ["$serde_json::private::Number", "$serde_json::private::RawValue"] {
            let text = format!(r#"{{"{key}":"1"}}"#);
            assert_eq!(value(&text).as_deref(), Some(text.as_str()));
        }
    }

    #[test]
    fn arrays_and_objects_nest_as_deep_as_in_core() {
        let deep = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        for (text, fits) in [
            (deep(512), true),
            (deep(513), false),
            (format!("[{},{}]", deep(511), deep(511)), true),
            (format!("{{\"a\":{}}}", deep(512)), false),
        ] {
            assert_eq!(Document::parse(&text).is_ok(), fits, "{} bytes", text.len());
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_as_by_the_json_library(text in "[\\[\\]{}\",:0-9a-z\\\\ .+-]{0,60}") {
            let expected = serde_json::from_str::<serde_json::Value>(&text).ok();
            prop_assert_eq!(Document::parse(&text).is_ok(), expected.is_some());
        }

        #[test]
        fn what_was_written_is_read_back(texts in proptest::collection::btree_map(".{0,8}", any::<i64>(), 0..6)) {
            let written = serde_json::json!([texts, null, 0.5, true]);
            prop_assert_eq!(Document::parse(&written.to_string()).map(Document::into_value), Ok(written));
        }
    }
}
