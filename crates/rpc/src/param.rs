//! What a method declares of its parameters.

use std::borrow::Cow;

use serde_json::Value;

/// A parameter: its names, its type, and what happens when it is left out.
#[derive(Debug, Clone)]
pub struct Param {
    /// The name and its aliases, separated by `|`.
    pub(crate) names: Cow<'static, str>,
    pub(crate) kind: Kind,
    pub(crate) presence: Presence,
    pub(crate) description: Cow<'static, str>,
    pub(crate) hidden: bool,
    pub(crate) unchecked: bool,
    pub(crate) in_usage: Option<&'static str>,
}

/// A parameter's JSON type, finer than JSON's own where `help` or a client must know.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Text.
    String,
    /// Text of hexadecimal digits.
    Hex,
    /// A number.
    Number,
    /// An amount of coins: a number or its text.
    Amount,
    /// A number, or the two ends of a range.
    Range,
    /// A boolean.
    Boolean,
    /// An object with these members.
    Object(Vec<Param>),
    /// An object whose members callers may also give as named parameters of the method itself.
    Options(Vec<Param>),
    /// An object whose keys the caller chooses; the parameters show what a member looks like.
    Map(Vec<Param>),
    /// An array; the parameters show what an element looks like.
    Array(Vec<Param>),
}

/// What happens when a parameter is left out.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Presence {
    Required,
    Optional,
    /// The default in words, where it is no constant.
    Hint(&'static str),
    Default(Value),
}

impl Param {
    fn new(
        names: impl Into<Cow<'static, str>>,
        kind: Kind,
        description: &'static str,
        presence: Presence,
    ) -> Self {
        let description = Cow::Borrowed(description);
        Self {
            names: names.into(),
            kind,
            presence,
            description,
            hidden: false,
            unchecked: false,
            in_usage: None,
        }
    }

    /// A parameter that must be given.
    pub fn required(names: impl Into<Cow<'static, str>>, kind: Kind, description: &'static str) -> Self {
        Self::new(names, kind, description, Presence::Required)
    }

    /// A parameter without a default.
    pub fn optional(names: impl Into<Cow<'static, str>>, kind: Kind, description: &'static str) -> Self {
        Self::new(names, kind, description, Presence::Optional)
    }

    /// A parameter whose default `hint` describes.
    pub fn hinted(
        names: impl Into<Cow<'static, str>>,
        kind: Kind,
        hint: &'static str,
        description: &'static str,
    ) -> Self {
        Self::new(names, kind, description, Presence::Hint(hint))
    }

    /// A parameter with a default. The handler applies it; declared here, it is shown by `help`.
    pub fn defaulted(
        names: impl Into<Cow<'static, str>>,
        kind: Kind,
        default: impl Into<Value>,
        description: &'static str,
    ) -> Self {
        Self::new(names, kind, description, Presence::Default(default.into()))
    }

    /// Leaves this parameter and those after it out of `help`.
    #[must_use]
    pub fn hidden(mut self) -> Self {
        self.hidden = true;
        self
    }

    /// Accepts any type, whatever `help` shows.
    #[must_use]
    pub fn unchecked(mut self) -> Self {
        self.unchecked = true;
        self
    }

    /// Stands in the usage line for what the parameter consists of.
    #[must_use]
    pub fn in_usage(mut self, form: &'static str) -> Self {
        self.in_usage = Some(form);
        self
    }

    pub(crate) fn is_optional(&self) -> bool {
        self.presence != Presence::Required
    }

    /// The names by which a caller may pass the parameter.
    pub(crate) fn each_name(&self) -> impl Iterator<Item = &str> {
        self.names.split('|')
    }

    /// The name that `help` shows.
    pub(crate) fn first_name(&self) -> &str {
        self.each_name().next().unwrap_or_default()
    }

    /// Why `value` is not what the parameter takes.
    pub(crate) fn mismatch(&self, value: &Value) -> Option<String> {
        if self.unchecked || (self.is_optional() && value.is_null()) {
            return None;
        }
        let expected = self.kind.json_type()?;
        let found = type_name(value);
        (found != expected).then(|| wrong_type(found, expected))
    }
}

impl Kind {
    /// The name of the only JSON type that fits, where there is only one.
    fn json_type(&self) -> Option<&'static str> {
        match self {
            Self::String | Self::Hex => Some("string"),
            Self::Number => Some("number"),
            Self::Boolean => Some("bool"),
            Self::Object(_) | Self::Options(_) | Self::Map(_) => Some("object"),
            Self::Array(_) => Some("array"),
            Self::Amount | Self::Range => None,
        }
    }

    /// Whether a command-line client passes the argument on as a string.
    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::String | Self::Hex)
    }
}

/// The name of a value's JSON type in error texts.
pub(crate) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// The text clients know for a value of the wrong type.
pub(crate) fn wrong_type(found: &str, expected: &str) -> String {
    format!("JSON value of type {found} is not of expected type {expected}")
}
