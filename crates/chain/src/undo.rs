//! What a block spent, in upstream's format: with it the block can be taken back.

use bitcoin::VarInt;
use bitcoin::consensus::Encodable;
use bitcoin::consensus::encode::Decodable;
use consensus::compact::{read_number, write_number};
use consensus::transaction::Coin;
use thiserror::Error;

use crate::coin::{CoinError, code, read_code, read_output, write_output};

/// The coins that a block spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockUndo {
    /// For each transaction but the coinbase, in their order.
    pub transactions: Vec<TransactionUndo>,
}

/// The coins that a transaction spent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TransactionUndo {
    /// For each input, in their order.
    pub coins: Vec<Coin>,
}

/// Bytes that are no undo data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum UndoError {
    /// A count in them is none.
    #[error("undo data has no count where one should be")]
    Count,
    /// A coin in them is none.
    #[error(transparent)]
    Coin(#[from] CoinError),
    /// There are too many of them.
    #[error("undo data is followed by {0} bytes")]
    Rest(usize),
}

impl BlockUndo {
    /// The bytes, as they stand in `rev` files.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_count(self.transactions.len(), &mut bytes);
        for transaction in &self.transactions {
            write_count(transaction.coins.len(), &mut bytes);
            for coin in &transaction.coins {
                write_number(code(coin), &mut bytes);
                // Upstream once wrote a transaction's version here.
                if coin.height > 0 {
                    bytes.push(0);
                }
                write_output(coin, &mut bytes);
            }
        }
        bytes
    }

    /// Reads undo data that is all of `data`.
    ///
    /// # Errors
    /// [`UndoError`] if it is none, or more.
    pub fn parse(mut data: &[u8]) -> Result<Self, UndoError> {
        let transactions = read_list(&mut data, |data| {
            let coins = read_list(data, |data| Ok(read_spent(data)?))?;
            Ok(TransactionUndo { coins })
        })?;
        match data.len() {
            0 => Ok(Self { transactions }),
            rest => Err(UndoError::Rest(rest)),
        }
    }
}

fn write_count(count: usize, bytes: &mut Vec<u8>) {
    VarInt::from(count)
        .consensus_encode(bytes)
        .expect("writing to memory does not fail");
}

/// A list, and its length before it. A length alone makes nothing be kept.
fn read_list<T>(
    data: &mut &[u8],
    read: impl Fn(&mut &[u8]) -> Result<T, UndoError>,
) -> Result<Vec<T>, UndoError> {
    let count = VarInt::consensus_decode(data).map_err(|_error| UndoError::Count)?;
    (0..count.0).map(|_place| read(data)).collect()
}

fn read_spent(data: &mut &[u8]) -> Result<Coin, CoinError> {
    let (height, is_coinbase) = read_code(data)?;
    if height > 0 {
        read_number(data).ok_or(CoinError::Number)?;
    }
    read_output(data, height, is_coinbase)
}

#[cfg(test)]
pub(crate) mod tests {
    use bitcoin::{Amount, ScriptBuf, TxOut};
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::coin::tests::any_coin;

    pub(crate) fn any_undo() -> impl Strategy<Value = BlockUndo> {
        let transaction = vec(any_coin(), 0..4).prop_map(|coins| TransactionUndo { coins });
        vec(transaction, 0..4).prop_map(|transactions| BlockUndo { transactions })
    }

    fn coin(height: u32) -> Coin {
        let output = TxOut {
            value: Amount::from_sat(5_000_000_000),
            script_pubkey: ScriptBuf::from_bytes(vec![0x51]),
        };
        Coin::new(output, height, true)
    }

    #[test]
    fn a_zero_follows_heights_other_than_that_of_the_genesis_block() {
        let undo = BlockUndo {
            transactions: vec![
                TransactionUndo { coins: vec![coin(0)] },
                TransactionUndo { coins: vec![coin(3)] },
            ],
        };
        let bytes = [2, 1, 1, 50, 7, 0x51, 0, 1, 7, 0, 50, 7, 0x51, 0];
        assert_eq!(undo.to_bytes(), bytes);
        assert_eq!(BlockUndo::parse(&bytes), Ok(undo));
    }

    #[test]
    fn what_is_no_undo_data_is_refused() {
        for (bytes, expected) in [
            (&[][..], UndoError::Count),
            (&[1], UndoError::Count),
            (&[0xfd, 1, 0, 0], UndoError::Count),
            (&[0, 0], UndoError::Rest(1)),
            (&[1, 1], UndoError::Coin(CoinError::Number)),
            (
                &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 1],
                UndoError::Coin(CoinError::Number),
            ),
        ] {
            assert_eq!(BlockUndo::parse(bytes), Err(expected), "{bytes:?}");
        }
    }

    proptest! {
        #[test]
        fn any_undo_data_comes_back(undo in any_undo()) {
            prop_assert_eq!(BlockUndo::parse(&undo.to_bytes()), Ok(undo));
        }

        #[test]
        fn any_bytes_are_undo_data_or_refused(bytes: Vec<u8>) {
            if let Ok(undo) = BlockUndo::parse(&bytes) {
                prop_assert_eq!(BlockUndo::parse(&undo.to_bytes()), Ok(undo));
            }
        }
    }
}
