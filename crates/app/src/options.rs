//! The options that executables declare: their names, their help and their rules.

mod general;
mod help;
mod server;

use std::borrow::Cow;
use std::collections::BTreeMap;

pub use general::{chain_options, general_options, help_options};
pub use server::server_options;

use crate::program::Program;

/// The group under which `-help` lists an option, in `-help`'s order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OptionCategory {
    /// Where files are and what is printed.
    General,
    /// Peers.
    Connection,
    /// Wallets.
    Wallet,
    /// What is published over ZeroMQ.
    Zmq,
    /// For developers and test rigs.
    DebugTest,
    /// Which chain.
    ChainSelection,
    /// What is relayed.
    NodeRelay,
    /// Block templates.
    BlockCreation,
    /// The RPC server.
    RpcServer,
    /// Connections between processes.
    Ipc,
    /// Accepted, and never shown.
    Hidden,
}

/// One option.
#[derive(Debug, Clone)]
pub struct OptionSpec {
    /// Without the dash.
    pub name: &'static str,
    /// The placeholder of its value in `-help`, as `<dir>`.
    pub argument: Option<&'static str>,
    /// One or more sentences.
    pub help: Cow<'static, str>,
    /// Where `-help` lists it.
    pub category: OptionCategory,
    scope: Scope,
    audience: Audience,
    secrecy: Secrecy,
    negation: Negation,
}

/// Whether the file's default section sets the option on test chains.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Scope {
    AllNetworks,
    OneNetwork,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Audience {
    Users,
    Developers,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Secrecy {
    Logged,
    Sensitive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Negation {
    Allowed,
    Meaningless,
}

impl OptionSpec {
    /// An option that may be set anywhere.
    pub fn new(name: &'static str, category: OptionCategory, help: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name,
            argument: None,
            help: help.into(),
            category,
            scope: Scope::AllNetworks,
            audience: Audience::Users,
            secrecy: Secrecy::Logged,
            negation: Negation::Allowed,
        }
    }

    /// An option that is accepted and never shown.
    pub fn hidden(name: &'static str) -> Self {
        Self::new(name, OptionCategory::Hidden, "")
    }

    /// Names its value in `-help`.
    #[must_use]
    pub fn argument(mut self, placeholder: &'static str) -> Self {
        self.argument = Some(placeholder);
        self
    }

    /// On a test chain it is not taken from the file's default section.
    #[must_use]
    pub fn network_only(mut self) -> Self {
        self.scope = Scope::OneNetwork;
        self
    }

    /// Shown by `-help-debug` alone.
    #[must_use]
    pub fn debug_only(mut self) -> Self {
        self.audience = Audience::Developers;
        self
    }

    /// Its value never reaches the log.
    #[must_use]
    pub fn sensitive(mut self) -> Self {
        self.secrecy = Secrecy::Sensitive;
        self
    }

    /// `-noname` is an error.
    #[must_use]
    pub fn not_negatable(mut self) -> Self {
        self.negation = Negation::Meaningless;
        self
    }

    /// Whether the file's default section is ignored on test chains.
    pub fn is_network_only(&self) -> bool {
        self.scope == Scope::OneNetwork
    }

    /// Whether `-help` hides it unless `-help-debug` is given.
    pub fn is_debug_only(&self) -> bool {
        self.audience == Audience::Developers
    }

    /// Whether its value must stay out of the log.
    pub fn is_sensitive(&self) -> bool {
        self.secrecy == Secrecy::Sensitive
    }

    /// Whether `-noname` is accepted.
    pub fn is_negatable(&self) -> bool {
        self.negation == Negation::Allowed
    }
}

/// The options of one executable.
#[derive(Debug, Clone, Default)]
pub struct OptionTable {
    options: BTreeMap<&'static str, OptionSpec>,
    positional: Positional,
}

/// Whether words without a dash may follow the options.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Positional {
    #[default]
    Refused,
    Accepted,
}

impl OptionTable {
    /// A table without options.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds options; one that is declared twice is the later one.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "it adds options to a table and is no sum"
    )]
    pub fn add(mut self, options: impl IntoIterator<Item = OptionSpec>) -> Self {
        self.options
            .extend(options.into_iter().map(|option| (option.name, option)));
        self
    }

    /// Takes options away.
    #[must_use]
    pub fn without(mut self, names: &[&str]) -> Self {
        self.options.retain(|name, _| !names.contains(name));
        self
    }

    /// Accepts a command with arguments behind the options, as a client does.
    #[must_use]
    pub fn accept_positional(mut self) -> Self {
        self.positional = Positional::Accepted;
        self
    }

    pub(crate) fn positional(&self) -> Positional {
        self.positional
    }

    /// The option of this name, without the dash.
    pub fn get(&self, name: &str) -> Option<&OptionSpec> {
        self.options.get(name)
    }

    /// The options in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = &OptionSpec> {
        self.options.values()
    }

    /// The known name that is most like this one, when one is near enough to be meant.
    pub fn suggest(&self, name: &str) -> Option<&'static str> {
        let visible = self
            .options
            .values()
            .filter(|option| option.category != OptionCategory::Hidden);
        let (distance, nearest) = visible
            .map(|option| (strsim::osa_distance(option.name, name), option.name))
            .min()?;
        (distance > 0 && distance <= 1 + name.chars().count() / 4).then_some(nearest)
    }

    /// What `-help` prints, or with `developers` what `-help-debug` prints.
    pub fn help_text(&self, program: &Program, developers: bool) -> String {
        help::help_text(self, program, developers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_names_are_suggested() {
        let table = OptionTable::new().add(general_options());
        let rows = [
            ("datdir", Some("datadir")),
            ("datadir", None),
            ("regtset", Some("regtest")),
            ("zzzz", None),
        ];
        for (name, expected) in rows {
            assert_eq!(table.suggest(name), expected, "{name}");
        }
    }
}
