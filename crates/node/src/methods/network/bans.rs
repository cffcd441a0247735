//! Whom the node does not want to be connected to.

use rpc::{Kind, Method, Outcome, Param, Request, RpcError, Shape, ShapeKind, code};
use serde_json::{Value, json};

use super::now;
use crate::network::{Banned, Term};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        setban(node.clone()),
        listbanned(node.clone()),
        clearbanned(node.clone()),
    ]
}

fn setban(node: Node) -> Method {
    Method::declare(
        "network",
        "setban",
        "Bans an address or a network, or takes a ban back.",
    )
    .param(Param::required(
        "subnet",
        Kind::String,
        "An address, or a network as address/bits or address/mask",
    ))
    .param(Param::required("command", Kind::String, "\"add\" or \"remove\""))
    .param(Param::defaulted(
        "bantime",
        Kind::Number,
        0,
        "For how many seconds, or until when if absolute; 0: as long as -bantime says",
    ))
    .param(Param::defaulted(
        "absolute",
        Kind::Boolean,
        false,
        "Whether bantime is a time in seconds since 1970",
    ))
    .result(Shape::new(ShapeKind::Null, ""))
    .example("\"192.168.0.6\" \"add\" 86400", "\"192.168.0.6\", \"add\", 86400")
    .example("\"192.168.0.0/24\" \"add\"", "\"192.168.0.0/24\", \"add\"")
    .handle(move |request| {
        let node = node.clone();
        async move { blocking(&node, move |node| ban_or_lift(node, &request)).await }
    })
}

fn ban_or_lift(node: &NodeState, request: &Request) -> Outcome {
    let subnet: String = request.arguments.required("subnet")?;
    let command: String = request.arguments.required("command")?;
    if command != "add" && command != "remove" {
        return Err(RpcError::misc(request.help()));
    }
    let invalid = |text: &str| RpcError::new(code::CLIENT_INVALID_IP_OR_SUBNET, text);
    let banned = Banned::parse(&subnet).ok_or_else(|| invalid("Error: Invalid IP/Subnet"))?;
    let bans = &node.network.bans;
    if command == "remove" {
        return match bans.remove(&banned) {
            true => Ok(Value::Null),
            false => Err(invalid(
                "Error: Unban failed. Requested address/subnet was not previously manually banned.",
            )),
        };
    }
    let now = now(node);
    // A network is compared as a whole; an address is banned by any network around it.
    let is_banned = match subnet.parse() {
        Ok(address) => bans.include(&address, now),
        Err(_) => bans.has(&banned, now),
    };
    if is_banned {
        return Err(RpcError::new(
            code::CLIENT_NODE_ALREADY_ADDED,
            "Error: IP/Subnet already banned",
        ));
    }
    let time: i64 = request.arguments.optional("bantime")?.unwrap_or(0);
    let is_absolute = request.arguments.optional("absolute")?.unwrap_or(false);
    if is_absolute && time < now {
        return Err(RpcError::invalid_parameter(
            "Error: Absolute timestamp is in the past",
        ));
    }
    let term = match (time, is_absolute) {
        (0, false) => Term::Default,
        (seconds, false) => Term::Seconds(seconds),
        (until, true) => Term::Until(until),
    };
    bans.add(banned, term, now);
    Ok(Value::Null)
}

fn listbanned(node: Node) -> Method {
    let time = |description| Shape::new(ShapeKind::Time, description);
    Method::declare("network", "listbanned", "Lists who is banned.")
        .result(shapes::array(shapes::object(vec![
            ("address", shapes::text("The address or network")),
            ("ban_created", time("When it was banned")),
            ("banned_until", time("Until when it is")),
            ("ban_duration", time("For how many seconds it was banned")),
            ("time_remaining", time("For how many seconds it still is")),
        ])))
        .example("", "")
        .handle(move |_request| {
            let node = node.clone();
            async move {
                blocking(&node, |node| {
                    let now = now(node);
                    let all = node.network.bans.all(now).into_iter().map(|(banned, ban)| {
                        json!({
                            "address": banned.to_string(),
                            "ban_created": ban.created,
                            "banned_until": ban.until,
                            "ban_duration": ban.until.saturating_sub(ban.created),
                            "time_remaining": ban.until.saturating_sub(now),
                        })
                    });
                    Ok(all.collect())
                })
                .await
            }
        })
}

fn clearbanned(node: Node) -> Method {
    Method::declare("network", "clearbanned", "Takes all bans back.")
        .result(Shape::new(ShapeKind::Null, ""))
        .example("", "")
        .handle(move |_request| {
            let node = node.clone();
            async move {
                blocking(&node, |node| {
                    node.network.bans.clear();
                    Ok(Value::Null)
                })
                .await
            }
        })
}
