//! `dumptxoutset`: all coins in a file, from which another node can take them.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use bitcoin::{BlockHash, OutPoint};
use chain::coins::CoinsSnapshot;
use chain::snapshot::{CoinsStatistics, HashKind, statistics, write_snapshot};
use consensus::transaction::Coin;
use encoding::Address;
use fs_err as fs;
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::json;

use super::{named, scan};
use crate::shapes;
use crate::state::{Node, NodeState, blocking};

/// After so many coins it is looked whether the node stops.
const PAUSE: u64 = 8192;

pub(super) fn dumptxoutset(node: Node) -> Method {
    Method::declare(
        "blockchain",
        "dumptxoutset",
        "Writes all outputs that are not spent to a file, and what they pay to which addresses to another beside it.",
    )
    .param(Param::required(
        "path",
        Kind::String,
        "The file, which must not be there yet; within the network's directory, unless the path is absolute",
    ))
    .result(shapes::object(vec![
        ("coins_written", shapes::number("How many outputs there are")),
        ("base_hash", shapes::hex("The block up to which they are")),
        ("base_height", shapes::number("Its height")),
        ("path", shapes::text("The file's absolute path")),
        (
            "pathjson",
            shapes::text("That of the other file: an address and an amount in each line"),
        ),
        ("txoutset_hash", shapes::hex("The outputs' hash_serialized_3")),
        (
            "nchaintx",
            shapes::number("How many transactions the chain has up to the block"),
        ),
    ]))
    .example("utxo.dat", "\"utxo.dat\"")
    .handle(move |request| {
        let node = node.clone();
        async move {
            let path: String = request.arguments.required("path")?;
            blocking(&node, move |node| dump(node, &path)).await
        }
    })
}

/// A failure of writing, or of what is written.
enum DumpError {
    File(io::Error),
    Call(RpcError),
}

impl From<io::Error> for DumpError {
    fn from(error: io::Error) -> Self {
        Self::File(error)
    }
}

impl From<RpcError> for DumpError {
    fn from(error: RpcError) -> Self {
        Self::Call(error)
    }
}

impl From<DumpError> for RpcError {
    fn from(error: DumpError) -> Self {
        match error {
            DumpError::File(error) => Self::misc(format!("Unable to write UTXO set: {error}")),
            DumpError::Call(error) => error,
        }
    }
}

/// The files, and those that take their places when they are complete.
struct Files {
    coins: PathBuf,
    payments: PathBuf,
    coins_incomplete: PathBuf,
    payments_incomplete: PathBuf,
}

impl Files {
    fn of(directory: &Path, path: &str) -> Self {
        let beside = |ending| directory.join(format!("{path}{ending}"));
        Self {
            coins: beside(""),
            payments: beside(".json"),
            coins_incomplete: beside(".incomplete"),
            payments_incomplete: beside(".incomplete.json"),
        }
    }

    /// Counts and writes the coins, and leaves nothing behind where that fails.
    fn write(
        &self,
        node: &NodeState,
        snapshot: &CoinsSnapshot,
        base: BlockHash,
    ) -> Result<CoinsStatistics, RpcError> {
        let written = self.write_incomplete(node, snapshot, base);
        if written.is_err() {
            for path in [&self.coins_incomplete, &self.payments_incomplete] {
                // The first failure is told.
                _ = fs::remove_file(path);
            }
        }
        Ok(written?)
    }

    fn write_incomplete(
        &self,
        node: &NodeState,
        snapshot: &CoinsSnapshot,
        base: BlockHash,
    ) -> Result<CoinsStatistics, DumpError> {
        let mut coins_file = BufWriter::new(create(&self.coins_incomplete)?);
        let mut payments_file = BufWriter::new(create(&self.payments_incomplete)?);
        let counted = statistics(all(node, snapshot)?, HashKind::Serialized)?;
        let coins = all(node, snapshot)?.map(|coin| -> Result<(OutPoint, Coin), DumpError> {
            let (outpoint, coin) = coin?;
            if let Some(address) = Address::from_script(&coin.output.script_pubkey) {
                let address = address.encode(&node.chain.params().address);
                let amount = encoding::amount::unsigned_to_json(coin.output.value.to_sat());
                writeln!(payments_file, "{address},{amount}")?;
            }
            Ok((outpoint, coin))
        });
        write_snapshot(&mut coins_file, base, counted.coins, coins)?;
        for file in [coins_file, payments_file] {
            file.into_inner()
                .map_err(io::IntoInnerError::into_error)?
                .sync_all()?;
        }
        fs::rename(&self.coins_incomplete, &self.coins)?;
        fs::rename(&self.payments_incomplete, &self.payments)?;
        Ok(counted)
    }
}

fn create(path: &Path) -> Result<fs::File, RpcError> {
    fs::File::create(path).map_err(|_error| {
        RpcError::invalid_parameter(format!("Couldn't open file {} for writing.", path.display()))
    })
}

fn unreadable(error: impl std::fmt::Display) -> RpcError {
    RpcError::new(code::INTERNAL_ERROR, format!("Unable to read UTXO set: {error}"))
}

/// All coins, for as long as the node does not stop.
fn all<'a>(
    node: &'a NodeState,
    snapshot: &'a CoinsSnapshot,
) -> Result<impl Iterator<Item = Result<(OutPoint, Coin), RpcError>> + 'a, RpcError> {
    let coins = snapshot.iter().map_err(unreadable)?.zip(1_u64..);
    Ok(coins.map(|(coin, place)| {
        if place.is_multiple_of(PAUSE) {
            scan::check_runs(node)?;
        }
        coin.map_err(unreadable)
    }))
}

fn dump(node: &NodeState, path: &str) -> Outcome {
    // Another one to the same file would write into it.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let Ok(_writing) = ONE_AT_A_TIME.try_lock() else {
        return Err(RpcError::misc("All coins are being written to a file already"));
    };
    let files = Files::of(node.directory(), path);
    if files.coins.exists() {
        return Err(RpcError::invalid_parameter(format!(
            "{} already exists. If you are sure this is what you want, move it out of the way first",
            files.coins.display()
        )));
    }
    let snapshot = node.chain.coins_snapshot().map_err(|error| node.fail(&error))?;
    let (base, height, transactions) = {
        let tree = node.chain.tree();
        let id = match snapshot.best_block() {
            Some(hash) => named::block(&tree, &hash)?,
            None => named::tip(&tree)?,
        };
        let entry = tree.entry(id);
        (entry.hash, entry.height, entry.chain_transactions)
    };
    let counted = files.write(node, &snapshot, base)?;
    Ok(json!({
        "coins_written": counted.coins,
        "base_hash": base.to_string(),
        "base_height": height,
        "path": files.coins.display().to_string(),
        "pathjson": files.payments.display().to_string(),
        "txoutset_hash": counted.hash.map(|hash| hash.to_string()),
        "nchaintx": transactions,
    }))
}
