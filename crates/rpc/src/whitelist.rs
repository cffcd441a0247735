//! Which methods a user may call.

use std::collections::{BTreeMap, BTreeSet};

/// Lists of methods by user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whitelist {
    methods: BTreeMap<String, BTreeSet<String>>,
    unlisted: Unlisted,
}

/// What users without a list may call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Unlisted {
    /// Everything.
    #[default]
    Everything,
    /// Nothing.
    Nothing,
}

impl Whitelist {
    /// An empty list, which decides nothing but what users without one may call.
    pub fn new(unlisted: Unlisted) -> Self {
        Self {
            methods: BTreeMap::new(),
            unlisted,
        }
    }

    /// Adds an `-rpcwhitelist` value, `user:method,method`. A user with several values may call what all of them list.
    pub fn add(&mut self, value: &str) {
        // A user alone has a list, which is empty unless another value fills it.
        let Some((user, methods)) = value.split_once(':') else {
            self.methods.entry(value.to_owned()).or_default();
            return;
        };
        let methods: BTreeSet<String> = methods.split([',', ' ']).map(str::to_owned).collect();
        self.methods
            .entry(user.to_owned())
            .and_modify(|known| known.retain(|method| methods.contains(method)))
            .or_insert(methods);
    }

    /// Whether the user may call anything at all.
    pub(crate) fn knows(&self, user: &str) -> bool {
        self.unlisted == Unlisted::Everything || self.methods.contains_key(user)
    }

    /// Whether the user has a list.
    pub(crate) fn lists(&self, user: &str) -> bool {
        self.methods.contains_key(user)
    }

    /// Whether the user may call the method.
    pub(crate) fn allows(&self, user: &str, method: &str) -> bool {
        match self.methods.get(user) {
            Some(methods) => methods.contains(method),
            None => self.unlisted == Unlisted::Everything,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_may_call_what_all_of_its_lists_name() {
        let mut whitelist = Whitelist::new(Unlisted::Everything);
        for value in ["a:echo, help", "b:echo,help", "b:help,stop", "b", "c"] {
            whitelist.add(value);
        }
        let rows = [
            ("a", "echo", true),
            ("a", "help", true),
            ("a", "stop", false),
            ("b", "echo", false),
            ("b", "help", true),
            ("b", "stop", false),
            ("c", "help", false),
            ("d", "stop", true),
        ];
        for (user, method, allowed) in rows {
            assert_eq!(whitelist.allows(user, method), allowed, "{user} {method}");
            assert!(whitelist.knows(user));
        }
    }

    #[test]
    fn users_without_a_list_can_be_shut_out() {
        let mut whitelist = Whitelist::new(Unlisted::Nothing);
        whitelist.add("a:help");
        assert!(whitelist.knows("a") && !whitelist.knows("b"));
        assert!(whitelist.allows("a", "help") && !whitelist.allows("b", "help"));
    }
}
