//! The file in which all coins are handed from one node to another: upstream's of version 26.
//!
//! It begins with the block up to which the coins are, and their number in 64 bits. Then comes for each coin its outpoint,
//! and the coin as it is on disk. Whether they are the right ones, their hash says.

use std::io::{self, Read, Write};

use bitcoin::consensus::encode;
use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, OutPoint, Txid};
use consensus::limits::MAX_SCRIPT_SIZE;
use consensus::transaction::Coin;
use thiserror::Error;

use crate::coin::{CoinError, read_coin, write_coin};

/// How many bytes are read at once.
const CHUNK: usize = 1 << 20;

/// More bytes than any coin has, its outpoint included.
const LONGEST: usize = MAX_SCRIPT_SIZE + 100;

/// A file that is no snapshot. Texts are those of Bitcoin Core v26, which rigs match.
#[derive(Debug, Error)]
pub enum SnapshotError {
    /// It cannot be read.
    #[error(transparent)]
    File(#[from] io::Error),
    /// It ends before its coins do.
    #[error("bad snapshot format or truncated snapshot after deserializing {0} coins")]
    End(u64),
    /// What should be a coin is none.
    #[error("bad snapshot format or truncated snapshot after deserializing {after} coins")]
    Coin {
        /// How many there are before.
        after: u64,
        /// Why it is none.
        #[source]
        source: CoinError,
    },
    /// It goes on after its coins.
    #[error("bad snapshot - coins left over after deserializing {0} coins")]
    Rest(u64),
}

/// Writes a snapshot: the block, how many coins there are, and these.
///
/// # Errors
/// That of the first coin that is one, or of writing.
pub fn write_snapshot<E: From<io::Error>>(
    writer: &mut impl Write,
    base: BlockHash,
    count: u64,
    coins: impl IntoIterator<Item = Result<(OutPoint, Coin), E>>,
) -> Result<(), E> {
    writer.write_all(base.as_byte_array())?;
    writer.write_all(&count.to_le_bytes())?;
    let mut bytes = Vec::new();
    for coin in coins {
        let (outpoint, coin) = coin?;
        bytes.clear();
        bytes.extend(encode::serialize(&outpoint));
        write_coin(&coin, &mut bytes);
        writer.write_all(&bytes)?;
    }
    Ok(())
}

/// Reads a snapshot, coin by coin.
#[derive(Debug)]
pub struct SnapshotReader<R> {
    reader: R,
    base: BlockHash,
    count: u64,
    /// How many coins were read.
    done: u64,
    /// What was read of the file and is not done with, from `start` on.
    window: Vec<u8>,
    start: usize,
    has_failed: bool,
}

impl<R: Read> SnapshotReader<R> {
    /// Begins with a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] if it does not even say what it is of.
    pub fn new(mut reader: R) -> Result<Self, SnapshotError> {
        let mut bytes = [0; 40];
        reader
            .read_exact(&mut bytes)
            .map_err(|error| match error.kind() {
                io::ErrorKind::UnexpectedEof => SnapshotError::End(0),
                _ => error.into(),
            })?;
        let (base, count) = bytes.split_first_chunk().expect("there are 40 bytes");
        Ok(Self {
            reader,
            base: BlockHash::from_byte_array(*base),
            count: u64::from_le_bytes(count.try_into().expect("8 bytes are left")),
            done: 0,
            window: Vec::new(),
            start: 0,
            has_failed: false,
        })
    }

    /// The block up to which the coins are.
    #[must_use]
    pub fn base(&self) -> BlockHash {
        self.base
    }

    /// How many coins there are, as the file says.
    #[must_use]
    pub fn coins(&self) -> u64 {
        self.count
    }

    fn next_coin(&mut self) -> Result<Option<(OutPoint, Coin)>, SnapshotError> {
        self.fill()?;
        let mut rest = &self.window[self.start..];
        if self.done == self.count {
            return match rest {
                [] => Ok(None),
                _ => Err(SnapshotError::Rest(self.count)),
            };
        }
        let outpoint = read_outpoint(&mut rest).ok_or(SnapshotError::End(self.done))?;
        let coin = read_coin(&mut rest).map_err(|source| SnapshotError::Coin {
            after: self.done,
            source,
        })?;
        self.start = self.window.len() - rest.len();
        self.done += 1;
        Ok(Some((outpoint, coin)))
    }

    /// Reads on until the window has a whole coin, or the file ends.
    fn fill(&mut self) -> io::Result<()> {
        if self.window.len() - self.start < LONGEST {
            self.window.drain(..self.start);
            self.start = 0;
            (&mut self.reader)
                .take(CHUNK as u64)
                .read_to_end(&mut self.window)?;
        }
        Ok(())
    }
}

impl<R: Read> Iterator for SnapshotReader<R> {
    type Item = Result<(OutPoint, Coin), SnapshotError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.has_failed {
            return None;
        }
        let coin = self.next_coin();
        self.has_failed = coin.is_err();
        coin.transpose()
    }
}

fn read_outpoint(data: &mut &[u8]) -> Option<OutPoint> {
    let (txid, rest) = data.split_first_chunk()?;
    let (vout, rest) = rest.split_first_chunk()?;
    *data = rest;
    Some(OutPoint {
        txid: Txid::from_byte_array(*txid),
        vout: u32::from_le_bytes(*vout),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::coin::tests::any_coin;

    type Coins = Vec<(OutPoint, Coin)>;

    fn any_coins() -> impl Strategy<Value = Coins> {
        let outpoint = (any::<[u8; 32]>(), any::<u32>()).prop_map(|(txid, vout)| OutPoint {
            txid: Txid::from_byte_array(txid),
            vout,
        });
        prop::collection::vec((outpoint, any_coin()), 0..6)
    }

    fn write(coins: &Coins, count: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        let base = BlockHash::from_byte_array([7; 32]);
        let coins = coins.iter().cloned().map(Ok::<_, io::Error>);
        write_snapshot(&mut bytes, base, count as u64, coins).unwrap();
        bytes
    }

    fn read(bytes: &[u8]) -> Result<Coins, SnapshotError> {
        let reader = SnapshotReader::new(bytes)?;
        assert_eq!(reader.base(), BlockHash::from_byte_array([7; 32]));
        reader.collect()
    }

    proptest! {
        #[test]
        fn any_coins_come_back(coins in any_coins()) {
            prop_assert_eq!(read(&write(&coins, coins.len())).unwrap(), coins);
        }

        #[test]
        fn a_snapshot_that_is_too_short_or_too_long_is_refused(coins in any_coins(), place: prop::sample::Index) {
            let count = coins.len();
            let bytes = write(&coins, count);
            let cut = place.index(bytes.len());
            prop_assert!(read(&bytes[..cut]).is_err());
            let long = [&bytes[..], &[0]].concat();
            let error = read(&long).unwrap_err();
            prop_assert!(matches!(error, SnapshotError::Rest(told) if told == count as u64), "{}", error);
            let error = read(&write(&coins, count + 1)).unwrap_err();
            prop_assert!(matches!(error, SnapshotError::End(told) if told == count as u64), "{}", error);
        }
    }

    #[test]
    fn many_and_long_coins_are_read_with_little_memory() {
        let mut coin = crate::coin::parse_coin(&[4, 9, 7, 0x51, 0]).unwrap();
        let mut coins = Vec::new();
        for vout in 0..700 {
            coin.output.script_pubkey = vec![0x51; vout as usize * 10_000 / 699].into();
            let outpoint = OutPoint {
                txid: Txid::all_zeros(),
                vout,
            };
            coins.push((outpoint, coin.clone()));
        }
        let bytes = write(&coins, coins.len());
        let mut reader = SnapshotReader::new(&bytes[..]).unwrap();
        assert_eq!(reader.coins(), 700);
        for expected in &coins {
            assert_eq!(reader.next().unwrap().unwrap(), *expected);
            assert!(reader.window.len() <= CHUNK + LONGEST);
        }
        assert!(reader.next().is_none());
    }
}
