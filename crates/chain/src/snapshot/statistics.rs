//! What there is to say of all coins.

use bitcoin::hashes::{Hash, HashEngine, sha256, sha256d};
use bitcoin::{OutPoint, Txid};
use consensus::transaction::Coin;

use super::{CoinsHash, MuHash, hashed_bytes};

/// A hash of all coins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashKind {
    /// None, which is fastest.
    None,
    /// The hash of their bytes, in the order of the transactions' ids and of outputs (`hash_serialized_3`).
    Serialized,
    /// A hash that does not depend on their order, and takes longest (`muhash`).
    MuHash,
}

/// What there is to say of all coins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CoinsStatistics {
    /// How many coins there are.
    pub coins: u64,
    /// How many transactions made them.
    pub transactions: u64,
    /// Their sum, in units.
    pub amount: u128,
    /// Upstream's measure of how much space they take, which does not depend on how they are kept.
    pub bogo_size: u64,
    /// Their hash, if one was asked for.
    pub hash: Option<CoinsHash>,
}

enum Hasher {
    None,
    Serialized(sha256::HashEngine),
    MuHash(Box<MuHash>),
}

/// Goes through all coins, which come by transactions in the order of the bytes of their ids.
///
/// # Errors
/// That of the first coin that is one: none follows it.
pub fn statistics<E>(
    coins: impl IntoIterator<Item = Result<(OutPoint, Coin), E>>,
    kind: HashKind,
) -> Result<CoinsStatistics, E> {
    let mut hasher = match kind {
        HashKind::None => Hasher::None,
        HashKind::Serialized => Hasher::Serialized(sha256d::Hash::engine()),
        HashKind::MuHash => Hasher::MuHash(Box::default()),
    };
    let mut statistics = CoinsStatistics::default();
    let mut txid: Option<Txid> = None;
    let mut outputs: Vec<(OutPoint, Coin)> = Vec::new();
    for coin in coins {
        let (outpoint, coin) = coin?;
        if txid.replace(outpoint.txid) != Some(outpoint.txid) {
            statistics.transactions += 1;
            hasher.add(&mut outputs);
        }
        statistics.coins += 1;
        statistics.amount += u128::from(coin.output.value.to_sat());
        statistics.bogo_size += bogo_size(&coin);
        outputs.push((outpoint, coin));
    }
    hasher.add(&mut outputs);
    statistics.hash = match hasher {
        Hasher::None => None,
        Hasher::Serialized(engine) => Some(CoinsHash(sha256d::Hash::from_engine(engine).to_byte_array())),
        Hasher::MuHash(hash) => Some(hash.digest()),
    };
    Ok(statistics)
}

/// Upstream's measure of a coin: an outpoint, the height, the amount, the script's length and the script.
pub(crate) fn bogo_size(coin: &Coin) -> u64 {
    32 + 4 + 4 + 8 + 2 + coin.output.script_pubkey.len() as u64
}

impl Hasher {
    /// Adds the coins of one transaction, and forgets them.
    fn add(&mut self, outputs: &mut Vec<(OutPoint, Coin)>) {
        match self {
            Self::None => {}
            Self::Serialized(engine) => {
                // The order on disk is another where there are many.
                outputs.sort_by_key(|(outpoint, _coin)| outpoint.vout);
                for (outpoint, coin) in &*outputs {
                    engine.input(&hashed_bytes(outpoint, coin));
                }
            }
            Self::MuHash(hash) => {
                for (outpoint, coin) in &*outputs {
                    hash.insert(&hashed_bytes(outpoint, coin));
                }
            }
        }
        outputs.clear();
    }
}
