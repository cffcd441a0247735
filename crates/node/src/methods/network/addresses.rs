//! The nodes that the node remembers.

use addrman::{Endpoint, Entry, NetAddress, Network, PeerAddress, Place, Table};
use rpc::{Kind, Method, Outcome, Param, Request, RpcError, Shape, ShapeKind};
use serde_json::{Map, Value, json};

use super::now;
use crate::network::Services;
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

const NETWORK: &str = "The network: ipv4, ipv6, onion, i2p or cjdns";

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getnodeaddresses(node.clone()),
        getaddrmaninfo(node.clone()),
        getrawaddrman(node.clone()),
        addpeeraddress(node.clone()),
    ]
}

fn seconds(node: &NodeState) -> u64 {
    u64::try_from(now(node)).unwrap_or(0)
}

fn getnodeaddresses(node: Node) -> Method {
    Method::declare(
        "network",
        "getnodeaddresses",
        "Tells of nodes that are known and not likely to be gone, in a random order.",
    )
    .param(Param::defaulted(
        "count",
        Kind::Number,
        1,
        "How many at most; 0: all of them",
    ))
    .param(Param::hinted(
        "network",
        Kind::String,
        "all networks",
        "Only those of this network: ipv4, ipv6, onion, i2p or cjdns",
    ))
    .result(shapes::array(shapes::object(vec![
        ("time", Shape::new(ShapeKind::Time, "When the node was last seen")),
        ("services", shapes::number("What it offers, as bits")),
        ("address", shapes::text("Its address")),
        ("port", shapes::number("Its port")),
        ("network", shapes::text(NETWORK)),
    ])))
    .example("8", "8")
    .example("4 \"i2p\"", "4, \"i2p\"")
    .handle(move |request| {
        let node = node.clone();
        async move { blocking(&node, move |node| list(node, &request)).await }
    })
}

fn list(node: &NodeState, request: &Request) -> Outcome {
    let count = match request.arguments.value("count") {
        Value::Null => 1,
        count => values::small_integer(count)?,
    };
    let count =
        usize::try_from(count).map_err(|_| RpcError::invalid_parameter("Address count out of range"))?;
    let network = match request.arguments.optional::<String>("network")? {
        None => None,
        Some(name) => Some(
            Network::from_name(&name)
                .ok_or_else(|| RpcError::invalid_parameter(format!("Network not recognized: {name}")))?,
        ),
    };
    let time = seconds(node);
    let known = &node.network;
    let mut peers = known
        .addresses
        .with(|manager| manager.addresses(count, 0, network, time));
    peers.retain(|peer| !known.bans.include(&peer.endpoint.address, now(node)));
    let told = peers.into_iter().map(|peer| {
        json!({
            "time": peer.time,
            "services": peer.services,
            "address": peer.endpoint.address.to_string(),
            "port": peer.endpoint.port,
            "network": peer.endpoint.address.class().name(),
        })
    });
    Ok(told.collect())
}

fn getaddrmaninfo(node: Node) -> Method {
    let counts = shapes::object(vec![
        ("new", shapes::number("Addresses that were told of")),
        ("tried", shapes::number("Addresses that were reached")),
        ("total", shapes::number("All of them")),
    ]);
    Method::declare(
        "network",
        "getaddrmaninfo",
        "Counts the addresses that are known, by network.",
    )
    .result(Shape::new(ShapeKind::Map("network", Box::new(counts)), ""))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            blocking(&node, |node| {
                Ok(node.network.addresses.with(|manager| {
                    let count = |network| {
                        json!({
                            "new": manager.len(network, Some(Table::New)),
                            "tried": manager.len(network, Some(Table::Tried)),
                            "total": manager.len(network, None),
                        })
                    };
                    let networks = Network::NAMED.map(|network| (network.name(), Some(network)));
                    let rows = networks.into_iter().chain([("all_networks", None)]);
                    let rows = rows.map(|(name, network)| (name.to_owned(), count(network)));
                    Value::Object(rows.collect::<Map<_, _>>())
                }))
            })
            .await
        }
    })
}

fn getrawaddrman(node: Node) -> Method {
    let entry = shapes::object(vec![
        ("address", shapes::text("The node's address")),
        ("port", shapes::number("Its port")),
        ("services", shapes::number("What it offers, as bits")),
        ("time", Shape::new(ShapeKind::Time, "When it was last seen")),
        ("network", shapes::text(NETWORK)),
        ("source", shapes::text("Who told of it")),
        ("source_network", shapes::text("His network")),
    ]);
    let table = Shape::new(ShapeKind::Map("bucket/position", Box::new(entry)), "");
    Method::declare(
        "hidden",
        "getrawaddrman",
        "Shows both tables of known addresses, by bucket and place.",
    )
    .result(Shape::new(ShapeKind::Map("table", Box::new(table)), ""))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            blocking(&node, |node| {
                Ok(node.network.addresses.with(|manager| {
                    let show = |table| {
                        let rows = manager.entries(table).map(describe);
                        Value::Object(rows.collect::<Map<_, _>>())
                    };
                    json!({ "new": show(Table::New), "tried": show(Table::Tried) })
                }))
            })
            .await
        }
    })
}

fn describe((place, entry): (Place, &Entry)) -> (String, Value) {
    let PeerAddress {
        endpoint,
        services,
        time,
    } = entry.peer;
    let described = json!({
        "address": endpoint.address.to_string(),
        "port": endpoint.port,
        "services": services,
        "time": time,
        "network": endpoint.address.class().name(),
        "source": entry.source.to_string(),
        "source_network": entry.source.class().name(),
    });
    (format!("{}/{}", place.bucket, place.position), described)
}

fn addpeeraddress(node: Node) -> Method {
    Method::declare(
        "hidden",
        "addpeeraddress",
        "Lets the node know of another, for tests.",
    )
    .param(Param::required("address", Kind::String, "Its address"))
    .param(Param::required("port", Kind::Number, "Its port"))
    .param(Param::defaulted(
        "tried",
        Kind::Boolean,
        false,
        "Whether it counts as one that was reached",
    ))
    .result(shapes::object(vec![(
        "success",
        shapes::flag("Whether it is remembered, and was not before"),
    )]))
    .example("\"1.2.3.4\" 8369 true", "\"1.2.3.4\", 8369, true")
    .handle(move |request| {
        let node = node.clone();
        async move { blocking(&node, move |node| add(node, &request)).await }
    })
}

fn add(node: &NodeState, request: &Request) -> Outcome {
    let address: String = request.arguments.required("address")?;
    let port: i64 = request.arguments.required("port")?;
    let port = u16::try_from(port).map_err(|_| RpcError::misc("JSON integer out of range"))?;
    let was_reached = request.arguments.optional("tried")?.unwrap_or(false);
    let time = seconds(node);
    let success = address.parse::<NetAddress>().is_ok_and(|address| {
        let endpoint = Endpoint { address, port };
        let peer = PeerAddress {
            endpoint,
            services: Services::NETWORK | Services::WITNESS,
            time,
        };
        node.network.addresses.with(|manager| {
            let is_new = manager.add(&[peer], &address, 0, time);
            if is_new && was_reached {
                manager.good(&endpoint, time);
            }
            is_new
        })
    });
    Ok(json!({ "success": success }))
}
