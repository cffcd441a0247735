//! The methods that can be called, by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::config::Naming;
use crate::help;
use crate::method::Method;

/// The category whose methods the list of `help` leaves out.
const HIDDEN: &str = "hidden";

/// Methods by name.
#[derive(Debug, Default)]
pub struct MethodTable {
    methods: BTreeMap<&'static str, Method>,
}

/// Two methods have the same name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the RPC method {0} is registered twice")]
pub struct DuplicateMethod(pub String);

impl MethodTable {
    /// Adds a method.
    ///
    /// # Errors
    /// There is one of that name already.
    pub fn register(&mut self, method: Method) -> Result<(), DuplicateMethod> {
        let name = method.declaration.name;
        match self.methods.insert(name, method) {
            None => Ok(()),
            Some(_) => Err(DuplicateMethod(name.to_owned())),
        }
    }

    /// The names of all methods, sorted.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> {
        self.methods.keys().copied()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Method> {
        self.methods.get(name)
    }

    /// What `help` answers: the list of all that is not hidden, or one method's text.
    pub(crate) fn help(&self, command: &str, naming: &Naming) -> String {
        if !command.is_empty() {
            return match self.find(command) {
                Some(method) => help::full(&method.declaration, naming),
                None => format!("help: unknown command: {command}"),
            };
        }
        let mut declarations: Vec<_> = self.methods.values().map(|method| &method.declaration).collect();
        declarations.retain(|declaration| declaration.category != HIDDEN);
        declarations.sort_by_key(|declaration| (declaration.category, declaration.name));
        let groups: Vec<String> = declarations
            .chunk_by(|left, right| left.category == right.category)
            .map(|group| {
                let title = format!("== {} ==", capitalized(group[0].category));
                let usages = group.iter().map(|declaration| help::usage(declaration));
                std::iter::once(title)
                    .chain(usages)
                    .collect::<Vec<_>>()
                    .join("\n")
            })
            .collect();
        groups.join("\n\n")
    }

    /// For each name of each argument: the method, its position, the name, and whether it is passed on as a string.
    pub(crate) fn conversions(&self) -> Value {
        let rows = self.methods.iter().flat_map(|(name, method)| {
            let arguments = method.declaration.each_argument();
            arguments.map(move |(position, argument, is_text)| json!([name, position, argument, is_text]))
        });
        rows.collect()
    }
}

fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_ascii_uppercase())
        .into_iter()
        .chain(letters)
        .collect()
}
