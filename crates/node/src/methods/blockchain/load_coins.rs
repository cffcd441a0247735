//! `loadtxoutset`: all coins from a file that another node wrote, from which the chain goes on.

use std::path::Path;

use chain::SnapshotRefusal;
use chain::snapshot::SnapshotReader;
use fs_err as fs;
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::json;

use crate::shapes;
use crate::state::{Node, NodeState, blocking};

pub(super) fn loadtxoutset(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "loadtxoutset",
        "Takes all outputs that are not spent from a file, and lets the chain go on from its block, whose header must be \
         there. The blocks before it are checked in the background as they come; getchainstates tells how far that is.",
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
    let reader = SnapshotReader::new(file).map_err(|error| refused(path, &error.into()))?;
    let loaded = node.chain.load_snapshot(reader, |activate| {
        // Transactions that were taken in with other coins could not be held to those of the snapshot.
        node.pool.with(|pool| {
            if pool.is_empty() {
                activate();
            }
        });
    });
    let loaded = loaded
        .map_err(|error| node.fail(&error))?
        .map_err(|refusal| refused(path, &refusal))?;
    Ok(json!({
        "coins_loaded": loaded.coins,
        "tip_hash": loaded.base.to_string(),
        "base_height": loaded.height,
        "path": path.display().to_string(),
    }))
}

fn refused(path: &Path, refusal: &SnapshotRefusal) -> RpcError {
    let text = match refusal {
        SnapshotRefusal::Unknown(_) => format!("Unable to load UTXO snapshot, {refusal}"),
        _ => format!("Unable to load UTXO snapshot {}: {refusal}", path.display()),
    };
    RpcError::new(code::INTERNAL_ERROR, text)
}

#[cfg(test)]
mod tests {
    use chain::snapshot::SnapshotError;

    use super::*;

    #[test]
    fn refusals_are_told_in_the_words_that_rigs_match() {
        let rows = [
            (
                SnapshotError::End(299).into(),
                "bad snapshot format or truncated snapshot after deserializing 299 coins",
            ),
            (
                SnapshotError::Rest(298).into(),
                "bad snapshot - coins left over after deserializing 298 coins",
            ),
            (
                SnapshotRefusal::Coin(1),
                "bad snapshot data after deserializing 1 coins",
            ),
            (SnapshotRefusal::Work, "work does not exceed active chainstate"),
            (
                SnapshotRefusal::Guard,
                "can't activate a snapshot when mempool not empty",
            ),
        ];
        for (refusal, expected) in rows {
            let error = refused(Path::new("/a"), &refusal);
            assert_eq!(
                error.message,
                format!("Unable to load UTXO snapshot /a: {expected}")
            );
        }
    }
}
