//! `getipcinfo`: the connections of this process to others, and the calls on them.

use std::time::{Duration, SystemTime};

use ipc::{
    CallCounts, ConnectionInfo, Direction, EventLoop, IpcInfo, Latencies, ListenerInfo, MethodInfo, Party,
    Service, Transport,
};
use rpc::{Method, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

/// The key of the latencies that no bound limits.
const UNBOUNDED: &str = "more";

pub(crate) fn get_ipc_info(event_loop: EventLoop) -> Method {
    Method::declare(
        "control",
        "getipcinfo",
        "Tells of the connections between this process and others, and of the calls on them.\n\nCalls are those that \
         -debug=ipc logs. What is told of a connection is forgotten when it ends; what is told of a method is not.",
    )
    .result(result())
    .example("", "")
    .handle(move |_| {
        let event_loop = event_loop.clone();
        async move {
            let info = event_loop.info().await;
            let info = info.ok_or_else(|| RpcError::misc("the IPC thread has ended"))?;
            Ok(to_json(&info))
        }
    })
}

fn result() -> Shape {
    let listener = ShapeKind::Object(vec![
        (
            "address",
            Shape::new(ShapeKind::String, "Where clients can connect"),
        ),
        (
            "allow",
            Shape::new(
                ShapeKind::Array(vec![Shape::new(ShapeKind::String, "An interface")]),
                "What they can have there",
            ),
        ),
    ]);
    let methods = |description| {
        let method = Shape::new(method_shape(), "Interface and method, as in the log");
        Shape::new(ShapeKind::Map("method", Box::new(method)), description)
    };
    let listeners = ShapeKind::Array(vec![Shape::new(listener, "A listening socket")]);
    let connections = ShapeKind::Array(vec![Shape::new(connection_shape(), "A connection")]);
    let fields = vec![
        (
            "listeners",
            Shape::new(listeners, "Where -ipcbind lets clients in"),
        ),
        (
            "connections",
            Shape::new(connections, "The connections, oldest first"),
        ),
        ("served", methods("The methods that others have called here")),
        (
            "made",
            methods("The methods that this process has called elsewhere"),
        ),
    ];
    Shape::new(ShapeKind::Object(fields), "")
}

fn number(description: &'static str) -> Shape {
    Shape::new(ShapeKind::Number, description)
}

fn connection_shape() -> ShapeKind {
    let string = |description: &'static str| Shape::new(ShapeKind::String, description);
    let peer = ShapeKind::Object(vec![
        (
            "name",
            string("The process's name, which it chooses itself").optional(),
        ),
        ("pid", number("The process's number").optional()),
        ("uid", number("The number of the user that it runs as").optional()),
        (
            "key",
            string("The name that its key is authorised under").optional(),
        ),
    ]);
    let calls = |objects: &'static str| {
        ShapeKind::Object(vec![
            ("calls", number("Calls so far")),
            ("in_flight", number("Those of them that have not ended")),
            ("objects", number(objects)),
        ])
    };
    ShapeKind::Object(vec![
        ("id", number("The connection's number, which no other one gets")),
        (
            "inbound",
            Shape::new(ShapeKind::Boolean, "Whether the other side made the connection"),
        ),
        (
            "kind",
            string(
                "What it goes over: \"unix\" (a socket at a path), \"tcp\" (TLS over TCP), \"inherited\" (a pair of \
                 sockets, one of which a process gave to another that it started)",
            ),
        ),
        (
            "address",
            string("The listener's address, of whichever side that is").optional(),
        ),
        ("peer", Shape::new(peer, "What is known of the other side")),
        (
            "conntime",
            Shape::new(ShapeKind::Time, "When it was made, as UNIX epoch time"),
        ),
        (
            "version",
            number("The version of this project's interfaces that is spoken; with others, none is")
                .optional(),
        ),
        ("bytesrecv", number("Bytes received")),
        ("bytessent", number("Bytes sent")),
        ("messagesrecv", number("Messages received")),
        ("messagessent", number("Messages sent, or waiting to be")),
        (
            "served",
            Shape::new(
                calls("Objects here that it can call, the first one included"),
                "Its calls to this process",
            ),
        ),
        (
            "made",
            Shape::new(
                calls("Objects of its that this process holds"),
                "This process's calls to it",
            ),
        ),
        (
            "threads",
            number("Threads here for its calls, and for its calls back"),
        ),
    ])
}

fn method_shape() -> ShapeKind {
    let latency = ShapeKind::Map(
        "bound",
        Box::new(number(
            "Calls that took as many microseconds at most, and more than half of them. Bounds are powers of two; those of \
             no calls are left out, and \"more\" is above all of them",
        )),
    );
    ShapeKind::Object(vec![
        ("calls", number("Calls that have ended")),
        ("errors", number("Those of them that failed or were given up")),
        ("duration", number("How long they took in sum, in microseconds")),
        ("latency", Shape::new(latency, "How many took how long")),
    ])
}

fn to_json(info: &IpcInfo) -> Value {
    json!({
        "listeners": info.listeners.iter().map(listener).collect::<Vec<_>>(),
        "connections": info.connections.iter().map(connection).collect::<Vec<_>>(),
        "served": methods(&info.served),
        "made": methods(&info.made),
    })
}

fn listener(listener: &ListenerInfo) -> Value {
    let allowed = Service::ALL
        .into_iter()
        .filter(|service| listener.scope.allows(*service));
    json!({
        "address": listener.address,
        "allow": allowed.map(Service::name).collect::<Vec<_>>(),
    })
}

fn connection(connection: &ConnectionInfo) -> Value {
    let kind = match connection.transport {
        Transport::Inherited => "inherited",
        Transport::Unix => "unix",
        Transport::Tcp => "tcp",
    };
    let since = connection.since.duration_since(SystemTime::UNIX_EPOCH);
    let traffic = connection.traffic;
    present([
        ("id", Some(connection.id.into())),
        (
            "inbound",
            Some((connection.direction == Direction::Inbound).into()),
        ),
        ("kind", Some(kind.into())),
        ("address", connection.address.clone().map(Value::from)),
        ("peer", Some(peer(&connection.party))),
        ("conntime", Some(since.unwrap_or_default().as_secs().into())),
        ("version", connection.version.map(Value::from)),
        ("bytesrecv", Some(traffic.bytes_received.into())),
        ("bytessent", Some(traffic.bytes_sent.into())),
        ("messagesrecv", Some(traffic.messages_received.into())),
        ("messagessent", Some(traffic.messages_sent.into())),
        ("served", Some(calls(connection.served))),
        ("made", Some(calls(connection.made))),
        ("threads", Some(connection.threads.into())),
    ])
}

fn peer(party: &Party) -> Value {
    present([
        ("name", party.name.clone().map(Value::from)),
        ("pid", party.pid.map(Value::from)),
        ("uid", party.uid.map(Value::from)),
        ("key", party.key.clone().map(Value::from)),
    ])
}

fn calls(counts: CallCounts) -> Value {
    json!({ "calls": counts.calls, "in_flight": counts.in_flight, "objects": counts.objects })
}

/// An object of those members that have a value.
fn present<const N: usize>(members: [(&str, Option<Value>); N]) -> Value {
    let present = members
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    Value::Object(present.collect())
}

fn methods(methods: &[MethodInfo]) -> Value {
    let members = methods.iter().map(|info| {
        let figures = json!({
            "calls": info.latencies.count(),
            "errors": info.errors,
            "duration": micros(info.duration),
            "latency": latency(&info.latencies),
        });
        (info.method.to_owned(), figures)
    });
    Value::Object(members.collect())
}

fn latency(latencies: &Latencies) -> Map<String, Value> {
    let ranges = latencies.ranges().filter(|(_, count)| *count > 0);
    let members = ranges.map(|(bound, count)| {
        let bound = bound.map_or_else(|| UNBOUNDED.to_owned(), |bound| micros(bound).to_string());
        (bound, count.into())
    });
    members.collect()
}

fn micros(duration: Duration) -> u64 {
    duration.as_micros().try_into().unwrap_or(u64::MAX)
}
