//! `cfg(…)` predicates, as in Cargo's manifests, over what a package is built for and how.

use std::str::FromStr;

use cargo_platform::{Cfg, CfgExpr};
use serde::{Deserialize, Deserializer};

/// The names that stand alone.
const NAMES: [&str; 7] = ["unix", "windows", "native", "cross", "release", "debug", "lto"];
/// The keys that take a value.
const KEYS: [&str; 4] = ["target_os", "target_arch", "target_env", "target_family"];

/// A predicate such as `cfg(all(windows, not(debug)))`.
///
/// Besides Cargo's `unix`, `windows`, `target_os`, `target_arch`, `target_env` and `target_family`, which speak of the
/// platform that the package is built for, it may use `native` (the package runs on the building machine), `cross` (it
/// does not), `release`, `debug` and `lto`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Condition {
    text: String,
    expression: CfgExpr,
}

impl Condition {
    /// Whether it holds where `facts` are true.
    #[must_use]
    pub fn holds(&self, facts: &[Cfg]) -> bool {
        self.expression.matches(facts)
    }
}

impl FromStr for Condition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let inner = text
            .trim()
            .strip_prefix("cfg(")
            .and_then(|rest| rest.strip_suffix(')'))
            .ok_or_else(|| format!("a condition has the form cfg(…), {text:?} has not"))?;
        let expression = inner
            .parse::<CfgExpr>()
            .map_err(|error| format!("{text:?} is no condition: {error}"))?;
        check(&expression)?;
        Ok(Self {
            text: text.to_owned(),
            expression,
        })
    }
}

/// Refuses names that never hold: a misspelt one would be ignored in silence.
fn check(expression: &CfgExpr) -> Result<(), String> {
    let unknown = |name: &str, known: &[&str]| {
        let list = known.join(", ");
        let hint = crate::suggest::nearest(name, known.iter().copied())
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        Err(format!(
            "a condition cannot ask for {name:?}{hint} (known: {list})"
        ))
    };
    match expression {
        CfgExpr::Not(inner) => check(inner),
        CfgExpr::All(inner) | CfgExpr::Any(inner) => inner.iter().try_for_each(check),
        CfgExpr::Value(Cfg::Name(name)) if !NAMES.contains(&name.as_str()) => unknown(name.as_str(), &NAMES),
        CfgExpr::Value(Cfg::KeyPair(key, _)) if !KEYS.contains(&key.as_str()) => unknown(key.as_str(), &KEYS),
        CfgExpr::Value(_) | CfgExpr::True | CfgExpr::False => Ok(()),
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_hold_where_their_facts_do() {
        let facts: Vec<Cfg> = [
            "unix",
            "debug",
            "target_os = \"linux\"",
            "target_arch = \"x86_64\"",
        ]
        .iter()
        .map(|fact| fact.parse().unwrap())
        .collect();
        let rows = [
            ("cfg(unix)", true),
            ("cfg(not(unix))", false),
            ("cfg(all(debug, target_os = \"linux\"))", true),
            ("cfg(any(windows, target_arch = \"aarch64\"))", false),
            ("cfg(cross)", false),
        ];
        for (text, expected) in rows {
            assert_eq!(
                text.parse::<Condition>().unwrap().holds(&facts),
                expected,
                "{text}"
            );
        }
    }

    #[test]
    fn a_misspelt_predicate_is_refused_with_the_nearest_one() {
        let rows = [
            ("cfg(windoes)", "did you mean windows?"),
            (
                "cfg(not(all(unix, target_oss = \"linux\")))",
                "did you mean target_os?",
            ),
            ("unix", "has the form cfg(…)"),
            ("cfg(unix", "has the form cfg(…)"),
            ("cfg(all(unix)", "is no condition"),
        ];
        for (text, expected) in rows {
            let message = text.parse::<Condition>().unwrap_err();
            assert!(message.contains(expected), "{text}: {message}");
        }
    }
}
