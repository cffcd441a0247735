//! Two preimages side by side: what differs, by the name of the input.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::digest::Digest;

/// An input that differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The input: the path to it in the preimage, with dots, such as `flags.c` or `toolchain.cc1plus`; for a patch
    /// `patches.` and its file's name.
    pub input: String,
    /// How it differs.
    pub difference: Difference,
}

/// How an input differs. Values are words for people; digests are written out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Difference {
    /// It was not there.
    Added(String),
    /// It is not there any more.
    Removed(String),
    /// It has another value.
    Replaced {
        /// The earlier value.
        before: String,
        /// The later value.
        after: String,
    },
    /// It is a list with other members.
    Members {
        /// Those that are not there any more, in their order.
        removed: Vec<String>,
        /// Those that were not there, in their order.
        added: Vec<String>,
    },
    /// It is a list with the same members in another order.
    Order {
        /// The members in their earlier order.
        before: Vec<String>,
        /// The members in their later order.
        after: Vec<String>,
    },
}

/// All differences but those of dependencies, by the input's name.
pub(super) fn changes(before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
    let mut found = Vec::new();
    for field in names(before, after) {
        match field {
            "dependencies" | "native_dependencies" => {}
            "patches" => patches(before.get(field), after.get(field), &mut found),
            _ => compare(field, before.get(field), after.get(field), &mut found),
        }
    }
    found
}

/// The names and keys of an object that has them.
pub(super) fn keys(object: Option<&Value>) -> BTreeMap<String, Digest> {
    let fields = object.and_then(Value::as_object).into_iter().flatten();
    fields
        .filter_map(|(name, key)| Some((name.clone(), key.as_str()?.parse().ok()?)))
        .collect()
}

fn names<'a>(before: &'a Map<String, Value>, after: &'a Map<String, Value>) -> BTreeSet<&'a str> {
    before.keys().chain(after.keys()).map(String::as_str).collect()
}

fn compare(input: &str, before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    if before == after {
        return;
    }
    let difference = match (before, after) {
        (None, None) => return,
        (None, Some(after)) => Difference::Added(words(after)),
        (Some(before), None) => Difference::Removed(words(before)),
        (Some(Value::Object(before)), Some(Value::Object(after))) => {
            for field in names(before, after) {
                let input = format!("{input}.{field}");
                compare(&input, before.get(field), after.get(field), found);
            }
            return;
        }
        (Some(Value::Array(before)), Some(Value::Array(after))) => members(
            before.iter().map(words).collect(),
            after.iter().map(words).collect(),
        ),
        (Some(before), Some(after)) if input.starts_with("toolchain.") => {
            let split = |value| words(value).split_whitespace().map(str::to_owned).collect();
            members(split(before), split(after))
        }
        (Some(before), Some(after)) => Difference::Replaced {
            before: words(before),
            after: words(after),
        },
    };
    found.push(Change {
        input: input.to_owned(),
        difference,
    });
}

/// How two lists that are not the same differ.
fn members(before: Vec<String>, after: Vec<String>) -> Difference {
    let (removed, added) = (without(&before, &after), without(&after, &before));
    if removed.is_empty() && added.is_empty() {
        Difference::Order { before, after }
    } else {
        Difference::Members { removed, added }
    }
}

/// What is in `list` more often than in `other`.
fn without(list: &[String], other: &[String]) -> Vec<String> {
    let mut rest = other.to_vec();
    let mut more = Vec::new();
    for member in list {
        match rest.iter().position(|known| known == member) {
            Some(index) => drop(rest.swap_remove(index)),
            None => more.push(member.clone()),
        }
    }
    more
}

fn patches(before: Option<&Value>, after: Option<&Value>, found: &mut Vec<Change>) {
    let list = |value: Option<&Value>| -> Vec<(String, String)> {
        let patches = value.and_then(Value::as_array).into_iter().flatten();
        patches
            .map(|patch| (words(&patch["name"]), words(&patch["sha256"])))
            .collect()
    };
    let (before, after) = (list(before), list(after));
    let find = |list: &[(String, String)], name: &str| {
        let found = list.iter().find(|(known, _)| known == name);
        found.map(|(_, digest)| Value::String(digest.clone()))
    };
    let all: BTreeSet<&String> = before.iter().chain(&after).map(|(name, _)| name).collect();
    for name in all {
        let input = format!("patches.{name}");
        compare(
            &input,
            find(&before, name).as_ref(),
            find(&after, name).as_ref(),
            found,
        );
    }
    let names = |list: &[(String, String)], other: &[(String, String)]| -> Vec<String> {
        let common = list.iter().filter(|(name, _)| find(other, name).is_some());
        common.map(|(name, _)| name.clone()).collect()
    };
    let (before, after) = (names(&before, &after), names(&after, &before));
    if before != after {
        found.push(Change {
            input: "patches".to_owned(),
            difference: Difference::Order { before, after },
        });
    }
}

/// A value as people would write it.
fn words(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(members) => {
            let members: Vec<String> = members.iter().map(words).collect();
            members.join(" ")
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{name}={}", words(value)))
                .collect();
            fields.join(" ")
        }
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
    }
}
