//! Generates, for each interface of the schemas, the handle that calls it and the server that is called.
//!
//! A method of the schema becomes a call of the trait's method of that name, with the parameters in their order and
//! the types that the schema gives them: a trait and a schema that differ do not compile.

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;

use capnp::message::ReaderOptions;
use capnp::schema_capnp::{code_generator_request, field, node, type_};

/// The schemas whose interfaces are traits of crate `interfaces`.
const ADAPTED: [&str; 2] = ["echo", "init"];

/// The structure that names a call's threads.
const CONTEXT: u64 = 0x9c44_e664_5d0b_22c6;

/// One interface of the schemas.
struct Interface {
    /// As in the schema, `Echo`.
    name: String,
    /// The module of its generated code, `echo_capnp::echo`.
    module: String,
    methods: Vec<Method>,
}

struct Method {
    /// As in the schema, `makeEcho`.
    name: String,
    kind: Kind,
}

enum Kind {
    /// Runs on the connection itself; written by hand.
    Bare,
    Destroy,
    Call {
        parameters: Vec<(String, Type)>,
        result: Option<(String, Type)>,
    },
}

enum Type {
    Text,
    /// The interface's name.
    Object(String),
}

/// The adapters' code, from what the schema compiler says of the schemas.
pub(crate) fn generate(request: &[u8]) -> Result<String, Box<dyn Error>> {
    let message = capnp::serialize::read_message(request, ReaderOptions::new())?;
    let request: code_generator_request::Reader<'_> = message.get_root()?;
    let mut nodes = HashMap::new();
    for node in request.get_nodes()? {
        nodes.insert(node.get_id(), node);
    }
    let mut code = String::new();
    for node in request.get_nodes()? {
        if let Some(interface) = read_interface(node, &nodes)? {
            write_client(&mut code, &interface)?;
            write_server(&mut code, &interface)?;
        }
    }
    Ok(code)
}

type Nodes<'a> = HashMap<u64, node::Reader<'a>>;

fn read_interface(node: node::Reader<'_>, nodes: &Nodes<'_>) -> Result<Option<Interface>, Box<dyn Error>> {
    let node::Interface(interface) = node.which()? else {
        return Ok(None);
    };
    let Some(file) = nodes.get(&node.get_scope_id()) else {
        return Ok(None);
    };
    let path = file.get_display_name()?.to_str()?;
    let file = path.rsplit('/').next().unwrap_or(path).trim_end_matches(".capnp");
    if !ADAPTED.contains(&file) {
        return Ok(None);
    }
    let name = short_name(node)?;
    let mut methods = Vec::new();
    for method in interface.get_methods()? {
        let method_name = method.get_name()?.to_string()?;
        let parameters = read_fields(method.get_param_struct_type(), nodes)?;
        let results = read_fields(method.get_result_struct_type(), nodes)?;
        let kind = read_kind(&method_name, &parameters, &results, nodes)
            .map_err(|error| format!("{path}: {name}.{method_name}: {error}"))?;
        methods.push(Method {
            name: method_name,
            kind,
        });
    }
    Ok(Some(Interface {
        module: format!("{file}_capnp::{}", snake(&name)),
        name,
        methods,
    }))
}

fn short_name(node: node::Reader<'_>) -> Result<String, Box<dyn Error>> {
    let prefix = node.get_display_name_prefix_length() as usize;
    Ok(node.get_display_name()?.to_str()?[prefix..].to_owned())
}

fn read_fields<'a>(id: u64, nodes: &Nodes<'a>) -> Result<Vec<field::Reader<'a>>, Box<dyn Error>> {
    let node = nodes.get(&id).ok_or("a method's structure is missing")?;
    let node::Struct(structure) = node.which()? else {
        return Err("a method's parameters are no structure".into());
    };
    Ok(structure.get_fields()?.iter().collect())
}

fn read_kind(
    name: &str,
    parameters: &[field::Reader<'_>],
    results: &[field::Reader<'_>],
    nodes: &Nodes<'_>,
) -> Result<Kind, Box<dyn Error>> {
    let has_context = match parameters.first() {
        Some(first) => {
            matches!(slot_type(*first)?.which()?, type_::Struct(of) if of.get_type_id() == CONTEXT)
        }
        None => false,
    };
    if !has_context {
        return Ok(Kind::Bare);
    }
    if name == "destroy" && parameters.len() == 1 && results.is_empty() {
        return Ok(Kind::Destroy);
    }
    let parameters = parameters[1..]
        .iter()
        .map(|field| read_field(*field, nodes))
        .collect::<Result<Vec<_>, _>>()?;
    if let Some((name, _)) = parameters
        .iter()
        .find(|(_, kind)| matches!(kind, Type::Object(_)))
    {
        return Err(format!("the object `{name}` is passed to a method, which has no adapter yet").into());
    }
    let result = match results {
        [] => None,
        [result] => Some(read_field(*result, nodes)?),
        _ => return Err("more than one result has no adapter yet".into()),
    };
    Ok(Kind::Call { parameters, result })
}

fn slot_type(field: field::Reader<'_>) -> Result<type_::Reader<'_>, Box<dyn Error>> {
    let field::Slot(slot) = field.which()? else {
        return Err("a group has no adapter".into());
    };
    Ok(slot.get_type()?)
}

fn read_field(field: field::Reader<'_>, nodes: &Nodes<'_>) -> Result<(String, Type), Box<dyn Error>> {
    let name = snake(field.get_name()?.to_str()?);
    let kind = match slot_type(field)?.which()? {
        type_::Text(()) => Type::Text,
        type_::Interface(interface) => {
            let node = nodes
                .get(&interface.get_type_id())
                .ok_or("an interface is missing")?;
            Type::Object(short_name(*node)?)
        }
        _ => return Err(format!("the type of `{name}` has no adapter yet").into()),
    };
    Ok((name, kind))
}

fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (index, letter) in name.char_indices() {
        if letter.is_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

impl Type {
    fn rust(&self) -> String {
        match self {
            Self::Text => "String".to_owned(),
            Self::Object(name) => format!("Arc<dyn interfaces::{name}>"),
        }
    }

    /// Reads field `name` of `reader`; a handle is made by `call`.
    fn read(&self, reader: &str, name: &str) -> String {
        match self {
            Self::Text => format!("{reader}.get_{name}()?.to_string()?"),
            Self::Object(_) => format!("call.adopt({reader}.get_{name}()?)"),
        }
    }

    /// What the value in variable `name` is set from; an object is served by `connection`.
    fn write(&self, name: &str) -> String {
        match self {
            Self::Text => format!("&{name}[..]"),
            Self::Object(_) => format!("capnp_rpc::new_client(connection.serve({name})?)"),
        }
    }
}

fn write_client(code: &mut String, interface: &Interface) -> Result<(), Box<dyn Error>> {
    let Interface {
        name,
        module,
        methods,
    } = interface;
    let client = format!("{module}::Client");
    let destroys = methods.iter().any(|method| matches!(method.kind, Kind::Destroy));
    let destroy = if destroys {
        let body = request_body(name, "destroy", "destroy", &[], None);
        format!(
            "fn destroy(call: Rc<Call<Self>>) -> LocalBoxFuture<'static, capnp::Result<()>> {{ Box::pin(async move {{ {body} }}) }}"
        )
    } else {
        "fn destroy(_: Rc<Call<Self>>) -> LocalBoxFuture<'static, capnp::Result<()>> { Box::pin(std::future::ready(Ok(()))) }"
            .to_owned()
    };
    writeln!(
        code,
        "impl Interface for {client} {{
            type Object = dyn interfaces::{name};
            fn object(remote: Remote<Self>) -> Arc<Self::Object> {{ Arc::new(remote) }}
            {destroy}
        }}

        #[async_trait::async_trait]
        impl interfaces::{name} for Remote<{client}> {{"
    )?;
    for method in methods {
        let Kind::Call { parameters, result } = &method.kind else {
            continue;
        };
        let rust_name = snake(&method.name);
        let declared: String = parameters
            .iter()
            .map(|(name, kind)| format!(", {name}: {}", kind.rust()))
            .collect();
        let returned = result.as_ref().map_or("()".to_owned(), |(_, kind)| kind.rust());
        let body = request_body(name, &method.name, &rust_name, parameters, result.as_ref());
        writeln!(
            code,
            "async fn {rust_name}(&self{declared}) -> Result<{returned}, InterfaceError> {{
                self.call(\"{name}.{}\", move |call| async move {{ {body} }}).await
            }}",
            method.name
        )?;
    }
    writeln!(code, "}}")?;
    Ok(())
}

/// Fills a request in, sends it, and reads the answer.
fn request_body(
    interface: &str,
    method: &str,
    rust_name: &str,
    parameters: &[(String, Type)],
    result: Option<&(String, Type)>,
) -> String {
    let set: String = parameters
        .iter()
        .map(|(name, kind)| format!("parameters.set_{name}({});", kind.write(name)))
        .collect();
    let mutable = if parameters.is_empty() { "" } else { "mut " };
    let read = result.map_or("()".to_owned(), |(name, kind)| kind.read("results", name));
    format!(
        "let mut request = call.client().{rust_name}_request();
        call.fill(request.get().init_context());
        {{ let {mutable}parameters = request.get(); {set}
           call.sending(\"{interface}.{method}\", parameters.total_size(), &parameters.into_reader())?; }}
        let response = call.answer(request.send().promise).await?;
        let results = response.get()?;
        call.received(\"{interface}.{method}\", &results);
        Ok({read})"
    )
}

fn write_server(code: &mut String, interface: &Interface) -> Result<(), Box<dyn Error>> {
    let Interface {
        name,
        module,
        methods,
    } = interface;
    writeln!(
        code,
        "impl {module}::Server for Served<dyn interfaces::{name}> {{"
    )?;
    for method in methods {
        let rust_name = snake(&method.name);
        let camel: String = method.name[..1].to_uppercase() + &method.name[1..];
        let (params, results) = (
            format!("{module}::{camel}Params"),
            format!("{module}::{camel}Results"),
        );
        let body = match &method.kind {
            Kind::Bare => {
                writeln!(
                    code,
                    "async fn {rust_name}(self: Rc<Self>, params: {params}, results: {results}) -> capnp::Result<()> {{
                        Served::{rust_name}(self, params, results).await
                    }}"
                )?;
                continue;
            }
            Kind::Destroy => "self.drop_object().await; drop(turn);".to_owned(),
            Kind::Call { parameters, result } => call_body(&rust_name, parameters, result.as_ref()),
        };
        writeln!(
            code,
            "async fn {rust_name}(self: Rc<Self>, params: {params}, mut results: {results}) -> capnp::Result<()> {{
                let connection = self.connection();
                let request = connection.receive(\"{name}.{}\", &params.get()?);
                let outcome = async {{
                    let parameters = params.get()?;
                    let turn = request.turn(parameters.get_context()?).await?;
                    {body}
                    let size = results.get().total_size();
                    request.respond(size, &results.get().into_reader())
                }}
                .await;
                request.close(outcome)
            }}",
            method.name
        )?;
    }
    writeln!(code, "}}")?;
    Ok(())
}

/// Calls the object, and fills its result in.
fn call_body(rust_name: &str, parameters: &[(String, Type)], result: Option<&(String, Type)>) -> String {
    let read: String = parameters
        .iter()
        .map(|(name, kind)| format!("let {name} = {};", kind.read("parameters", name)))
        .collect();
    let names: Vec<_> = parameters.iter().map(|(name, _)| name.as_str()).collect();
    let (bind, set) = match result {
        Some((name, kind)) => (
            "let result = ",
            format!("results.get().set_{name}({});", kind.write("result")),
        ),
        None => ("", String::new()),
    };
    format!(
        "let object = self.object()?; {read}
        {bind}request.run(turn, object, move |object| async move {{ object.{rust_name}({}).await }}).await?;
        {set}",
        names.join(", ")
    )
}
