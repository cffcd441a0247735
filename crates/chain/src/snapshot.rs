//! All coins at one moment: hashes by which two nodes compare them, statistics, and a file in which they are handed on.

mod file;
mod muhash;
mod number;
mod statistics;

use std::fmt;

use bitcoin::OutPoint;
use bitcoin::consensus::encode;
use bitcoin::hex::DisplayHex;
use consensus::transaction::Coin;

pub use file::{SnapshotError, SnapshotReader, write_snapshot};
pub use muhash::MuHash;
pub(crate) use statistics::bogo_size;
pub use statistics::{CoinsStatistics, HashKind, statistics};

/// A hash of coins. It is shown as upstream does, the last byte first.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CoinsHash(pub [u8; 32]);

impl fmt::Display for CoinsHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0;
        bytes.reverse();
        write!(formatter, "{}", bytes.as_hex())
    }
}

impl fmt::Debug for CoinsHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A coin as it is hashed: the outpoint, twice the height and one more if a coinbase made it, and the output.
#[must_use]
pub fn hashed_bytes(outpoint: &OutPoint, coin: &Coin) -> Vec<u8> {
    let mut bytes = encode::serialize(outpoint);
    let code = coin.height.wrapping_mul(2) | u32::from(coin.is_coinbase);
    bytes.extend(code.to_le_bytes());
    bytes.extend(encode::serialize(&coin.output));
    bytes
}
