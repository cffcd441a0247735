//! What a method declares of its result, and whether a result keeps to it.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::param::type_name;

/// A result or a part of one.
#[derive(Debug, Clone)]
pub struct Shape {
    pub(crate) kind: ShapeKind,
    pub(crate) description: Cow<'static, str>,
    pub(crate) optional: bool,
}

/// A result's type, finer than JSON's own where `help` shows more.
#[derive(Debug, Clone)]
pub enum ShapeKind {
    /// Anything; `help` leaves it out.
    Any,
    /// `null`.
    Null,
    /// Text.
    String,
    /// Text of hexadecimal digits.
    Hex,
    /// An amount of coins.
    Amount,
    /// A number.
    Number,
    /// Seconds since 1970.
    Time,
    /// A boolean.
    Boolean,
    /// An array; where it has more elements than shapes, the last shape serves for the rest.
    Array(Vec<Shape>),
    /// An array of exactly these elements.
    Tuple(Vec<Shape>),
    /// An object with these members and no others.
    Object(Vec<(&'static str, Shape)>),
    /// An object whose keys vary. The name stands for a key in `help`.
    Map(&'static str, Box<Shape>),
    /// More of what another method's help shows; the description says which.
    Elision,
}

impl Shape {
    /// A result of this type.
    pub fn new(kind: ShapeKind, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            description: description.into(),
            optional: false,
        }
    }

    /// A member that may be absent.
    #[must_use]
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// `None` when `value` has this shape, else what is wrong with it: a text, or an object of texts by member.
    pub(crate) fn mismatch(&self, value: &Value) -> Option<Value> {
        let expected = match &self.kind {
            ShapeKind::Any | ShapeKind::Elision => return None,
            ShapeKind::Null => "null",
            ShapeKind::String | ShapeKind::Hex => "string",
            ShapeKind::Amount | ShapeKind::Number | ShapeKind::Time => "number",
            ShapeKind::Boolean => "bool",
            ShapeKind::Array(_) | ShapeKind::Tuple(_) => "array",
            ShapeKind::Object(_) | ShapeKind::Map(..) => "object",
        };
        let found = type_name(value);
        if found != expected {
            return Some(format!("returned type is {found}, but declared as {expected} in doc").into());
        }
        let mut wrong = Map::new();
        match (&self.kind, value) {
            (ShapeKind::Array(shapes) | ShapeKind::Tuple(shapes), Value::Array(elements)) => {
                for (index, element) in elements.iter().enumerate() {
                    let shape = shapes.get(index).or(shapes.last());
                    note(
                        &mut wrong,
                        &index.to_string(),
                        shape.and_then(|shape| shape.mismatch(element)),
                    );
                }
            }
            (ShapeKind::Map(_, shape), Value::Object(members)) => {
                for (key, member) in members {
                    note(&mut wrong, key, shape.mismatch(member));
                }
            }
            (ShapeKind::Object(fields), Value::Object(members)) => compare(fields, members, &mut wrong),
            _ => {}
        }
        (!wrong.is_empty()).then(|| Value::Object(wrong))
    }
}

fn compare(fields: &[(&'static str, Shape)], members: &Map<String, Value>, wrong: &mut Map<String, Value>) {
    if matches!(
        fields.first(),
        Some((
            _,
            Shape {
                kind: ShapeKind::Elision,
                ..
            }
        ))
    ) {
        return;
    }
    for key in members.keys() {
        if !fields.iter().any(|(name, _)| name == key) {
            note(wrong, key, Some("key returned that was not in doc".into()));
        }
    }
    for (name, shape) in fields {
        match members.get(*name) {
            Some(member) => note(wrong, name, shape.mismatch(member)),
            None if shape.optional => {}
            None => note(
                wrong,
                name,
                Some("key missing, despite not being optional in doc".into()),
            ),
        }
    }
}

fn note(wrong: &mut Map<String, Value>, key: &str, mismatch: Option<Value>) {
    if let Some(mismatch) = mismatch {
        wrong.insert(key.to_owned(), mismatch);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shape(kind: ShapeKind) -> Shape {
        Shape::new(kind, "")
    }

    #[test]
    fn a_result_of_another_shape_is_told_apart_by_place() {
        let fields = || {
            shape(ShapeKind::Object(vec![
                ("a", shape(ShapeKind::Number)),
                (
                    "b",
                    shape(ShapeKind::Array(vec![shape(ShapeKind::String)])).optional(),
                ),
            ]))
        };
        let rows = [
            (fields(), json!({"a": 1}), Value::Null),
            (fields(), json!({"a": 1, "b": ["x", "y"]}), Value::Null),
            (
                fields(),
                json!({"b": ["x", 2], "c": 1}),
                json!({
                    "c": "key returned that was not in doc",
                    "a": "key missing, despite not being optional in doc",
                    "b": {"1": "returned type is number, but declared as string in doc"},
                }),
            ),
            (
                fields(),
                json!([]),
                json!("returned type is array, but declared as object in doc"),
            ),
            (
                shape(ShapeKind::Map("key", Box::new(shape(ShapeKind::Boolean)))),
                json!({"x": true, "y": 1}),
                json!({"y": "returned type is number, but declared as bool in doc"}),
            ),
            (
                shape(ShapeKind::Object(vec![("", shape(ShapeKind::Elision))])),
                json!({"x": 1}),
                Value::Null,
            ),
            (shape(ShapeKind::Any), json!([1]), Value::Null),
        ];
        for (shape, value, expected) in rows {
            assert_eq!(shape.mismatch(&value).unwrap_or_default(), expected, "{value}");
        }
    }
}
