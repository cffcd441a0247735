//! Texts with `{variables}`, whose values are known only where the package is built.

use std::fmt::Write as _;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a template may refer to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Variable {
    /// The root of the unpacked source.
    Source,
    /// The directory that the package is built in.
    Build,
    /// The prefix that the package is configured for.
    Prefix,
    /// The directory that `{prefix}` lies in while the package is staged, as make's `DESTDIR`.
    Stage,
    /// The private prefix with the dependencies.
    Dependencies,
    /// The private prefix with the native dependencies.
    Native,
    /// The triplet of the platform that the package is built for.
    Host,
    /// The triplet of the machine that builds.
    BuildMachine,
    /// The package's version.
    Version,
    /// The C compiler.
    Cc,
    /// The C++ compiler.
    Cxx,
    /// The archiver.
    Ar,
    /// The indexer of archives.
    Ranlib,
    /// The flags for the C compiler.
    Cflags,
    /// The flags for the C++ compiler.
    Cxxflags,
    /// The flags for the linker.
    Ldflags,
}

impl Variable {
    /// All variables with their names.
    pub const ALL: [(&'static str, Self); 16] = [
        ("source", Self::Source),
        ("build", Self::Build),
        ("prefix", Self::Prefix),
        ("stage", Self::Stage),
        ("dependencies", Self::Dependencies),
        ("native", Self::Native),
        ("host", Self::Host),
        ("build-machine", Self::BuildMachine),
        ("version", Self::Version),
        ("cc", Self::Cc),
        ("cxx", Self::Cxx),
        ("ar", Self::Ar),
        ("ranlib", Self::Ranlib),
        ("cflags", Self::Cflags),
        ("cxxflags", Self::Cxxflags),
        ("ldflags", Self::Ldflags),
    ];

    fn name(self) -> &'static str {
        let found = Self::ALL.iter().find(|(_, variable)| *variable == self);
        found
            .expect("ALL lists every variable because the enum and it are kept together")
            .0
    }
}

/// A text in which `{name}` stands for a [`Variable`]; `{{` and `}}` stand for braces.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Text(String),
    Variable(Variable),
}

/// A text that is no template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A brace has no partner.
    #[error("{text:?} has an unmatched brace; write {{{{ or }}}} for a brace itself")]
    UnmatchedBrace {
        /// The text.
        text: String,
    },
    /// There is no such variable.
    #[error("{{{name}}} is no variable; the variables are {known}")]
    UnknownVariable {
        /// The name between the braces.
        name: String,
        /// The names that there are.
        known: String,
    },
}

impl Template {
    /// The text, where no variable is in it.
    pub(crate) fn literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Text(text)] => Some(text),
            _ => None,
        }
    }

    /// The text with each variable's value put in.
    pub fn render(&self, value: impl Fn(Variable) -> String) -> String {
        self.parts
            .iter()
            .map(|part| match part {
                Part::Text(text) => text.clone(),
                Part::Variable(variable) => value(*variable),
            })
            .collect()
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unmatched = || TemplateError::UnmatchedBrace {
            text: text.to_owned(),
        };
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            literal.push_str(&rest[..at]);
            let brace = &rest[at..=at];
            rest = &rest[at + 1..];
            if let Some(after) = rest.strip_prefix(brace) {
                literal.push_str(brace);
                rest = after;
                continue;
            }
            if brace == "}" {
                return Err(unmatched());
            }
            let (name, after) = rest.split_once('}').ok_or_else(unmatched)?;
            let known = Variable::ALL.iter().find(|(known, _)| *known == name);
            let Some((_, variable)) = known else {
                return Err(TemplateError::UnknownVariable {
                    name: name.to_owned(),
                    known: Variable::ALL.map(|(known, _)| known).join(", "),
                });
            };
            if !literal.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut literal)));
            }
            parts.push(Part::Variable(*variable));
            rest = after;
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Text(literal));
        }
        Ok(Self { parts })
    }
}

impl std::fmt::Display for Template {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    for character in text.chars() {
                        match character {
                            '{' => formatter.write_str("{{")?,
                            '}' => formatter.write_str("}}")?,
                            other => formatter.write_char(other)?,
                        }
                    }
                }
                Part::Variable(variable) => write!(formatter, "{{{}}}", variable.name())?,
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Template {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

impl Serialize for Template {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn variables_are_put_in_and_doubled_braces_stand_for_themselves() {
        let template: Template = "-DX={native}/bin/{{y}}-{version}".parse().unwrap();
        let text = template.render(|variable| match variable {
            Variable::Native => "/n".to_owned(),
            other => format!("<{}>", other.name()),
        });
        assert_eq!(text, "-DX=/n/bin/{y}-<version>");
    }

    #[test]
    fn mistakes_are_named() {
        for text in ["{", "}", "a{source", "{source}}"] {
            let error = text.parse::<Template>().unwrap_err();
            assert!(
                matches!(error, TemplateError::UnmatchedBrace { .. }),
                "{text}: {error}"
            );
        }
        let error = "{sauce}".parse::<Template>().unwrap_err();
        assert!(error.to_string().contains("{sauce} is no variable"), "{error}");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(text in "[a-z{} ]{0,12}") {
            if let Ok(template) = text.parse::<Template>() {
                prop_assert_eq!(template.to_string().parse::<Template>(), Ok(template));
            }
        }
    }
}
