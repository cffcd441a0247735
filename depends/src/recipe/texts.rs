//! A recipe's strings with their places, for what reads or changes a recipe as a text: layout and comments stay.

use std::ops::Range;

use toml::de::{DeTable, DeValue};

/// How a text begins that somebody has yet to write.
pub const PLACEHOLDER: &str = "FILL IN";

/// A string in a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    /// Where it stands, as in `source.archive[0].route[1].url`.
    pub(crate) key: String,
    /// What it says.
    pub(crate) value: String,
    /// The place of the literal, its quotes included.
    pub(crate) span: Range<usize>,
}

/// All strings of a TOML text, in the order of their places.
///
/// # Errors
/// It is no TOML.
pub(crate) fn texts(toml: &str) -> Result<Vec<Text>, toml::de::Error> {
    let table = DeTable::parse(toml)?;
    let mut found = Vec::new();
    collect_table(table.get_ref(), "", &mut found);
    found.sort_by_key(|text| text.span.start);
    Ok(found)
}

/// The strings that somebody has yet to write.
pub(crate) fn placeholders(toml: &str) -> Vec<Text> {
    if !toml.contains(PLACEHOLDER) {
        return Vec::new();
    }
    // A recipe that is no TOML is refused elsewhere.
    let mut found = texts(toml).unwrap_or_default();
    found.retain(|text| text.value.starts_with(PLACEHOLDER));
    found
}

/// Replaces strings of a TOML text.
///
/// # Panics
/// If a place is not one of the text's.
pub(crate) fn replace(toml: &str, mut replacements: Vec<(Range<usize>, String)>) -> String {
    replacements.sort_by_key(|(span, _)| span.start);
    let mut text = toml.to_owned();
    for (span, value) in replacements.into_iter().rev() {
        text.replace_range(span, &quote(&value));
    }
    text
}

/// A string as TOML writes it.
pub(crate) fn quote(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

fn collect_table(table: &DeTable<'_>, prefix: &str, found: &mut Vec<Text>) {
    for (key, value) in table {
        let key = match prefix {
            "" => key.get_ref().to_string(),
            prefix => format!("{prefix}.{}", key.get_ref()),
        };
        collect(value.get_ref(), value.span(), key, found);
    }
}

fn collect(value: &DeValue<'_>, span: Range<usize>, key: String, found: &mut Vec<Text>) {
    match value {
        DeValue::String(value) => found.push(Text {
            key,
            value: value.to_string(),
            span,
        }),
        DeValue::Array(array) => {
            for (index, value) in array.iter().enumerate() {
                collect(value.get_ref(), value.span(), format!("{key}[{index}]"), found);
            }
        }
        DeValue::Table(table) => collect_table(table, &key, found),
        DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_) | DeValue::Datetime(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOML: &str = "# a\nversion = '1.0' # b\n[[source.archive]]\nroute = [{ url = \"x\\u0041\" }]\n";

    #[test]
    fn strings_have_their_keys_and_places() {
        let found: Vec<_> = texts(TOML)
            .unwrap()
            .into_iter()
            .map(|text| (text.key, text.value, TOML[text.span].to_owned()))
            .collect();
        let row =
            |key: &str, value: &str, literal: &str| (key.to_owned(), value.to_owned(), literal.to_owned());
        assert_eq!(
            found,
            [
                row("version", "1.0", "'1.0'"),
                row("source.archive[0].route[0].url", "xA", "\"x\\u0041\""),
            ]
        );
    }

    #[test]
    fn replacing_keeps_all_else() {
        let places = texts(TOML).unwrap().into_iter().map(|text| text.span);
        let values = ["2\"0", "y"].map(str::to_owned);
        let replaced = replace(TOML, places.zip(values).collect());
        assert_eq!(
            replaced,
            "# a\nversion = '2\"0' # b\n[[source.archive]]\nroute = [{ url = \"y\" }]\n"
        );
    }
}
