//! All values that were given, by source, and the rules that decide between them.
//!
//! The rules are Core's with their oddities: on the command line the last value counts, in the file the first; a value
//! in the file that was negated on the command line comes back when the command line negates and then sets.

use std::collections::BTreeMap;

use crate::value::Value;

/// The section of a file before any `[section]` line.
pub(crate) const DEFAULT_SECTION: &str = "";

type Values = BTreeMap<String, Vec<Value>>;

/// Everything that was given.
#[derive(Debug, Clone, Default)]
pub(crate) struct Settings {
    forced: BTreeMap<String, Value>,
    command_line: Values,
    /// Of the settings file.
    stored: Values,
    /// By section, then by name.
    config: BTreeMap<String, Values>,
}

/// Where in the settings a question looks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Lookup<'a> {
    /// The network's section.
    pub(crate) section: &'a str,
    /// Whether the default section counts for the option on this network.
    pub(crate) default_section: DefaultSection,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DefaultSection {
    Counts,
    Ignored,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Forced,
    CommandLine,
    Stored,
    NetworkSection,
    DefaultSection,
}

impl Source {
    /// Whether it is the configuration file.
    fn is_file(self) -> bool {
        matches!(self, Self::NetworkSection | Self::DefaultSection)
    }

    /// Whether a later run has it too.
    fn is_persistent(self) -> bool {
        self.is_file() || self == Self::Stored
    }
}

/// The values of one source.
#[derive(Debug, Clone, Copy)]
struct Span<'a>(&'a [Value]);

impl<'a> Span<'a> {
    /// How many leading values a negation cancels, itself included.
    fn negated(self) -> usize {
        self.0
            .iter()
            .rposition(Value::is_negated)
            .map_or(0, |position| position + 1)
    }

    fn last_negated(self) -> bool {
        self.0.last().is_some_and(Value::is_negated)
    }

    fn standing(self) -> &'a [Value] {
        &self.0[self.negated()..]
    }
}

impl Settings {
    pub(crate) fn push_command_line(&mut self, name: &str, value: Value) {
        self.command_line.entry(name.to_owned()).or_default().push(value);
    }

    pub(crate) fn push_config(&mut self, section: &str, name: &str, value: Value) {
        let section = self.config.entry(section.to_owned()).or_default();
        section.entry(name.to_owned()).or_default().push(value);
    }

    /// Adds a value of the settings file.
    pub(crate) fn push_stored(&mut self, name: &str, value: Value) {
        self.stored.entry(name.to_owned()).or_default().push(value);
    }

    /// Lets these be the settings file's values, of which there may be none.
    pub(crate) fn set_stored(&mut self, name: &str, values: Vec<Value>) {
        match values.is_empty() {
            true => _ = self.stored.remove(name),
            false => _ = self.stored.insert(name.to_owned(), values),
        }
    }

    /// Forgets what the settings file has.
    pub(crate) fn clear_stored(&mut self) {
        self.stored.clear();
    }

    pub(crate) fn force(&mut self, name: &str, value: Value) {
        self.forced.insert(name.to_owned(), value);
    }

    /// Takes a forced value back.
    pub(crate) fn release(&mut self, name: &str) {
        self.forced.remove(name);
    }

    /// The values on the command line that no later negation cancels.
    pub(crate) fn command_line_standing(&self, name: &str) -> &[Value] {
        self.command_line
            .get(name)
            .map_or(&[], |values| Span(values).standing())
    }

    /// Whether the command line names the option at all.
    pub(crate) fn is_on_command_line(&self, name: &str) -> bool {
        self.command_line.contains_key(name)
    }

    /// All values of a section of the file, in order, cancelled ones too.
    pub(crate) fn config_values(&self, section: &str, name: &str) -> &[Value] {
        self.config
            .get(section)
            .and_then(|values| values.get(name))
            .map_or(&[], Vec::as_slice)
    }

    /// How many of [`config_values`](Self::config_values) a negation cancels.
    pub(crate) fn config_negated(&self, section: &str, name: &str) -> usize {
        Span(self.config_values(section, name)).negated()
    }

    /// Section, name and value of everything in the file.
    pub(crate) fn all_config(&self) -> impl Iterator<Item = (&str, &str, &Value)> {
        self.config.iter().flat_map(|(section, values)| {
            values.iter().flat_map(move |(name, values)| {
                values
                    .iter()
                    .map(move |value| (section.as_str(), name.as_str(), value))
            })
        })
    }

    /// Name and value of everything on the command line.
    pub(crate) fn all_command_line(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.command_line
            .iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name.as_str(), value)))
    }

    /// The value that counts, unless what counts is that there is none.
    pub(crate) fn single(&self, name: &str, lookup: Lookup<'_>) -> Option<Value> {
        self.choose(name, lookup, |_| true)
    }

    /// The value that would count if there were files alone, which a later run has too.
    pub(crate) fn persistent(&self, name: &str, lookup: Lookup<'_>) -> Option<Value> {
        self.choose(name, lookup, Source::is_persistent)
    }

    fn choose(&self, name: &str, lookup: Lookup<'_>, counts: impl Fn(Source) -> bool) -> Option<Value> {
        let spans = self.spans(name, lookup.section);
        for (source, span) in spans.filter(|(source, _)| counts(*source)) {
            // A negation in the default section counts even where values there would not.
            let ignored =
                lookup.default_section == DefaultSection::Ignored && source == Source::DefaultSection;
            if ignored && !span.last_negated() {
                continue;
            }
            let chosen = if source.is_file() {
                span.standing().first()
            } else {
                span.standing().last()
            };
            if let Some(value) = chosen {
                return (*value != Value::Unset).then(|| value.clone());
            }
            if span.last_negated() {
                return Some(Value::Negated);
            }
        }
        None
    }

    /// Whether the option selects a chain: the last value counts in the file too, and a negation on the command line
    /// does not hide the file's value.
    pub(crate) fn selects_chain(&self, name: &str) -> bool {
        self.spans(name, DEFAULT_SECTION)
            .filter(|(_, span)| !span.last_negated())
            .find_map(|(_, span)| span.standing().last())
            .is_some_and(Value::to_flag)
    }

    /// All values that count, of all sources.
    pub(crate) fn list(&self, name: &str, lookup: Lookup<'_>) -> Vec<Value> {
        let mut result = Vec::new();
        let mut complete = false;
        let mut negated_to_nothing = false;
        for (source, span) in self.spans(name, lookup.section) {
            if lookup.default_section == DefaultSection::Ignored && source == Source::DefaultSection {
                continue;
            }
            if !complete || (source.is_file() && !negated_to_nothing) {
                let standing = span.standing().iter();
                result.extend(standing.filter(|value| **value != Value::Unset).cloned());
            }
            complete |= span.negated() > 0 || source == Source::Forced;
            negated_to_nothing |= span.last_negated() && result.is_empty();
        }
        result
    }

    /// Whether the option has values in the file's default section and nowhere else.
    pub(crate) fn only_in_default_section(&self, name: &str, section: &str) -> bool {
        let mut in_default = false;
        for (source, span) in self.spans(name, section) {
            if !span.standing().is_empty() {
                if source != Source::DefaultSection {
                    return false;
                }
                in_default = true;
            }
        }
        in_default
    }

    fn spans<'a>(&'a self, name: &str, section: &str) -> impl Iterator<Item = (Source, Span<'a>)> {
        let forced = self.forced.get(name).map(std::slice::from_ref);
        let command_line = self.command_line.get(name).map(Vec::as_slice);
        let stored = self.stored.get(name).map(Vec::as_slice);
        let network = if section == DEFAULT_SECTION {
            &[]
        } else {
            self.config_values(section, name)
        };
        let default = self.config_values(DEFAULT_SECTION, name);
        [
            (Source::Forced, forced.unwrap_or_default()),
            (Source::CommandLine, command_line.unwrap_or_default()),
            (Source::Stored, stored.unwrap_or_default()),
            (Source::NetworkSection, network),
            (Source::DefaultSection, default),
        ]
        .into_iter()
        .filter(|(_, values)| !values.is_empty())
        .map(|(source, values)| (source, Span(values)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `no` is a negation, everything else a text.
    fn settings(command_line: &[&str], network: &[&str], default: &[&str]) -> Settings {
        let value = |text: &&str| {
            if *text == "no" {
                Value::Negated
            } else {
                Value::Text(text.into())
            }
        };
        let mut settings = Settings::default();
        for text in command_line {
            settings.push_command_line("x", value(text));
        }
        for text in network {
            settings.push_config("regtest", "x", value(text));
        }
        for text in default {
            settings.push_config(DEFAULT_SECTION, "x", value(text));
        }
        settings
    }

    fn lookup(default_section: DefaultSection) -> Lookup<'static> {
        Lookup {
            section: "regtest",
            default_section,
        }
    }

    #[test]
    fn the_last_counts_on_the_command_line_and_the_first_in_the_file() {
        type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], Option<&'a str>);
        let rows: [Row<'_>; 11] = [
            (&[], &[], &[], None),
            (&["a", "b"], &["c"], &["d"], Some("b")),
            (&[], &["c", "d"], &["e"], Some("c")),
            (&[], &[], &["e", "f"], Some("e")),
            (&["a", "no"], &["c"], &[], Some("0")),
            (&["no", "a"], &["c"], &[], Some("a")),
            (&[], &["c", "no"], &["e"], Some("0")),
            (&[], &["c", "no", "d", "e"], &[], Some("d")),
            (&["no", "a", "no", "b", "c"], &[], &[], Some("c")),
            (&[], &["no"], &["e"], Some("0")),
            (&[], &[], &["no", "e"], Some("e")),
        ];
        for (command_line, network, default, expected) in rows {
            let value = settings(command_line, network, default).single("x", lookup(DefaultSection::Counts));
            let text = value.as_ref().map(Value::to_text);
            assert_eq!(
                text.as_deref(),
                expected,
                "{command_line:?} {network:?} {default:?}"
            );
        }
    }

    #[test]
    fn a_negation_counts_in_a_default_section_that_is_ignored() {
        for (default, expected) in [(&["a"][..], None), (&["no"], Some("0")), (&["no", "a"], None)] {
            let value = settings(&[], &[], default).single("x", lookup(DefaultSection::Ignored));
            assert_eq!(
                value.as_ref().map(Value::to_text).as_deref(),
                expected,
                "{default:?}"
            );
        }
    }

    #[test]
    fn lists_join_the_sources_until_a_negation() {
        type Row<'a> = (&'a [&'a str], &'a [&'a str], &'a [&'a str], &'a [&'a str]);
        let rows: [Row<'_>; 6] = [
            (&["a", "b"], &["c"], &["d"], &["a", "b", "c", "d"]),
            (&["no"], &["c"], &["d"], &[]),
            (&["a", "no", "b"], &["c"], &[], &["b", "c"]),
            (&["a"], &["c", "no", "d"], &["e"], &["a", "d", "e"]),
            (&[], &["no"], &["e"], &[]),
            (&[], &["c"], &["e", "no", "f"], &["c", "f"]),
        ];
        for (command_line, network, default, expected) in rows {
            let values = settings(command_line, network, default).list("x", lookup(DefaultSection::Counts));
            let texts: Vec<String> = values.iter().map(Value::to_text).collect();
            assert_eq!(texts, expected, "{command_line:?} {network:?} {default:?}");
        }
    }

    #[test]
    fn what_is_stored_stands_between_the_command_line_and_the_file() {
        let text = |text: &str| Value::Text(text.into());
        type Row = (
            &'static [&'static str],
            Vec<Value>,
            Option<&'static str>,
            &'static [&'static str],
        );
        let rows: [Row; 6] = [
            (&[], vec![text("s"), text("t")], Some("t"), &["s", "t", "c"]),
            (&["a"], vec![text("s")], Some("a"), &["a", "s", "c"]),
            (&["no"], vec![text("s")], Some("0"), &[]),
            (&["no", "a"], vec![text("s")], Some("a"), &["a", "c"]),
            (&[], vec![Value::Negated], Some("0"), &[]),
            (&[], vec![Value::Unset], None, &["c"]),
        ];
        for (command_line, stored, single, list) in rows {
            let mut settings = settings(command_line, &["c"], &[]);
            for value in &stored {
                settings.push_stored("x", value.clone());
            }
            let lookup = lookup(DefaultSection::Counts);
            let found = settings.single("x", lookup).map(|value| value.to_text());
            assert_eq!(found.as_deref(), single, "{command_line:?} {stored:?}");
            let found: Vec<String> = settings.list("x", lookup).iter().map(Value::to_text).collect();
            assert_eq!(found, list, "{command_line:?} {stored:?}");
        }
    }

    #[test]
    fn a_forced_value_ends_a_list() {
        let mut settings = settings(&["a"], &[], &[]);
        settings.force("x", Value::Text("f".into()));
        assert_eq!(
            settings.list("x", lookup(DefaultSection::Counts)),
            [Value::Text("f".into())]
        );
        assert_eq!(
            settings.single("x", lookup(DefaultSection::Counts)),
            Some(Value::Text("f".into()))
        );
    }

    #[test]
    fn chains_are_selected_by_the_last_value() {
        type Row<'a> = (&'a [&'a str], &'a [&'a str], bool);
        let rows: [Row<'_>; 6] = [
            (&["1"], &[], true),
            (&["1", "0"], &[], false),
            (&["no"], &["1"], true),
            (&["no"], &[], false),
            (&[], &["0", "1"], true),
            (&[], &["1", "0"], false),
        ];
        for (command_line, default, expected) in rows {
            assert_eq!(
                settings(command_line, &[], default).selects_chain("x"),
                expected,
                "{command_line:?} {default:?}"
            );
        }
    }
}
