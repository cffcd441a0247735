//! `loadtxoutset`: all coins from a file that another node wrote.
//!
//! Files are checked to their last byte. The chain cannot go on from one yet, so that each is refused in the end.

use std::path::Path;

use chain::snapshot::{HashKind, SnapshotReader, statistics};
use fs_err as fs;
use rpc::{Kind, Method, Outcome, Param, RpcError, code};

use super::scan;
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

/// After so many coins it is looked whether the node stops.
const PAUSE: u64 = 8192;

pub(super) fn loadtxoutset(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "loadtxoutset",
        "Checks a file of all outputs that are not spent. Chains cannot go on from such a file yet: one whose outputs are \
         right is refused too.",
    )
    .param(Param::required(
        "path",
        Kind::String,
        "The file, within the network's directory, unless the path is absolute",
    ))
    .result(shapes::object(vec![
        ("coins_loaded", shapes::number("How many outputs there are")),
        ("tip_hash", shapes::hex("The block up to which they are")),
        ("base_height", shapes::number("Its height")),
        ("path", shapes::text("The file's absolute path")),
    ]))
    .example("utxo.dat", "\"utxo.dat\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let path: String = request.arguments.required("path")?;
            blocking(&node, move |node| load(node, &node.directory().join(path))).await
        }
    })
}

fn load(node: &NodeState, path: &Path) -> Outcome {
    let file = fs::File::open(path).map_err(|_error| {
        RpcError::invalid_parameter(format!("Couldn't open file {} for reading.", path.display()))
    })?;
    let refused = |reason: String| {
        RpcError::new(
            code::INTERNAL_ERROR,
            format!("Unable to load UTXO snapshot {}{reason}", path.display()),
        )
    };
    let reader = SnapshotReader::new(file).map_err(|error| refused(format!(": {error}")))?;
    let base = reader.base();
    let assumed = node.chain.params().assumed_coins();
    let Some(assumed) = assumed.iter().find(|assumed| assumed.block == base.to_string()) else {
        return Err(RpcError::new(
            code::INTERNAL_ERROR,
            format!(
                "Unable to load UTXO snapshot, assumeutxo block hash in snapshot metadata not recognized ({base})"
            ),
        ));
    };
    let coins = reader.zip(1_u64..).map(|(coin, place)| {
        if place.is_multiple_of(PAUSE) {
            scan::check_runs(node)?;
        }
        coin.map_err(|error| refused(format!(": {error}")))
    });
    let hash = statistics(coins, HashKind::Serialized)?.hash;
    if hash.map(|hash| hash.to_string()).as_deref() != Some(assumed.hash) {
        return Err(refused(": its outputs are not those of the block".to_owned()));
    }
    Err(refused(
        ": its outputs are right, but chains cannot go on from such a file yet".to_owned(),
    ))
}
