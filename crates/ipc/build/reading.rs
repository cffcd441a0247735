//! Reads what the schema compiler says of the schemas.

use std::collections::HashMap;
use std::error::Error;

use capnp::message::ReaderOptions;
use capnp::schema_capnp::{
    annotation, code_generator_request, field, method, node, superclass, type_, value,
};

use crate::model::{
    Call, Enumeration, Field, Interface, Kind, Method, Presence, Results, Schemas, Structure, Value, Wire,
    accessor, snake,
};

/// The structure that names a call's threads.
const CONTEXT: u64 = 0x9c44_e664_5d0b_22c6;

/// The schema whose interfaces are adapted by hand.
const BY_HAND: &str = "proxy";

/// The annotation of `proxy.capnp` of results that stand for C++ exceptions.
const EXCEPTION: u64 = 0x996a_1832_0099_2f88;

// The annotations of `rust.capnp`.
const HOLDS: u64 = 0xd9b2_f8a3_1c5e_7a01;
const OPTIONAL: u64 = 0xd9b2_f8a3_1c5e_7a02;
const MANUAL: u64 = 0xd9b2_f8a3_1c5e_7a03;
const RETURNS: u64 = 0xd9b2_f8a3_1c5e_7a04;
const CONTEXT_SINCE: u64 = 0xd9b2_f8a3_1c5e_7a05;
const REFUSED: u64 = 0xd9b2_f8a3_1c5e_7a06;
const OBJECT: u64 = 0xd9b2_f8a3_1c5e_7a07;
const ENDS_WAITS: u64 = 0xd9b2_f8a3_1c5e_7a08;

type Result<T> = std::result::Result<T, Box<dyn Error>>;
type Annotations<'a> = capnp::struct_list::Reader<'a, annotation::Owned>;

struct Nodes<'a>(HashMap<u64, node::Reader<'a>>);

/// The schemas of a request of the schema compiler.
pub(crate) fn read(request: &[u8]) -> Result<Schemas> {
    let message = capnp::serialize::read_message(request, ReaderOptions::new())?;
    let request: code_generator_request::Reader<'_> = message.get_root()?;
    let nodes = Nodes(
        request
            .get_nodes()?
            .iter()
            .map(|node| (node.get_id(), node))
            .collect(),
    );
    let mut schemas = Schemas::default();
    for node in request.get_nodes()? {
        let name = node.get_display_name()?.to_str()?;
        nodes
            .read_node(node, &mut schemas)
            .map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(schemas)
}

impl<'a> Nodes<'a> {
    fn get(&self, id: u64) -> Result<node::Reader<'a>> {
        Ok(*self.0.get(&id).ok_or("a declaration is missing")?)
    }

    fn read_node(&self, node: node::Reader<'a>, schemas: &mut Schemas) -> Result<()> {
        let Some(file) = self.file(node)? else {
            return Ok(());
        };
        if file == BY_HAND {
            return Ok(());
        }
        match node.which()? {
            node::Interface(interface) => schemas.interfaces.push(Interface {
                id: node.get_id(),
                name: short_name(node)?,
                module: self.module(node)?,
                object: rust_name(node, OBJECT)?,
                extends: interface
                    .get_superclasses()?
                    .iter()
                    .map(superclass::Reader::get_id)
                    .collect(),
                methods: interface
                    .get_methods()?
                    .iter()
                    .map(|method| self.read_method(method))
                    .collect::<Result<_>>()?,
                ends_waits: self.read_ends_waits(interface.get_methods()?)?,
            }),
            node::Struct(structure) if !has(node.get_annotations()?, MANUAL) => {
                schemas.structures.push(Structure {
                    module: self.module(node)?,
                    rust: rust_name(node, HOLDS)?,
                    fields: self.read_fields(structure.get_fields()?.iter().collect())?,
                });
            }
            node::Enum(enumeration) => schemas.enumerations.push(Enumeration {
                wire: self.wire_type(node)?,
                rust: rust_name(node, HOLDS)?,
                enumerants: enumeration
                    .get_enumerants()?
                    .iter()
                    .map(|enumerant| Ok(enumerant.get_name()?.to_string()?))
                    .collect::<Result<_>>()?,
            }),
            _ => {}
        }
        Ok(())
    }

    /// The file that a declaration stands in, where it stands in one itself.
    fn file(&self, node: node::Reader<'a>) -> Result<Option<&'a str>> {
        let Some(file) = self.0.get(&node.get_scope_id()) else {
            return Ok(None);
        };
        let path = file.get_display_name()?.to_str()?;
        let name = path.rsplit('/').next().unwrap_or(path);
        Ok(name.strip_suffix(".capnp"))
    }

    fn module(&self, node: node::Reader<'a>) -> Result<String> {
        let file = self.file(node)?.ok_or("it is nested")?;
        Ok(format!("{file}_capnp::{}", accessor(&short_name(node)?)))
    }

    fn wire_type(&self, node: node::Reader<'a>) -> Result<String> {
        let file = self.file(node)?.ok_or("it is nested")?;
        Ok(format!("{file}_capnp::{}", short_name(node)?))
    }

    fn read_method(&self, method: method::Reader<'a>) -> Result<Method> {
        let name = method.get_name()?.to_string()?;
        let kind = self
            .read_kind(&name, method)
            .map_err(|error| format!("{name}: {error}"))?;
        Ok(Method { name, kind })
    }

    fn read_ends_waits(
        &self,
        methods: capnp::struct_list::Reader<'a, method::Owned>,
    ) -> Result<Option<String>> {
        for method in methods {
            if !has(method.get_annotations()?, ENDS_WAITS) {
                continue;
            }
            let name = method.get_name()?.to_str()?;
            let passes = [method.get_param_struct_type(), method.get_result_struct_type()];
            for passed in passes {
                if !self.fields_of(passed)?.is_empty() {
                    return Err(format!("{name}: what ends waits takes and gives nothing").into());
                }
            }
            return Ok(Some(name.to_owned()));
        }
        Ok(None)
    }

    fn read_kind(&self, name: &str, method: method::Reader<'a>) -> Result<Kind> {
        let annotations = method.get_annotations()?;
        if let Some(text) = text_of(annotations, REFUSED)? {
            return Ok(Kind::Refused(text.to_owned()));
        }
        if has(annotations, MANUAL) {
            return Ok(Kind::Manual);
        }
        let mut parameters = self.fields_of(method.get_param_struct_type())?;
        let has_context = match parameters.first() {
            Some(first) => matches!(
                slot_type(*first)?.which()?, type_::Struct(of) if of.get_type_id() == CONTEXT
            ),
            None => false,
        };
        if has_context {
            parameters.remove(0);
        }
        let results = self.fields_of(method.get_result_struct_type())?;
        if name == "destroy" && has_context && parameters.is_empty() && results.is_empty() {
            return Ok(Kind::Destroy);
        }
        Ok(Kind::Call(Call {
            has_context,
            context_since: text_of(annotations, CONTEXT_SINCE)?.map(str::to_owned),
            parameters: self.read_fields(parameters)?,
            results: match text_of(annotations, RETURNS)? {
                Some(rust) => Results::Whole(rust.to_owned()),
                None => Results::Fields(self.read_fields(results)?),
            },
        }))
    }

    fn fields_of(&self, id: u64) -> Result<Vec<field::Reader<'a>>> {
        let node::Struct(structure) = self.get(id)?.which()? else {
            return Err("a method's parameters are no structure".into());
        };
        Ok(structure.get_fields()?.iter().collect())
    }

    /// The fields, those left out that say whether another is there.
    fn read_fields(&self, fields: Vec<field::Reader<'a>>) -> Result<Vec<Field>> {
        let names: Vec<String> = fields
            .iter()
            .map(|field| Ok(accessor(field.get_name()?.to_str()?)))
            .collect::<Result<_>>()?;
        let flags = |name: &str| names.iter().any(|other| name == format!("has_{other}"));
        let mut read = Vec::new();
        for (field, name) in fields.into_iter().zip(&names) {
            if flags(name) {
                continue;
            }
            let annotations = field.get_annotations()?;
            if has(annotations, EXCEPTION) {
                return Err(
                    format!("`{name}`: errors that are results are said by `returns` or `holds`").into(),
                );
            }
            let value = self
                .read_value(slot_type(field)?, text_of(annotations, HOLDS)?)
                .map_err(|error| format!("`{name}`: {error}"))?;
            let presence = if names.contains(&format!("has_{name}")) {
                Presence::Flag
            } else if has(annotations, OPTIONAL) {
                Presence::Pointer
            } else {
                Presence::Always
            };
            if matches!(
                (&presence, &value.wire),
                (Presence::Pointer, Wire::Scalar(_) | Wire::Enumeration(_))
            ) {
                return Err(format!("`{name}` is no pointer that could be null").into());
            }
            read.push(Field {
                name: snake(field.get_name()?.to_str()?),
                accessor: name.clone(),
                value,
                presence,
                offset: slot(field)?.get_offset(),
            });
        }
        Ok(read)
    }

    fn read_value(&self, of: type_::Reader<'a>, holds: Option<&str>) -> Result<Value> {
        let (wire, rust) = match of.which()? {
            type_::Bool(()) => (Wire::Scalar("bool"), "bool".to_owned()),
            type_::Int8(()) => (Wire::Scalar("i8"), "i8".to_owned()),
            type_::Int16(()) => (Wire::Scalar("i16"), "i16".to_owned()),
            type_::Int32(()) => (Wire::Scalar("i32"), "i32".to_owned()),
            type_::Int64(()) => (Wire::Scalar("i64"), "i64".to_owned()),
            type_::Uint8(()) => (Wire::Scalar("u8"), "u8".to_owned()),
            type_::Uint16(()) => (Wire::Scalar("u16"), "u16".to_owned()),
            type_::Uint32(()) => (Wire::Scalar("u32"), "u32".to_owned()),
            type_::Uint64(()) => (Wire::Scalar("u64"), "u64".to_owned()),
            type_::Float64(()) => (Wire::Scalar("f64"), "f64".to_owned()),
            type_::Text(()) => (Wire::Text, "String".to_owned()),
            type_::Data(()) => (Wire::Data, "Vec<u8>".to_owned()),
            type_::Enum(of) => {
                let node = self.get(of.get_type_id())?;
                (Wire::Enumeration(self.wire_type(node)?), rust_name(node, HOLDS)?)
            }
            type_::Struct(of) => {
                let node = self.get(of.get_type_id())?;
                (Wire::Structure(self.module(node)?), rust_name(node, HOLDS)?)
            }
            type_::Interface(of) => {
                let node = self.get(of.get_type_id())?;
                let object = rust_name(node, OBJECT)?;
                (Wire::Object(self.module(node)?), format!("Arc<dyn {object}>"))
            }
            type_::List(of) => {
                let element = self.read_value(of.get_element_type()?, holds)?;
                if matches!(element.wire, Wire::List(_)) {
                    return Err("a list of lists has no adapter".into());
                }
                let rust = format!("Vec<{}>", element.rust);
                return Ok(Value {
                    wire: Wire::List(Box::new(element)),
                    rust,
                });
            }
            _ => return Err("the type has no adapter".into()),
        };
        Ok(Value {
            wire,
            rust: holds.map_or(rust, str::to_owned),
        })
    }
}

fn short_name(node: node::Reader<'_>) -> Result<String> {
    let prefix = node.get_display_name_prefix_length() as usize;
    Ok(node.get_display_name()?.to_str()?[prefix..].to_owned())
}

fn rust_name(node: node::Reader<'_>, annotation: u64) -> Result<String> {
    Ok(match text_of(node.get_annotations()?, annotation)? {
        Some(name) => name.to_owned(),
        None => format!("interfaces::{}", short_name(node)?),
    })
}

fn slot(field: field::Reader<'_>) -> Result<field::slot::Reader<'_>> {
    let field::Slot(slot) = field.which()? else {
        return Err("a group has no adapter: mark the structure as manual".into());
    };
    Ok(slot)
}

fn slot_type(field: field::Reader<'_>) -> Result<type_::Reader<'_>> {
    Ok(slot(field)?.get_type()?)
}

fn has(annotations: Annotations<'_>, id: u64) -> bool {
    annotations.iter().any(|annotation| annotation.get_id() == id)
}

fn text_of<'a>(annotations: Annotations<'a>, id: u64) -> Result<Option<&'a str>> {
    for annotation in annotations.iter().filter(|annotation| annotation.get_id() == id) {
        if let value::Text(text) = annotation.get_value()?.which()? {
            return Ok(Some(text?.to_str()?));
        }
    }
    Ok(None)
}
