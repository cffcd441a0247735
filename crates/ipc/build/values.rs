//! Code that reads and writes one value. The code finds the connection in variable `connection`.

use crate::model::{Field, Presence, Value, Wire};

/// An expression for the value of a field of `reader`.
pub(crate) fn read(field: &Field, reader: &str) -> String {
    let name = &field.accessor;
    let value = read_value(&field.value, &format!("{reader}.get_{name}()"));
    match field.presence {
        Presence::Always => value,
        Presence::Pointer => format!("if {reader}.has_{name}() {{ Some({value}) }} else {{ None }}"),
        Presence::Flag => format!("if {reader}.get_has_{name}() {{ Some({value}) }} else {{ None }}"),
    }
}

fn read_value(value: &Value, got: &str) -> String {
    let rust = &value.rust;
    match &value.wire {
        Wire::Scalar(wire) => format!("<{rust} as Scalar<{wire}>>::read({got})?"),
        Wire::List(element) => {
            let read = match &element.wire {
                Wire::Scalar(_) => read_value(element, "element"),
                // Structures are always there; other elements may be malformed.
                wire @ Wire::Structure(_) => read_pointer(wire, &element.rust, "element"),
                wire => read_pointer(wire, &element.rust, "element?"),
            };
            format!("{got}?.iter().map(|element| Ok({read})).collect::<capnp::Result<{rust}>>()?")
        }
        wire => read_pointer(wire, rust, &format!("{got}?")),
    }
}

fn read_pointer(wire: &Wire, rust: &str, got: &str) -> String {
    match wire {
        Wire::Text => format!("<{rust} as Words>::read({got})?"),
        Wire::Data => format!("<{rust} as Bytes>::read({got})?"),
        Wire::Enumeration(wire) => format!("<{rust} as Enumeration<{wire}>>::read({got})"),
        Wire::Structure(module) => {
            format!("<{rust} as Structure<{module}::Owned>>::read({got}, connection)?")
        }
        Wire::Object(_) => format!("connection.adopt({got})"),
        Wire::Scalar(_) | Wire::List(_) => unreachable!("they are read by their own rules"),
    }
}

/// Statements that put the value in variable `value` into a field of the builder in variable `builder`.
pub(crate) fn write(field: &Field, builder: &str, value: &str) -> String {
    let name = &field.accessor;
    match field.presence {
        Presence::Always => write_value(field, builder, value),
        Presence::Pointer => format!(
            "if let Some({value}) = {value} {{ {} }}\n",
            write_value(field, builder, value)
        ),
        Presence::Flag => format!(
            "if let Some({value}) = {value} {{ {builder}.set_has_{name}(true); {} }}\n",
            write_value(field, builder, value)
        ),
    }
}

fn write_value(field: &Field, builder: &str, value: &str) -> String {
    let name = &field.accessor;
    match &field.value.wire {
        Wire::Structure(module) => format!(
            "Structure::<{module}::Owned>::fill({value}, {builder}.reborrow().init_{name}(), connection)?;"
        ),
        Wire::List(element) => format!(
            "{{ let mut list = {builder}.reborrow().init_{name}(list_length({value}.len())?);
                for (index, element) in (0_u32..).zip({value}) {{ {} }} }}",
            write_element(element)
        ),
        _ => format!("{builder}.set_{name}({});", written(&field.value, value)),
    }
}

fn write_element(element: &Value) -> String {
    match &element.wire {
        Wire::Structure(module) => {
            format!("Structure::<{module}::Owned>::fill(element, list.reborrow().get(index), connection)?;")
        }
        Wire::Object(module) => {
            let client = written(element, "element");
            format!(
                "{{ let client: {module}::Client = {client};
                    list.set(index, capnp::capability::FromClientHook::into_client_hook(client)); }}"
            )
        }
        _ => format!("list.set(index, {});", written(element, "element")),
    }
}

/// An expression that a setter takes.
fn written(value: &Value, name: &str) -> String {
    let rust = &value.rust;
    match &value.wire {
        Wire::Scalar(wire) => format!("<{rust} as Scalar<{wire}>>::write({name})?"),
        Wire::Text => format!("&*<{rust} as Words>::write(&{name})"),
        Wire::Data => format!("&<{rust} as Bytes>::write(&{name})"),
        Wire::Enumeration(wire) => format!("<{rust} as Enumeration<{wire}>>::write({name})"),
        Wire::Object(_) => format!("capnp_rpc::new_client(connection.serve_object({name})?)"),
        Wire::Structure(_) | Wire::List(_) => unreachable!("they are filled in place"),
    }
}
