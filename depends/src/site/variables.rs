//! Variables for other build systems, as the selection rules write them: names that every shell and CMake take, and
//! values that may name the prefix.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Deserializer};

/// The variables that a feature sets, by what has become of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variables {
    /// When the options select it, also where the host lacks one of its packages.
    #[serde(default)]
    selected: BTreeMap<Name, Value>,
    /// When it is on.
    #[serde(default)]
    on: BTreeMap<Name, Value>,
    /// When it is off.
    #[serde(default)]
    off: BTreeMap<Name, Value>,
}

impl Variables {
    /// Variables that are set whenever what they belong to is there.
    pub(crate) fn always(on: BTreeMap<Name, Value>) -> Self {
        Self {
            on,
            ..Self::default()
        }
    }

    /// The variables for a feature that is selected or not, and on or not.
    pub(super) fn of(&self, selected: bool, on: bool) -> impl Iterator<Item = (&Name, &Value)> {
        let selected = selected.then_some(&self.selected);
        let state = if on { &self.on } else { &self.off };
        selected.into_iter().flatten().chain(state)
    }
}

/// The name of a variable: letters, digits and `_`, no digit first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(String);

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        let fits = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let begins = |character: char| character.is_ascii_alphabetic() || character == '_';
        if name.starts_with(begins) && name.chars().all(fits) {
            Ok(Self(name))
        } else {
            Err(serde::de::Error::custom(format!(
                "{name:?} is no name of a variable: letters, digits and _ make one"
            )))
        }
    }
}

/// The value of a variable: a text in which `{prefix}` stands for the prefix, `{{` and `}}` for braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Prefix,
}

impl Value {
    /// The value with its texts quoted by `quote` and `prefix` put in.
    pub(super) fn render(&self, prefix: &str, quote: impl Fn(&str) -> String) -> String {
        let render = |part: &Part| match part {
            Part::Text(text) => quote(text),
            Part::Prefix => prefix.to_owned(),
        };
        self.0.iter().map(render).collect()
    }

    /// Whether it names something in the prefix.
    pub(super) fn is_path(&self) -> bool {
        self.0.first() == Some(&Part::Prefix)
    }

    /// Whether it is nothing but `text`.
    pub(super) fn is(&self, text: &str) -> bool {
        self.0 == [Part::Text(text.to_owned())]
    }

    fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}', '\n', '\r']) {
            literal.push_str(&rest[..at]);
            let after = &rest[at..];
            if let Some(after) = after.strip_prefix("{prefix}") {
                if !literal.is_empty() {
                    parts.push(Part::Text(std::mem::take(&mut literal)));
                }
                parts.push(Part::Prefix);
                rest = after;
            } else if after.starts_with("{{") || after.starts_with("}}") {
                literal.push_str(&after[..1]);
                rest = &after[2..];
            } else if after.starts_with(['\n', '\r']) {
                return Err(format!("{text:?} has more than one line"));
            } else {
                return Err(format!(
                    "{text:?} has a brace that is not part of {{prefix}}; write {{{{ or }}}} for a brace itself"
                ));
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self(parts))
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_put_in_and_texts_are_quoted() {
        let value = Value::parse("a{prefix}/b{{c}}").unwrap();
        assert_eq!(value.render("$P", |text| format!("<{text}>")), "<a>$P</b{c}>");
        assert!(!value.is_path());
        assert!(Value::parse("{prefix}/native").unwrap().is_path());
        assert!(Value::parse("ON").unwrap().is("ON"));
        assert_eq!(Value::parse("").unwrap().render("", str::to_owned), "");
    }

    #[test]
    fn other_braces_and_lines_are_refused() {
        for text in ["{native}", "{", "}", "a{prefix", "{}", "a\nb"] {
            assert!(Value::parse(text).is_err(), "{text:?}");
        }
    }
}
