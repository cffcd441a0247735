//! Generates the conversions of structures and enumerations. A structure of the schema and its Rust type have the same
//! fields, and an enumeration the same variants: otherwise the conversions do not compile.

use crate::model::{Enumeration, Schemas, Structure, camel};
use crate::values;

/// The conversions' code.
pub(crate) fn generate(schemas: &Schemas) -> String {
    let structures = schemas.structures.iter().map(write_structure);
    let enumerations = schemas.enumerations.iter().map(write_enumeration);
    structures.chain(enumerations).collect()
}

fn write_structure(structure: &Structure) -> String {
    let Structure { module, rust, fields } = structure;
    let read: String = fields
        .iter()
        .map(|field| format!("{}: {},\n", field.name, values::read(field, "reader")))
        .collect();
    let names: Vec<_> = fields
        .iter()
        .map(|field| format!("{}: {}", field.name, field.variable()))
        .collect();
    let names = names.join(", ");
    let write: String = fields
        .iter()
        .map(|field| values::write(field, "builder", &field.variable()) + "\n")
        .collect();
    format!(
        "impl Structure<{module}::Owned> for {rust} {{
            fn read(reader: {module}::Reader<'_>, connection: &Rc<Connection>) -> capnp::Result<Self> {{
                Ok(Self {{ {read} }})
            }}

            fn fill(self, mut builder: {module}::Builder<'_>, connection: &Rc<Connection>) -> capnp::Result<()> {{
                let Self {{ {names} }} = self;
                {write}
                Ok(())
            }}
        }}\n\n"
    )
}

fn write_enumeration(enumeration: &Enumeration) -> String {
    let Enumeration {
        wire,
        rust,
        enumerants,
    } = enumeration;
    let arms = |from: &str, to: &str| -> String {
        enumerants
            .iter()
            .map(|name| format!("{from}::{name} => {to}::{name},", name = camel(name)))
            .collect()
    };
    format!(
        "impl Enumeration<{wire}> for {rust} {{
            fn read(wire: {wire}) -> Self {{ match wire {{ {} }} }}

            fn write(self) -> {wire} {{ match self {{ {} }} }}
        }}\n\n",
        arms(wire, "Self"),
        arms("Self", wire)
    )
}
