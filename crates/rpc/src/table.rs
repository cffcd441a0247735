//! The methods that can be called, by name.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::added::AddedMethod;
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

    /// What `help` answers: the list of all that is not hidden, with those that were added, or the text of one of these
    /// methods.
    pub(crate) fn help(&self, command: &str, naming: &Naming, added: &[Arc<AddedMethod>]) -> String {
        if !command.is_empty() {
            return match self.find(command) {
                Some(method) => help::full(&method.declaration, naming),
                None => format!("help: unknown command: {command}"),
            };
        }
        let own = self.methods.values().map(|method| {
            let declaration = &method.declaration;
            (declaration.category, declaration.name, help::usage(declaration))
        });
        let added = added
            .iter()
            .map(|method| (method.category.as_str(), method.name.as_str(), method.usage()));
        let mut lines: Vec<_> = own.chain(added).collect();
        lines.retain(|(category, ..)| *category != HIDDEN);
        lines.sort_unstable();
        let groups: Vec<String> = lines
            .chunk_by(|(left, ..), (right, ..)| left == right)
            .map(|group| {
                let title = format!("== {} ==", capitalized(group[0].0));
                let usages = group.iter().map(|(.., usage)| usage.clone());
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
