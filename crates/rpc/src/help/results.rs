//! Results in help texts.

use crate::shape::{Shape, ShapeKind};

use super::params::Outer;
use super::sections::Sections;

/// A result, written as JSON with an explanation beside each part.
pub(super) fn sections(shape: &Shape) -> Sections {
    let mut sections = Sections::default();
    push(&mut sections, shape, 0, Outer::Nothing, "");
    sections
}

fn push(sections: &mut Sections, shape: &Shape, indent: usize, outer: Outer, name: &str) {
    let margin = " ".repeat(indent);
    let separator = if outer == Outer::Nothing { "" } else { "," };
    let key = if outer == Outer::Object {
        format!("\"{name}\" : ")
    } else {
        String::new()
    };
    let explain = |kind: &str| {
        let optional = if shape.optional { ", optional" } else { "" };
        let space = if shape.description.is_empty() { "" } else { " " };
        format!("({kind}{optional}){space}{}", shape.description)
    };
    let mut leaf =
        |form: &str, kind: &str| sections.push(format!("{margin}{key}{form}{separator}"), explain(kind));
    match &shape.kind {
        ShapeKind::Any => leaf("any", "any type"),
        ShapeKind::Null => leaf("null", "json null"),
        ShapeKind::String => leaf("\"str\"", "string"),
        ShapeKind::Hex => leaf("\"hex\"", "string"),
        ShapeKind::Amount | ShapeKind::Number => leaf("n", "numeric"),
        ShapeKind::Time => leaf("xxx", "numeric"),
        ShapeKind::Boolean => leaf("true|false", "boolean"),
        ShapeKind::Elision => sections.push(format!("{margin}...{separator}"), shape.description.to_string()),
        ShapeKind::Array(elements) | ShapeKind::Tuple(elements) => {
            sections.push(format!("{margin}{key}["), explain("json array"));
            for element in elements {
                push(sections, element, indent + 2, Outer::Array, "");
            }
            let elided = matches!(
                elements.last(),
                Some(Shape {
                    kind: ShapeKind::Elision,
                    ..
                })
            );
            close(
                sections,
                &margin,
                matches!(shape.kind, ShapeKind::Array(_)) && !elided,
            );
            sections.push(format!("{margin}]{separator}"), String::new());
        }
        ShapeKind::Object(fields) if fields.is_empty() => leaf("{}", "empty JSON object"),
        ShapeKind::Object(fields) => {
            sections.push(format!("{margin}{key}{{"), explain("json object"));
            for (name, field) in fields {
                push(sections, field, indent + 2, Outer::Object, name);
            }
            close(sections, &margin, false);
            sections.push(format!("{margin}}}{separator}"), String::new());
        }
        ShapeKind::Map(name, member) => {
            sections.push(format!("{margin}{key}{{"), explain("json object"));
            push(sections, member, indent + 2, Outer::Object, name);
            close(sections, &margin, !matches!(member.kind, ShapeKind::Elision));
            sections.push(format!("{margin}}}{separator}"), String::new());
        }
    }
}

/// Ends a list: more of the same follows, or the last comma goes.
fn close(sections: &mut Sections, margin: &str, repeats: bool) {
    if repeats {
        sections.push(format!("{margin}  ..."), String::new());
    } else {
        sections.drop_comma();
    }
}
