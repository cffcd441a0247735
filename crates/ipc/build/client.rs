//! Generates handles.

use crate::calls::{read_results, returned};
use crate::model::{Call, Field, Interface, Kind, Presence, Wire, accessor, snake};
use crate::values;

/// Fills the context in.
const FILL: &str = "if let Some(sent) = call.trace() { request.get().set_context(sent.context()?)?; }
    call.fill(request.get().get_context()?);";

/// The handle of an interface, which calls its methods and those of the interfaces that it extends.
pub(crate) fn generate(interface: &Interface, all: &[&Interface]) -> String {
    let Interface { module, object, .. } = interface;
    let destroy = all.iter().find(|interface| {
        let mut methods = interface.methods.iter();
        methods.any(|method| matches!(method.kind, Kind::Destroy))
    });
    let destroy = match destroy {
        Some(declared) => format!(
            "fn destroy(call: Rc<Call<Self>>) -> LocalBoxFuture<'static, capnp::Result<()>> {{
                Box::pin(async move {{
                    let mut request = call.client::<{}::Client>().destroy_request();
                    {FILL}
                    {}
                    Ok(())
                }})
            }}",
            declared.module,
            exchange(&format!("{}.destroy", declared.name), "")
        ),
        None => "fn destroy(_: Rc<Call<Self>>) -> LocalBoxFuture<'static, capnp::Result<()>> {
                Box::pin(std::future::ready(Ok(())))
            }"
        .to_owned(),
    };
    let mut methods = String::new();
    for interface in all {
        for method in &interface.methods {
            if let Kind::Call(call) = &method.kind {
                methods += &write_method(interface, &method.name, call);
            }
        }
    }
    format!(
        "impl Interface for {module}::Client {{
            type Object = dyn {object};
            fn object(remote: Remote<Self>) -> Arc<Self::Object> {{ Arc::new(remote) }}
            {destroy}
        }}

        #[async_trait::async_trait]
        impl {object} for Remote<{module}::Client> {{ {methods} }}\n\n"
    )
}

fn write_method(interface: &Interface, name: &str, call: &Call) -> String {
    let Interface {
        name: interface,
        module,
        ..
    } = interface;
    let rust_name = snake(name);
    let declared: String = call
        .parameters
        .iter()
        .map(|field| format!(", {}: {}", field.variable(), field.rust()))
        .collect();
    let (runs, fill) = if call.has_context {
        ("OnThread", FILL)
    } else {
        ("AtOnce", "")
    };
    let set: String = call.parameters.iter().map(write_parameter).collect();
    let results = format!("{module}::{}_results", accessor(name));
    format!(
        "async fn {rust_name}(&self{declared}) -> Result<{returned}, InterfaceError> {{
            self.call(\"{interface}.{name}\", Runs::{runs}, move |call| async move {{
                let connection = call.connection();
                let mut request = call.client::<{module}::Client>().{accessor}_request();
                {fill}
                {exchange}
                Ok({read})
            }}).await
        }}\n",
        accessor = accessor(name),
        returned = returned(&call.results),
        exchange = exchange(&format!("{interface}.{name}"), &set),
        read = read_results(&results, &call.results),
    )
}

/// Statements that put a parameter into the message, or let a long one of the caller's go with it as it is.
fn write_parameter(field: &Field) -> String {
    let variable = field.variable();
    let write = values::write(field, "parameters", &variable);
    let kind = match (&field.value.wire, &field.value.rust[..], &field.presence) {
        (Wire::Text, "String", Presence::Always) => "Text",
        (Wire::Data, "Vec<u8>", Presence::Always) => "Data",
        _ => return write,
    };
    format!(
        "if call.may_enclose({variable}.len()) {{
            call.enclose(Kind::{kind}, {variable}.into(), parameters.reborrow().into_reader(), {});
        }} else {{ {write} }}\n",
        field.offset
    )
}

/// Fills a request in, sends it, and waits for the answer.
fn exchange(method: &str, set: &str) -> String {
    format!(
        "{{ let mut parameters = request.get(); {set}
            call.sending(\"{method}\", parameters.total_size(), parameters.into_reader())?; }}
         let response = call.answer(request.send().promise).await?;
         let results = response.get()?;
         call.received(\"{method}\", results);"
    )
}
