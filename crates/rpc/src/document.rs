//! One level of a JSON text, as its author wrote it.
//!
//! `serde_json::Value` keeps the last of two equal keys silently. Requests are read level by level instead, so that
//! a repeated argument can be refused by name and the first of two equal members wins, as in Core.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// The outermost level of a JSON text; what lies below is still text.
#[derive(Debug)]
pub(crate) enum Document<'a> {
    /// An object's members in order, repeated keys included.
    Object(Members<'a>),
    /// An array's elements.
    Array(Vec<&'a RawValue>),
    /// `null`.
    Null,
    /// A string, number or boolean.
    Scalar,
}

impl<'a> Document<'a> {
    /// Reads one JSON text that fills `text` but for white space.
    pub(crate) fn parse(text: &'a str) -> Result<Self, serde_json::Error> {
        match text
            .trim_start_matches([' ', '\t', '\n', '\r'])
            .as_bytes()
            .first()
        {
            Some(b'{') => serde_json::from_str(text).map(Self::Object),
            Some(b'[') => serde_json::from_str(text).map(Self::Array),
            Some(b'n') => serde_json::from_str::<()>(text).map(|()| Self::Null),
            _ => serde_json::from_str::<serde_json::Value>(text).map(|_| Self::Scalar),
        }
    }
}

/// An object's members in order.
#[derive(Debug)]
pub(crate) struct Members<'a>(pub(crate) Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    /// The first member of that name.
    pub(crate) fn find(&self, name: &str) -> Option<&'a RawValue> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| *value)
    }
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Members<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(Collect)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_of_two_equal_keys_is_found_and_both_are_kept() {
        let Document::Object(members) = Document::parse(r#" {"a":1,"a":2} "#).unwrap() else {
            panic!("an object")
        };
        assert_eq!(members.find("a").unwrap().get(), "1");
        assert_eq!(members.0.len(), 2);
    }

    #[test]
    fn text_after_the_document_is_an_error() {
        for text in ["{} {}", "[1] x", "null,", "1 2", "", " ", "nul", "{\"a\":}"] {
            assert!(Document::parse(text).is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[\\[\\]{}\",:0-9a-z\\\\ ]{0,60}") {
            let accepted = Document::parse(&text).is_ok();
            if serde_json::from_str::<serde_json::Value>(&text).is_ok() {
                prop_assert!(accepted);
            }
        }
    }
}
