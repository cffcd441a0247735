//! Generates, for each interface of the schemas, the handle that calls it and the server that is called.
//!
//! A method of the schema becomes a call of the trait's method of that name, with the parameters in their order and
//! the types that the schema gives them: a trait and a schema that differ do not compile.

use crate::model::{Field, Interface, Results, Schemas};
use crate::{client, server, values};

/// The adapters' code.
pub(crate) fn generate(schemas: &Schemas) -> String {
    let mut code = String::new();
    for interface in &schemas.interfaces {
        // What another interface extends is called by that one's handle.
        let extended = schemas
            .interfaces
            .iter()
            .any(|other| other.extends.contains(&interface.id));
        if !extended {
            let all = with_extended(interface, schemas);
            code += &client::generate(interface, &all);
            code += &server::servable(&interface.object, &all);
        }
        code += &server::generate(interface);
    }
    code
}

fn with_extended<'a>(interface: &'a Interface, schemas: &'a Schemas) -> Vec<&'a Interface> {
    let mut all = vec![interface];
    for id in &interface.extends {
        if let Some(extended) = schemas.interfaces.iter().find(|other| other.id == *id) {
            all.extend(with_extended(extended, schemas));
        }
    }
    all
}

/// The type that a method returns.
pub(crate) fn returned(results: &Results) -> String {
    match results {
        Results::Whole(rust) => rust.clone(),
        Results::Fields(fields) => tuple(fields, Field::rust),
    }
}

/// An expression for what a method returns, from the message in variable `results`.
pub(crate) fn read_results(module: &str, results: &Results) -> String {
    match results {
        Results::Whole(rust) => {
            format!("<{rust} as Structure<{module}::Owned>>::read(results, connection)?")
        }
        Results::Fields(fields) => tuple(fields, |field| values::read(field, "results")),
    }
}

/// Statements that put what a method returned, in variable `returned`, into the message in variable `filled`.
pub(crate) fn write_results(module: &str, results: &Results) -> String {
    match results {
        Results::Whole(rust) => {
            format!("<{rust} as Structure<{module}::Owned>>::fill(returned, filled.reborrow(), connection)?;")
        }
        Results::Fields(fields) => {
            let bind = match &fields[..] {
                [] => String::new(),
                fields => format!("let {} = returned;", tuple(fields, Field::variable)),
            };
            let write: String = fields
                .iter()
                .map(|field| values::write(field, "filled", &field.variable()))
                .collect();
            format!("{bind} {write}")
        }
    }
}

fn tuple(fields: &[Field], each: impl Fn(&Field) -> String) -> String {
    match fields {
        [field] => each(field),
        fields => format!("({})", fields.iter().map(each).collect::<Vec<_>>().join(", ")),
    }
}
