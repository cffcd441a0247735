//! One value of an option, and how Core reads truth and numbers out of text.

use std::ffi::{OsStr, OsString};

/// What one mention of an option gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// `-noname`.
    Negated,
    /// `-noname=0`.
    Affirmed,
    /// `-name=text`; `-name` alone is an empty text.
    Text(OsString),
    /// A number of the settings file, as it is written there.
    Number(String),
    /// `null` in the settings file: the option is not set, whatever the configuration file says.
    Unset,
}

impl Value {
    pub(crate) fn is_negated(&self) -> bool {
        *self == Self::Negated
    }

    pub(crate) fn as_os_str(&self) -> &OsStr {
        match self {
            Self::Negated => OsStr::new("0"),
            Self::Affirmed => OsStr::new("1"),
            Self::Text(text) => text,
            Self::Number(number) => OsStr::new(number),
            Self::Unset => OsStr::new(""),
        }
    }

    pub(crate) fn to_text(&self) -> String {
        self.as_os_str().to_string_lossy().into_owned()
    }

    pub(crate) fn to_flag(&self) -> bool {
        match self {
            Self::Negated | Self::Unset => false,
            Self::Affirmed => true,
            Self::Text(text) => flag_from(&text.to_string_lossy()),
            Self::Number(number) => flag_from(number),
        }
    }

    pub(crate) fn to_number(&self) -> i64 {
        number_from(&self.to_text())
    }

    /// As programs are told of it: a number that no JSON has stays a text.
    pub(crate) fn to_document(&self) -> serde_json::Value {
        match self {
            Self::Negated => false.into(),
            Self::Affirmed => true.into(),
            Self::Text(text) => text.to_string_lossy().into(),
            Self::Number(number) => serde_json::from_str(number).unwrap_or_else(|_| number.as_str().into()),
            Self::Unset => serde_json::Value::Null,
        }
    }

    /// As the log shows it.
    pub(crate) fn to_json(&self) -> String {
        match self {
            Self::Negated => "false".to_owned(),
            Self::Affirmed => "true".to_owned(),
            Self::Text(text) => quoted(&text.to_string_lossy()),
            Self::Number(number) => number.clone(),
            Self::Unset => "null".to_owned(),
        }
    }
}

/// Empty is true (`-name`), and otherwise any number but zero; a word is no number, so `true` is false.
pub(crate) fn flag_from(text: &str) -> bool {
    text.is_empty() || number_from(text) != 0
}

/// The number at the text's beginning, after white space and one `+`, held within the type's bounds; 0 without one.
pub(crate) fn number_from(text: &str) -> i64 {
    let text = text.trim_matches([' ', '\t', '\n', '\r', '\u{b}', '\u{c}']);
    let text = match text.strip_prefix('+') {
        Some(rest) if rest.starts_with('-') => return 0,
        Some(rest) => rest,
        None => text,
    };
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let mut number: i64 = 0;
    for digit in digits
        .chars()
        .map_while(|character| character.to_digit(10))
        .map(i64::from)
    {
        let signed = if negative { -digit } else { digit };
        number = number.saturating_mul(10).saturating_add(signed);
    }
    number
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            _ if character < ' ' => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_from_the_beginning() {
        let rows = [
            ("", 0),
            ("0", 0),
            ("12", 12),
            (" +12 ", 12),
            ("-7x", -7),
            ("+-7", 0),
            ("x7", 0),
            ("9223372036854775808", i64::MAX),
            ("-9223372036854775809", i64::MIN),
            ("- 1", 0),
            ("0x10", 0),
        ];
        for (text, expected) in rows {
            assert_eq!(number_from(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_empty_and_non_zero_numbers_are_true() {
        for (text, expected) in [
            ("", true),
            ("1", true),
            ("2", true),
            ("-1", true),
            ("0", false),
            ("true", false),
        ] {
            assert_eq!(flag_from(text), expected, "{text:?}");
        }
    }

    #[test]
    fn values_are_shown_as_json() {
        let rows = [
            (Value::Negated, "false"),
            (Value::Affirmed, "true"),
            (Value::Text("₿ \"\\\n".into()), "\"₿ \\\"\\\\\\u000a\""),
            (Value::Number("5".to_owned()), "5"),
            (Value::Unset, "null"),
        ];
        for (value, expected) in rows {
            assert_eq!(value.to_json(), expected);
        }
    }
}
