//! Making blocks on demand, on chains where that is quick.

use std::sync::Arc;

use bitcoin::{ScriptBuf, Transaction};
use chain::mining::{Chosen, Search, solve};
use consensus::block::Block;
use encoding::Address;
use encoding::descriptor::{Checksum, Descriptor};
use encoding::hex::to_hex;
use encoding::transaction::{Form, from_hex};
use rpc::{Kind, Method, Param, RpcError, code};
use serde_json::{Value, json};

use crate::mining::{AssemblyError, Contents, assemble};
use crate::state::{Node, NodeState, blocking};
use crate::{shapes, values};

/// How many nonces are tried where callers do not say.
const TRIES: u64 = 1_000_000;

pub(super) fn methods(node: &Node) -> Vec<Method> {
    vec![
        generatetoaddress(node.clone()),
        generatetodescriptor(node.clone()),
        generateblock(node.clone()),
        generate(),
    ]
}

fn tries_param() -> Param {
    Param::defaulted("maxtries", Kind::Number, TRIES, "How many nonces to try in all")
}

fn hashes() -> rpc::Shape {
    shapes::array(shapes::hex("A block's hash"))
}

fn generatetoaddress(node: Node) -> Method {
    Method::declare(
        "hidden",
        "generatetoaddress",
        "Makes blocks that pay to an address.",
    )
    .param(Param::required("nblocks", Kind::Number, "How many blocks"))
    .param(Param::required("address", Kind::String, "The address"))
    .param(tries_param())
    .result(hashes())
    .example("11 \"address\"", "11, \"address\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let count: i32 = request.arguments.required("nblocks")?;
            let address: String = request.arguments.required("address")?;
            let tries: Option<i32> = request.arguments.optional("maxtries")?;
            blocking(&node, move |node| {
                let chain = &node.chain.params().address;
                let address = Address::decode(&address, chain).map_err(|_invalid| {
                    RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Error: Invalid address")
                })?;
                make(node, count, tries, &address.script())
            })
            .await
        }
    })
}

fn generatetodescriptor(node: Node) -> Method {
    Method::declare(
        "hidden",
        "generatetodescriptor",
        "Makes blocks that pay to a descriptor's script.",
    )
    .param(Param::required("num_blocks", Kind::Number, "How many blocks"))
    .param(Param::required("descriptor", Kind::String, "The descriptor"))
    .param(tries_param())
    .result(hashes())
    .example("11 \"descriptor\"", "11, \"descriptor\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let count: i32 = request.arguments.required("num_blocks")?;
            let descriptor: String = request.arguments.required("descriptor")?;
            let tries: Option<i32> = request.arguments.optional("maxtries")?;
            blocking(&node, move |node| {
                let script = descriptor_script(node, &descriptor)?
                    .map_err(|error| RpcError::new(code::INVALID_ADDRESS_OR_KEY, error))?;
                make(node, count, tries, &script)
            })
            .await
        }
    })
}

/// The script of a descriptor that stands for one; the inner error says why a text is no descriptor.
fn descriptor_script(node: &NodeState, text: &str) -> Result<Result<ScriptBuf, String>, RpcError> {
    let chain = &node.chain.params().address;
    let descriptor = match Descriptor::parse(text, chain, Checksum::Optional) {
        Ok(descriptor) => descriptor,
        Err(error) => return Ok(Err(error.to_string())),
    };
    if descriptor.is_range() {
        return Err(RpcError::invalid_parameter(
            "Ranged descriptor not accepted. Maybe pass through deriveaddresses first?",
        ));
    }
    let scripts = descriptor.scripts(0).ok_or_else(|| {
        RpcError::new(
            code::INVALID_ADDRESS_OR_KEY,
            "Cannot derive script without private keys",
        )
    })?;
    // Of those of combo(), the second one pays to the key's hash.
    let script = match scripts.len() {
        0 | 1 => scripts.into_iter().next(),
        2 => scripts.into_iter().nth(1),
        // With a compressed key, the third one pays to it as a witness program.
        _ => scripts.into_iter().nth(2),
    };
    Ok(script.ok_or_else(|| "the descriptor has no script".to_owned()))
}

fn make(node: &NodeState, count: i32, tries: Option<i32>, script: &ScriptBuf) -> Result<Value, RpcError> {
    // As upstream, one below 0 is a very large one.
    let mut tries = tries.map_or(TRIES, |tries| i64::from(tries).cast_unsigned());
    let mut hashes = Vec::new();
    for _ in 0..count {
        if node.shutdown.is_requested() {
            break;
        }
        let contents = Contents::Pool(node.miner.config().room());
        let mut block = assemble(node, script, &contents, 1)?.template.block;
        if mine(node, &mut block, &mut tries) != Search::Found {
            break;
        }
        hashes.push(Value::from(block.header.block_hash().to_string()));
        submit(node, &Arc::new(block))?;
    }
    Ok(hashes.into())
}

fn mine(node: &NodeState, block: &mut Block, tries: &mut u64) -> Search {
    solve(
        block,
        tries,
        &|| node.shutdown.is_requested(),
        node.chain.params(),
    )
}

fn submit(node: &NodeState, block: &Arc<Block>) -> Result<(), RpcError> {
    let processed = node
        .chain
        .process_block(block)
        .map_err(|error| node.fail(&error))?;
    match processed.verdict {
        Some(Err(rejection)) => Err(RpcError::new(
            code::INTERNAL_ERROR,
            format!("ProcessNewBlock, block not accepted: {rejection}"),
        )),
        _ => Ok(()),
    }
}

fn generateblock(node: Node) -> Method {
    Method::declare(
        "hidden",
        "generateblock",
        "Makes a block of these transactions, in their order. Their fees go to nobody.",
    )
    .param(Param::required(
        "output",
        Kind::String,
        "The address or the descriptor that the block pays to",
    ))
    .param(Param::required(
        "transactions",
        Kind::Array(vec![Param::optional(
            "rawtx/txid",
            Kind::Hex,
            "A transaction's bytes, or the id of one that is not confirmed",
        )]),
        "The transactions",
    ))
    .param(Param::defaulted(
        "submit",
        Kind::Boolean,
        true,
        "Whether to add the block to the chain",
    ))
    .result(shapes::object(vec![
        ("hash", shapes::hex("The block's hash")),
        (
            "hex",
            shapes::hex("The block's bytes, where it was not added").optional(),
        ),
    ]))
    .example("\"address\" '[\"rawtx\"]'", "\"address\", [\"rawtx\"]")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let output: String = request.arguments.required("output")?;
            let texts: Vec<String> = values::array(request.arguments.value("transactions"))?
                .iter()
                .map(|value| values::text(value).map(str::to_owned))
                .collect::<Result<_, _>>()?;
            let is_submitted = request.arguments.optional("submit")?.unwrap_or(true);
            blocking(&node, move |node| {
                let script = output_script(node, &output)?;
                let transactions = texts
                    .iter()
                    .map(|text| given(node, text))
                    .collect::<Result<Vec<_>, _>>()?;
                make_of(node, &script, transactions, is_submitted)
            })
            .await
        }
    })
}

/// A descriptor's script or an address's.
fn output_script(node: &NodeState, text: &str) -> Result<ScriptBuf, RpcError> {
    if let Ok(script) = descriptor_script(node, text)? {
        return Ok(script);
    }
    Address::decode(text, &node.chain.params().address)
        .map(|address| address.script())
        .map_err(|_invalid| {
            RpcError::new(
                code::INVALID_ADDRESS_OR_KEY,
                "Error: Invalid address or descriptor",
            )
        })
}

fn given(node: &NodeState, text: &str) -> Result<Transaction, RpcError> {
    if let Some(txid) = text.parse::<bitcoin::Txid>().ok().filter(|_| text.len() == 64) {
        let found = node.pool.with(|pool| {
            pool.get(&txid)
                .map(|entry| Transaction::clone(&entry.transaction))
        });
        return found.ok_or_else(|| {
            RpcError::new(
                code::INVALID_ADDRESS_OR_KEY,
                format!("Transaction {text} not in mempool."),
            )
        });
    }
    from_hex(text, Form::Witness).ok_or_else(|| {
        RpcError::new(
            code::DESERIALIZATION_ERROR,
            format!("Transaction decode failed for {text}. Make sure the tx has at least one input."),
        )
    })
}

fn make_of(
    node: &NodeState,
    script: &ScriptBuf,
    transactions: Vec<Transaction>,
    is_submitted: bool,
) -> Result<Value, RpcError> {
    // The coinbase leaves the fees to nobody, as upstream's does here.
    let chosen = transactions
        .into_iter()
        .map(|transaction| Chosen {
            transaction,
            fee: bitcoin::Amount::ZERO,
            sigop_cost: 0,
        })
        .collect();
    let assembled = assemble(node, script, &Contents::Given(chosen), 1).map_err(|error| match error {
        AssemblyError::Invalid(_) => RpcError::new(code::VERIFY_ERROR, error.to_string()),
        other => other.into(),
    })?;
    let mut block = assembled.template.block;
    let mut tries = TRIES;
    if mine(node, &mut block, &mut tries) != Search::Found {
        return Err(RpcError::misc("Failed to make block."));
    }
    let hash = block.header.block_hash().to_string();
    if !is_submitted {
        return Ok(json!({ "hash": hash, "hex": to_hex(&node.serialization().block(&block)) }));
    }
    submit(node, &Arc::new(block))?;
    Ok(json!({ "hash": hash }))
}

/// What callers of `generate` are told, which is also its help.
const REMOVED: &str = "has been replaced by the -generate cli option. Refer to -help for more information.";

/// What `generate` was, before there was `-generate` of the client.
fn generate() -> Method {
    Method::declare("hidden", "generate", REMOVED).handle(async |_request| {
        Err(RpcError::new(
            code::METHOD_NOT_FOUND,
            format!("generate\n\n{REMOVED}\n"),
        ))
    })
}
