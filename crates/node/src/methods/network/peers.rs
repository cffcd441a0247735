//! The nodes that are connected: none yet.

use rpc::{Method, Shape, ShapeKind};
use serde_json::{Value, json};

use crate::shapes;
use crate::state::Node;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        getconnectioncount(node.clone()),
        getpeerinfo(node.clone()),
        ping(node.clone()),
    ]
}

fn getconnectioncount(node: Node) -> Method {
    Method::declare(
        "network",
        "getconnectioncount",
        "Counts the nodes that are connected.",
    )
    .result(shapes::number("How many there are"))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            node.get()?;
            Ok(0.into())
        }
    })
}

fn ping(node: Node) -> Method {
    Method::declare(
        "network",
        "ping",
        "Sends a ping to each node that is connected. What comes of it, getpeerinfo shows.",
    )
    .result(Shape::new(ShapeKind::Null, ""))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            node.get()?;
            Ok(Value::Null)
        }
    })
}

fn getpeerinfo(node: Node) -> Method {
    Method::declare("network", "getpeerinfo", "Tells of each node that is connected.")
        .result(shapes::array(shapes::object(peer())))
        .example("", "")
        .handle(move |_request| {
            let node = node.clone();
            async move {
                node.get()?;
                Ok(json!([]))
            }
        })
}

/// What there is to say of a connection.
fn peer() -> Vec<(&'static str, Shape)> {
    let time = |description| Shape::new(ShapeKind::Time, description);
    let bytes_by_message = |description| {
        let bytes = shapes::number(description);
        Shape::new(ShapeKind::Map("msg", Box::new(bytes)), "")
    };
    vec![
        ("id", shapes::number("The node's number")),
        ("addr", shapes::text("Its address and port")),
        ("addrbind", shapes::text("The address at this end").optional()),
        (
            "addrlocal",
            shapes::text("The address at which it says to reach us").optional(),
        ),
        (
            "network",
            shapes::text("The network: ipv4, ipv6, onion, i2p, cjdns or not_publicly_routable"),
        ),
        (
            "mapped_as",
            shapes::number("The autonomous system of its address, with -asmap").optional(),
        ),
        ("services", shapes::hex("What it offers, as bits")),
        (
            "servicesnames",
            shapes::array(shapes::text("Something that it offers")),
        ),
        (
            "relaytxes",
            shapes::flag("Whether it wants to be told of transactions"),
        ),
        ("lastsend", time("When something was sent to it")),
        ("lastrecv", time("When something came from it")),
        (
            "last_transaction",
            time("When a transaction came from it that was new and accepted"),
        ),
        ("last_block", time("When a block came from it that was new")),
        ("bytessent", shapes::number("Bytes sent to it")),
        ("bytesrecv", shapes::number("Bytes received from it")),
        ("conntime", time("When the connection was made")),
        (
            "timeoffset",
            shapes::number("By how many seconds its clock is ahead"),
        ),
        (
            "pingtime",
            shapes::number("Seconds that the last ping took").optional(),
        ),
        (
            "minping",
            shapes::number("Seconds that the quickest ping took").optional(),
        ),
        (
            "pingwait",
            shapes::number("Seconds that a ping has taken so far").optional(),
        ),
        ("version", shapes::number("The version of its protocol")),
        ("subver", shapes::text("How it introduces itself")),
        ("inbound", shapes::flag("Whether it made the connection")),
        (
            "bip152_hb_to",
            shapes::flag("Whether it should send compact blocks unasked"),
        ),
        (
            "bip152_hb_from",
            shapes::flag("Whether it wants compact blocks unasked"),
        ),
        (
            "masternode",
            shapes::flag("Whether it has shown that it is a masternode").optional(),
        ),
        (
            "startingheight",
            shapes::number("The height of its chain when it connected").optional(),
        ),
        (
            "presynced_headers",
            shapes::number("The height of headers that are fetched before they are kept, or -1").optional(),
        ),
        (
            "synced_headers",
            shapes::number("The height of the last header that both have").optional(),
        ),
        (
            "synced_blocks",
            shapes::number("The height of the last block that both have").optional(),
        ),
        (
            "inflight",
            shapes::array(shapes::number("The height of a block that it was asked for")).optional(),
        ),
        (
            "addr_relay_enabled",
            shapes::flag("Whether addresses are exchanged with it").optional(),
        ),
        (
            "addr_processed",
            shapes::number("Addresses that were taken from it").optional(),
        ),
        (
            "addr_rate_limited",
            shapes::number("Addresses that were dropped because it sent too many").optional(),
        ),
        (
            "permissions",
            shapes::array(shapes::text("What it may do beyond what others may")),
        ),
        (
            "minfeefilter",
            shapes::amount("It wants to be told of no transaction that pays less for 1,000 virtual bytes"),
        ),
        (
            "bytessent_per_msg",
            bytes_by_message("Bytes sent to it in messages of this name"),
        ),
        (
            "bytesrecv_per_msg",
            bytes_by_message("Bytes received from it in messages of this name"),
        ),
        (
            "connection_type",
            shapes::text(
                "What the connection is for: outbound-full-relay, block-relay-only, inbound, manual, addr-fetch or feeler",
            ),
        ),
        (
            "transport_protocol_type",
            shapes::text("How it is transported: detecting, v1 or v2"),
        ),
        (
            "session_id",
            shapes::text("What both ends know an encrypted connection by, or empty"),
        ),
    ]
}
