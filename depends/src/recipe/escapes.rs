//! What a recipe's build may do that builds may not: each with the reason, which is told whenever it is built.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// The ways out of the sandbox that a recipe declares in its table `sandbox`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Escapes {
    /// Why the build needs the network.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "reason")]
    pub network: Option<String>,
    /// Files and directories of the system that the build reads, each with the reason.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "paths")]
    pub read: BTreeMap<PathBuf, String>,
    /// Why the build cannot take place in a sandbox at all.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "reason")]
    pub off: Option<String>,
}

impl Escapes {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// One line for each.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        let network = self
            .network
            .iter()
            .map(|reason| format!("with the network: {reason}"));
        let read = self
            .read
            .iter()
            .map(|(path, reason)| format!("with {}: {reason}", path.display()));
        let off = self
            .off
            .iter()
            .map(|reason| format!("without a sandbox: {reason}"));
        network.chain(read).chain(off).collect()
    }
}

fn reason<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let text = String::deserialize(deserializer)?;
    check(&text).map_err(serde::de::Error::custom)?;
    Ok(Some(text))
}

fn paths<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<PathBuf, String>, D::Error> {
    let paths = BTreeMap::<PathBuf, String>::deserialize(deserializer)?;
    for (path, reason) in &paths {
        if !path.is_absolute() {
            let message = format!("{} is not absolute", path.display());
            return Err(serde::de::Error::custom(message));
        }
        check(reason).map_err(serde::de::Error::custom)?;
    }
    Ok(paths)
}

fn check(reason: &str) -> Result<(), &'static str> {
    if reason.trim().is_empty() {
        Err("a reason is wanted, which is told whenever the package is built")
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escape_needs_a_reason() {
        for (text, expected) in [
            ("network = \"it asks a server\"", true),
            ("network = \"\"", false),
            ("network = true", false),
            ("read = { \"/opt/sdk\" = \"headers\" }", true),
            ("read = { \"/opt/sdk\" = \" \" }", false),
            ("read = { \"opt/sdk\" = \"headers\" }", false),
            ("of = \"typing\"", false),
        ] {
            assert_eq!(toml::from_str::<Escapes>(text).is_ok(), expected, "{text}");
        }
    }
}
