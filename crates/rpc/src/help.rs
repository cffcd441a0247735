//! The text of `help` for one method, in the layout clients and people know from Core.

mod params;
mod results;
mod sections;

use std::fmt::Write as _;

use crate::config::Naming;
use crate::method::Declaration;
use crate::param::{Kind, Param};
use crate::shape::ShapeKind;

use self::sections::Sections;

/// The first line: the name with its parameters, those that can be left out in parentheses.
pub(crate) fn usage(declaration: &Declaration) -> String {
    let mut text = declaration.name.to_owned();
    let mut in_optional = false;
    for param in visible(&declaration.params) {
        text.push(' ');
        match (in_optional, param.is_optional()) {
            (false, true) => text.push_str("( "),
            (true, false) => text.push_str(") "),
            _ => {}
        }
        in_optional = param.is_optional();
        text.push_str(&params::short_form(param));
    }
    if in_optional {
        text.push_str(" )");
    }
    text
}

/// All that is known of a method.
pub(crate) fn full(declaration: &Declaration, naming: &Naming) -> String {
    let mut text = format!("{}\n\n{}\n", usage(declaration), declaration.description.trim());

    let mut arguments = Sections::default();
    let mut options = Sections::default();
    for (index, param) in visible(&declaration.params).enumerate() {
        arguments.push(
            format!("{}. {}", index + 1, param.first_name()),
            params::explain(param, true),
        );
        match &param.kind {
            Kind::Options(members) => {
                for member in visible(members) {
                    options.push(member.first_name().to_owned(), params::explain(member, true));
                    params::push_inner(&mut options, member);
                }
            }
            _ => params::push_inner(&mut arguments, param),
        }
    }
    for (title, sections) in [("\nArguments:\n", arguments), ("\nNamed Arguments:\n", options)] {
        if !sections.is_empty() {
            text.push_str(title);
            text.push_str(&sections.to_string());
        }
    }

    for (condition, shape) in &declaration.results {
        if matches!(shape.kind, ShapeKind::Any) {
            continue;
        }
        match *condition {
            "" => text.push_str("\nResult:\n"),
            condition => _ = write!(text, "\nResult ({condition}):\n"),
        }
        text.push_str(&results::sections(shape).to_string());
    }

    if !declaration.examples.is_empty() {
        text.push_str("\nExamples:\n");
    }
    for example in &declaration.examples {
        let (name, client, port) = (declaration.name, &naming.client, naming.port);
        let arguments = example.command_line;
        _ = writeln!(text, "> {client} {name} {arguments}");
        let arguments = example.json;
        _ = writeln!(
            text,
            "> curl --user myusername --data-binary '{{\"jsonrpc\": \"1.0\", \"id\": \"curltest\", \"method\": \
             \"{name}\", \"params\": [{arguments}]}}' -H 'content-type: text/plain;' http://127.0.0.1:{port}/"
        );
    }
    text
}

/// The parameters up to the first hidden one.
fn visible(params: &[Param]) -> impl Iterator<Item = &Param> {
    params.iter().take_while(|param| !param.hidden)
}

#[cfg(test)]
mod tests;
