//! Parameters in help texts.

use crate::param::{Kind, Param, Presence};

use super::sections::Sections;

/// What a part is nested in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outer {
    Nothing,
    Array,
    Object,
}

/// A parameter in one line, as in a usage line.
pub(super) fn short_form(param: &Param) -> String {
    let name = param.first_name();
    if let Some(form) = param.in_usage {
        return form.to_owned();
    }
    match &param.kind {
        Kind::String | Kind::Hex => format!("\"{name}\""),
        Kind::Number | Kind::Amount | Kind::Range | Kind::Boolean | Kind::Options(_) => name.to_owned(),
        Kind::Object(members) => format!("{{{}}}", member_forms(members)),
        Kind::Map(members) => format!("{{{},...}}", member_forms(members)),
        Kind::Array(elements) => {
            let elements: Vec<_> = elements.iter().map(short_form).collect();
            format!("[{},...]", elements.join(","))
        }
    }
}

fn member_forms(members: &[Param]) -> String {
    let members: Vec<_> = members.iter().map(|member| member_form(member, "")).collect();
    members.join(",")
}

/// A member of an object, `"name":value`.
fn member_form(member: &Param, space: &str) -> String {
    let value = match &member.kind {
        Kind::String => "\"str\"".to_owned(),
        Kind::Hex => "\"hex\"".to_owned(),
        Kind::Number => "n".to_owned(),
        Kind::Range => "n or [n,n]".to_owned(),
        Kind::Amount => "amount".to_owned(),
        Kind::Boolean => "bool".to_owned(),
        Kind::Object(_) | Kind::Options(_) | Kind::Map(_) | Kind::Array(_) => short_form(member),
    };
    format!("\"{}\":{space}{value}", member.first_name())
}

/// Type, presence and description. Whether an element of an array is optional says nothing, as `named` tells.
pub(super) fn explain(param: &Param, named: bool) -> String {
    let kind = match &param.kind {
        Kind::String | Kind::Hex => "string",
        Kind::Number => "numeric",
        Kind::Amount => "numeric or string",
        Kind::Range => "numeric or array",
        Kind::Boolean => "boolean",
        Kind::Object(_) | Kind::Options(_) | Kind::Map(_) => "json object",
        Kind::Array(_) => "json array",
    };
    let presence = match &param.presence {
        Presence::Required => ", required".to_owned(),
        Presence::Optional if named => ", optional".to_owned(),
        Presence::Optional => String::new(),
        Presence::Hint(hint) => format!(", optional, default={hint}"),
        Presence::Default(value) => format!(", optional, default={value}"),
    };
    let options = match &param.kind {
        Kind::Options(_) => " The options listed below, which may also be passed as named arguments.",
        _ => "",
    };
    let space = if param.description.is_empty() { "" } else { " " };
    format!("({kind}{presence}){options}{space}{}", param.description)
}

/// Adds what a structured parameter consists of.
pub(super) fn push_inner(sections: &mut Sections, param: &Param) {
    push(sections, param, 5, Outer::Nothing);
}

fn push(sections: &mut Sections, param: &Param, indent: usize, outer: Outer) {
    let margin = " ".repeat(indent);
    let in_object = outer == Outer::Object;
    let top = outer == Outer::Nothing;
    let (open, close, inner, inner_outer, repeats) = match &param.kind {
        Kind::Object(members) => ("{", "}", members, Outer::Object, false),
        Kind::Options(members) | Kind::Map(members) => ("{", "}", members, Outer::Object, true),
        Kind::Array(elements) => ("[", "]", elements, Outer::Array, true),
        Kind::String | Kind::Hex | Kind::Number | Kind::Amount | Kind::Range | Kind::Boolean => {
            if !top {
                let form = if in_object {
                    member_form(param, " ")
                } else {
                    short_form(param)
                };
                sections.push(format!("{margin}{form},"), explain(param, in_object));
            }
            return;
        }
    };
    let key = if in_object {
        format!("\"{}\": ", param.first_name())
    } else {
        String::new()
    };
    let right = if top {
        String::new()
    } else {
        explain(param, in_object)
    };
    sections.push(format!("{margin}{key}{open}"), right);
    for part in inner {
        push(sections, part, indent + 2, inner_outer);
    }
    if repeats {
        sections.push(format!("{margin}  ..."), String::new());
    }
    let separator = if top { "" } else { "," };
    sections.push(format!("{margin}{close}{separator}"), String::new());
}
