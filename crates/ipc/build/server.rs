//! Generates servers.

use crate::calls::write_results;
use crate::model::{Call, Field, Interface, Kind, accessor, camel, snake};
use crate::values;

/// The server of an interface.
pub(crate) fn generate(interface: &Interface) -> String {
    let Interface {
        name,
        module,
        object,
        methods,
        ..
    } = interface;
    let methods: String = methods
        .iter()
        .map(|method| write_method(name, module, &method.name, &method.kind))
        .collect();
    format!("impl {module}::Server for Served<dyn {object}> {{ {methods} }}\n\n")
}

/// What is served of an object besides its methods, which are those of these interfaces.
pub(crate) fn servable(object: &str, interfaces: &[&Interface]) -> String {
    let ends_waits = interfaces
        .iter()
        .find_map(|interface| interface.ends_waits.as_ref());
    let end_waits = ends_waits.map_or_else(String::new, |name| {
        format!(
            "fn end_waits(object: &Arc<Self>) -> Option<LocalBoxFuture<'static, ()>> {{
                let object = Arc::clone(object);
                Some(Box::pin(async move {{
                    // Where it fails, the waits end by themselves.
                    let _ = object.{}().await;
                }}))
            }}",
            snake(name)
        )
    });
    format!("impl Servable for dyn {object} {{ {end_waits} }}\n\n")
}

fn write_method(interface: &str, module: &str, name: &str, kind: &Kind) -> String {
    let wire_name = accessor(name);
    let (params, results) = (
        format!("{module}::{}Params", camel(name)),
        format!("{module}::{}Results", camel(name)),
    );
    let body = match kind {
        Kind::Manual => {
            return format!(
                "async fn {wire_name}(self: Rc<Self>, params: {params}, results: {results}) -> capnp::Result<()> {{
                    Served::{wire_name}(self, params, results).await
                }}\n"
            );
        }
        Kind::Refused(text) => {
            return format!(
                "async fn {wire_name}(self: Rc<Self>, params: {params}, _: {results}) -> capnp::Result<()> {{
                    let connection = self.connection();
                    let parameters = params.get().inspect_err(|_| connection.link().begrudge())?;
                    let request = connection.receive(\"{interface}.{name}\", parameters);
                    request.close(Err(exception({text:?})))
                }}\n"
            );
        }
        Kind::Destroy => {
            "let turn = request.turn(parameters.get_context()?).await?; self.drop_object().await; drop(turn);"
                .to_owned()
        }
        Kind::Call(call) => call_body(module, interface, name, call),
    };
    format!(
        "async fn {wire_name}(self: Rc<Self>, params: {params}, mut results: {results}) -> capnp::Result<()> {{
            let connection = self.connection();
            let parameters = params.get().inspect_err(|_| connection.link().begrudge())?;
            let request = connection.receive(\"{interface}.{name}\", parameters);
            let outcome = async {{
                let parameters = params.get()?;
                {body}
                let size = results.get().total_size();
                request.respond(size, results.get().into_reader())
            }}
            .await;
            request.close(outcome)
        }}\n"
    )
}

/// Calls the object, and fills its results in.
fn call_body(module: &str, interface: &str, name: &str, call: &Call) -> String {
    let rust_name = snake(name);
    let read: String = call
        .parameters
        .iter()
        .map(|field| {
            format!(
                "let {} = {};\n",
                field.variable(),
                values::read(field, "parameters")
            )
        })
        .collect();
    let names: Vec<_> = call.parameters.iter().map(Field::variable).collect();
    let names = names.join(", ");
    let since = match (&call.context_since, call.parameters.first()) {
        (Some(version), Some(first)) => {
            let text = format!(
                "{interface}.{name} has a context since {version}: this client is made for an earlier version, and must \
                 be updated"
            );
            format!(
                "if connection.threads().has_no_context(&parameters.get_context(), parameters.has_{}()) {{
                    return Err(exception({text:?}));
                }}",
                first.accessor
            )
        }
        _ => String::new(),
    };
    let write = write_results(&format!("{module}::{}_results", accessor(name)), &call.results);
    let (turn, run) = if call.has_context {
        (
            "let turn = request.turn(parameters.get_context()?).await?;",
            "run(turn, object, ",
        )
    } else {
        ("", "run_at_once(object, ")
    };
    format!(
        "{since} {turn}
        let object = self.object()?;
        {read}
        let returned = request.{run} move |object| async move {{ object.{rust_name}({names}).await }}).await?;
        {{ let mut filled = results.get(); {write} }}"
    )
}
