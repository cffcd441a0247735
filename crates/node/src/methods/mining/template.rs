//! `getblocktemplate`: what a miner makes a block of, and whether what was made of it would be taken (BIP 22, 23, 9 and
//! 145).

mod cache;
mod describe;
mod poll;
mod request;

use std::collections::BTreeSet;
use std::sync::Arc;

use consensus::Network;
use consensus::block::BlockChecks;
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};
use serde_json::Value;

use super::submit::{read_block, reason, standing};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};
use cache::Cache;
use poll::{PACE, Watched};
use request::{LongPoll, Request};

pub(super) fn getblocktemplate(node: Node) -> Method {
    let cache = Arc::new(Cache::default());
    Method::declare(
        "mining",
        "getblocktemplate",
        "Tells what a miner makes the next block of, or with the mode proposal, whether a block would be taken but for its \
         work. See BIP 22, 23, 9 and 145.",
    )
    .param(
        Param::required("template_request", Kind::Object(members()), "What is asked for")
            .in_usage("template_request"),
    )
    .result_when(
        "the mode is proposal, and the block would be taken",
        Shape::new(ShapeKind::Null, ""),
    )
    .result_when(
        "the mode is proposal, and it would not",
        shapes::text("Why, in the words of BIP 22"),
    )
    .result_when("the mode is template", describe::shape())
    .example(
        "'{\"rules\": [\"segwit\"]}'",
        "{\"rules\": [\"segwit\"]}",
    )
    .handle(move |request| {
        let (node, cache) = (node.clone(), Arc::clone(&cache));
        async move {
            match request::read(request.arguments.value("template_request"))? {
                Request::Proposal(data) => blocking(&node, move |node| propose(node, &data)).await,
                Request::Template { rules, long_poll } => give(&node, cache, rules, long_poll).await,
            }
        }
    })
}

fn members() -> Vec<Param> {
    vec![
        Param::optional(
            "mode",
            Kind::String,
            "template, which is the default, or proposal",
        ),
        Param::optional(
            "capabilities",
            Kind::Array(vec![Param::optional(
                "str",
                Kind::String,
                "What the client can do: longpoll, coinbasevalue, proposal, serverlist or workid",
            )]),
            "What the client can do, of which nothing depends",
        ),
        Param::required(
            "rules",
            Kind::Array(vec![
                Param::required("segwit", Kind::String, "(literal) The client knows of segwit"),
                Param::optional("str", Kind::String, "Another rule that the client knows"),
            ]),
            "The rules that the client knows",
        ),
        Param::optional(
            "longpollid",
            Kind::String,
            "Answer only when the template is another one than that with this id",
        ),
        Param::optional("data", Kind::Hex, "The bytes of the block that is proposed"),
    ]
}

async fn give(
    node: &Node,
    cache: Arc<Cache>,
    rules: BTreeSet<String>,
    long_poll: Option<LongPoll>,
) -> Outcome {
    let state = node.get()?;
    check_connected(state)?;
    if let Some(long_poll) = long_poll {
        let watched = match long_poll {
            LongPoll::Since(watched) => watched,
            LongPoll::SinceNow => Watched {
                tip: cache::tip(state)?,
                updates: cache.last_updates(),
            },
        };
        poll::wait(state, &watched, PACE).await?;
    }
    check_rules(state, &rules)?;
    blocking(node, move |node| {
        let template = cache.current(node)?;
        describe::describe(node, &template)
    })
    .await
}

/// A miner of the main chain must not work on what others have passed. This node has no peers who could tell it.
fn check_connected(node: &NodeState) -> Result<(), RpcError> {
    match node.chain.params().network {
        Network::Main => Err(RpcError::new(
            code::CLIENT_NOT_CONNECTED,
            "Syscoin Core is not connected!",
        )),
        Network::Test | Network::Signet | Network::Regtest => Ok(()),
    }
}

/// Templates follow rules that a client must know of.
fn check_rules(node: &NodeState, rules: &BTreeSet<String>) -> Result<(), RpcError> {
    if node.chain.params().signet_challenge.is_some() && !rules.contains("signet") {
        return Err(RpcError::invalid_parameter(
            "getblocktemplate must be called with the signet rule set (call with {\"rules\": [\"segwit\", \"signet\"]})",
        ));
    }
    if !rules.contains("segwit") {
        return Err(RpcError::invalid_parameter(
            "getblocktemplate must be called with the segwit rule set (call with {\"rules\": [\"segwit\"]})",
        ));
    }
    Ok(())
}

/// Whether a block would be taken, in the words of BIP 22. Nothing is kept of it.
fn propose(node: &NodeState, data: &str) -> Outcome {
    let block = read_block(data)?;
    if let Some(known) = standing(node, &block.header.block_hash()) {
        return Ok(known.word().into());
    }
    let tested = node
        .chain
        .test_block(&block, BlockChecks::Proposal)
        .map_err(|error| node.fail(&error))?;
    Ok(match tested {
        Ok(()) => Value::Null,
        Err(rejection) => reason(&rejection).into(),
    })
}

#[cfg(test)]
mod tests;
