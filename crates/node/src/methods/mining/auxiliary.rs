//! Merge mining: blocks that are given to miners of another chain, and the work that they bring back for them.

mod blocks;

use std::sync::Arc;

use bitcoin::consensus::encode::Decodable as _;
use bitcoin::hex::{DisplayHex as _, FromHex as _};
use bitcoin::{ScriptBuf, Target};
use consensus::Network;
use consensus::auxpow::{AuxPow, tag_height, tag_script};
use encoding::Address;
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, code};
use serde_json::{Value, json};

use crate::shapes;
use crate::state::{Node, NodeState, blocking};
use blocks::{AuxBlock, AuxBlocks};

pub(super) fn methods(node: &Node) -> Vec<Method> {
    let blocks = Arc::new(AuxBlocks::default());
    vec![
        createauxblock(node.clone(), Arc::clone(&blocks)),
        submitauxblock(node.clone(), Arc::clone(&blocks)),
        getauxblock(node.clone(), blocks),
    ]
}

/// What miners of another chain are told.
fn block_shape() -> Shape {
    shapes::object(vec![
        ("hash", shapes::hex("The block's hash")),
        ("chainid", shapes::number("The chain's number")),
        ("previousblockhash", shapes::hex("The tip's hash")),
        (
            "coinbasevalue",
            shapes::number("What its coinbase pays, in units"),
        ),
        (
            "coinbasescript",
            shapes::hex("The script of an output that the other chain's coinbase must have"),
        ),
        ("bits", shapes::text("The target in its compact form")),
        ("height", shapes::number("The block's height")),
        ("_target", shapes::hex("The target, with its lowest byte first")),
    ])
}

fn submitted_shape() -> Shape {
    shapes::flag("Whether the block was taken")
}

fn createauxblock(node: Node, blocks: Arc<AuxBlocks>) -> Method {
    Method::declare(
        "mining",
        "createauxblock",
        "Makes a block and tells what is needed to mine it together with a block of another chain.",
    )
    .param(Param::required(
        "address",
        Kind::String,
        "The address that the block pays to",
    ))
    .result(block_shape())
    .example("\"address\"", "\"address\"")
    .handle(move |request| {
        let (node, blocks) = (node.clone(), Arc::clone(&blocks));
        async move {
            let address: String = request.arguments.required("address")?;
            blocking(&node, move |node| {
                let address =
                    Address::decode(&address, &node.chain.params().address).map_err(|_invalid| {
                        RpcError::new(
                            code::INVALID_ADDRESS_OR_KEY,
                            "Error: Invalid coinbase payout address",
                        )
                    })?;
                create(node, &blocks, &address.script())
            })
            .await
        }
    })
}

fn submitauxblock(node: Node, blocks: Arc<AuxBlocks>) -> Method {
    Method::declare(
        "mining",
        "submitauxblock",
        "Takes the work that was done for a block of createauxblock.",
    )
    .param(Param::required("hash", Kind::Hex, "The block's hash"))
    .param(Param::required(
        "auxpow",
        Kind::Hex,
        "The work of the other chain's block",
    ))
    .result(submitted_shape())
    .example("\"hash\" \"auxpow\"", "\"hash\", \"auxpow\"")
    .handle(move |request| {
        let (node, blocks) = (node.clone(), Arc::clone(&blocks));
        async move {
            let hash: String = request.arguments.required("hash")?;
            let aux_pow: String = request.arguments.required("auxpow")?;
            blocking(&node, move |node| submit(node, &blocks, &hash, &aux_pow)).await
        }
    })
}

fn getauxblock(node: Node, blocks: Arc<AuxBlocks>) -> Method {
    Method::declare(
        "mining",
        "getauxblock",
        "With arguments, takes the work that was done for a block, as submitauxblock does. Without, it would make a block \
         that pays to a wallet, which there is none of: createauxblock makes one that pays to an address.",
    )
    .param(Param::optional("hash", Kind::Hex, "The block's hash"))
    .param(Param::optional(
        "auxpow",
        Kind::Hex,
        "The work of the other chain's block",
    ))
    .result(submitted_shape())
    .example("\"hash\" \"auxpow\"", "\"hash\", \"auxpow\"")
    .handle(move |request| {
        let (node, blocks) = (node.clone(), Arc::clone(&blocks));
        async move {
            let hash: Option<String> = request.arguments.optional("hash")?;
            let aux_pow: Option<String> = request.arguments.optional("auxpow")?;
            match (hash, aux_pow) {
                (Some(hash), Some(aux_pow)) => {
                    blocking(&node, move |node| submit(node, &blocks, &hash, &aux_pow)).await
                }
                (None, None) => Err(RpcError::new(
                    code::WALLET_NOT_FOUND,
                    "No wallet is loaded. Load a wallet using loadwallet or create a new one with createwallet. (Note: A \
                     default wallet is no longer automatically created)",
                )),
                _ => Err(RpcError::misc("getauxblock takes both hash and auxpow, or neither")),
            }
        }
    })
}

/// Others would not take what is mined on an old tip. This node has no peers who could tell it which is the present one,
/// so that merge mining is for chains whose blocks are made on demand.
fn check_connected(node: &NodeState) -> Result<(), RpcError> {
    match node.chain.params().network {
        Network::Regtest => Ok(()),
        Network::Main | Network::Test | Network::Signet => Err(RpcError::new(
            code::CLIENT_NOT_CONNECTED,
            "Syscoin is not connected!",
        )),
    }
}

fn create(node: &NodeState, blocks: &AuxBlocks, script: &ScriptBuf) -> Outcome {
    check_connected(node)?;
    let block = blocks.current(node, script)?;
    let header = &block.header;
    Ok(json!({
        "hash": header.block_hash().to_string(),
        "chainid": consensus::version::chain_id(header.version),
        "previousblockhash": header.prev_blockhash.to_string(),
        "coinbasevalue": block.transactions[0].output[0].value.to_sat(),
        "coinbasescript": coinbase_script(node, &block)?.to_hex_string(),
        "bits": format!("{:08x}", header.bits.to_consensus()),
        "height": block.height,
        "_target": Target::from_compact(header.bits).to_le_bytes().to_lower_hex_string(),
    }))
}

/// The script by which the other chain's coinbase names a block of ours.
fn coinbase_script(node: &NodeState, block: &AuxBlock) -> Result<ScriptBuf, RpcError> {
    let tree = node.chain.tree();
    let height = tag_height(block.height - 1);
    let named = tree
        .find(&block.header.prev_blockhash)
        .and_then(|previous| tree.ancestor(previous, height))
        .ok_or_else(|| RpcError::new(code::INTERNAL_ERROR, "the block's ancestor is gone"))?;
    Ok(tag_script(tree.entry(named).hash, height))
}

fn submit(node: &NodeState, blocks: &AuxBlocks, hash: &str, aux_pow: &str) -> Outcome {
    check_connected(node)?;
    let block = hash.parse().ok().and_then(|hash| blocks.find(&hash));
    let block = block.ok_or_else(|| RpcError::invalid_parameter("block hash unknown"))?;
    // Bytes behind it are passed over, as upstream does.
    let aux_pow: Option<AuxPow> = Vec::from_hex(aux_pow)
        .ok()
        .and_then(|bytes| AuxPow::consensus_decode(&mut bytes.as_slice()).ok());
    let aux_pow = aux_pow.ok_or_else(|| RpcError::misc("auxpow decode failed"))?;
    let processed = node
        .chain
        .process_block(&Arc::new(block.with(aux_pow)))
        .map_err(|error| node.fail(&error))?;
    if let Some(Err(rejection)) = processed.verdict {
        tracing::info!("a merge-mined block was refused: {rejection}");
        return Ok(Value::Bool(false));
    }
    Ok(Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use consensus::Params;

    use super::*;
    use crate::mining::tests::miner_on;

    #[tokio::test]
    async fn merge_mining_is_for_chains_with_peers_or_blocks_on_demand() {
        for network in [Network::Main, Network::Test, Network::Signet] {
            let (_directory, mining) = miner_on(Params::new(network));
            let node = mining.node.get().unwrap();
            let expected = RpcError::new(code::CLIENT_NOT_CONNECTED, "Syscoin is not connected!");
            assert_eq!(check_connected(node), Err(expected), "{network}");
        }
    }
}
