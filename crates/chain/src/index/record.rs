//! What is known of a block.

use bitcoin::block::Header;
use bitcoin::consensus::encode;

use crate::FilePosition;

/// Up to where a block was found valid, its ancestors included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Validity {
    /// The header.
    Header,
    /// The transactions by themselves, and their place in the header.
    Transactions,
    /// The coins that it spends.
    Coins,
    /// The scripts: all of it.
    Scripts,
}

/// Whether a block was found invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Failure {
    /// It was not.
    None,
    /// It is invalid itself.
    Own,
    /// A block before it is invalid.
    Ancestor,
}

/// What is known of a block. The work of another chain that a header may come with is kept with the block alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRecord {
    /// The first 80 bytes of the header.
    pub header: Header,
    /// How many blocks are before it.
    pub height: u32,
    /// Up to where it was found valid.
    pub validity: Validity,
    /// Whether it was found invalid.
    pub failure: Failure,
    /// Whether witnesses counted when it was taken in (BIP 141).
    pub is_segwit: bool,
    /// How many transactions it has; zero if it was never there.
    pub transactions: u32,
    /// Where the block is, if it is there.
    pub position: Option<FilePosition>,
    /// Where its undo data is, if it is there.
    pub undo_position: Option<FilePosition>,
}

/// In the byte of the validity: that witnesses counted.
const SEGWIT: u8 = 0x80;

/// How long a record is: the header, a byte each for validity and failure, the number of transactions, and two positions.
const LENGTH: usize = 80 + 1 + 1 + 4 + 8 + 8;

impl IndexRecord {
    /// The bytes of all but the height. Numbers are little-endian.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = encode::serialize(&self.header);
        let validity = match self.validity {
            Validity::Header => 0,
            Validity::Transactions => 1,
            Validity::Coins => 2,
            Validity::Scripts => 3,
        };
        bytes.push(validity | if self.is_segwit { SEGWIT } else { 0 });
        bytes.push(match self.failure {
            Failure::None => 0,
            Failure::Own => 1,
            Failure::Ancestor => 2,
        });
        bytes.extend(self.transactions.to_le_bytes());
        for position in [self.position, self.undo_position] {
            // Nothing is ever at the beginning of a file.
            let position = position.unwrap_or(FilePosition { file: 0, offset: 0 });
            bytes.extend(position.file.to_le_bytes());
            bytes.extend(position.offset.to_le_bytes());
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    pub(super) fn parse(bytes: &[u8], height: u32) -> Option<Self> {
        let bytes: &[u8; LENGTH] = bytes.try_into().ok()?;
        let (header, rest) = bytes.split_at(80);
        let number = |place: usize| {
            let bytes = rest[place..].first_chunk().expect("the length was checked");
            u32::from_le_bytes(*bytes)
        };
        let position = |place| {
            let position = FilePosition {
                file: number(place),
                offset: number(place + 4),
            };
            (position.offset != 0).then_some(position)
        };
        Some(Self {
            header: encode::deserialize(header).ok()?,
            height,
            is_segwit: rest[0] & SEGWIT != 0,
            validity: match rest[0] & !SEGWIT {
                0 => Validity::Header,
                1 => Validity::Transactions,
                2 => Validity::Coins,
                3 => Validity::Scripts,
                _ => return None,
            },
            failure: match rest[1] {
                0 => Failure::None,
                1 => Failure::Own,
                2 => Failure::Ancestor,
                _ => return None,
            },
            transactions: number(2),
            position: position(6),
            undo_position: position(14),
        })
    }
}

#[cfg(test)]
pub(super) mod tests {
    use bitcoin::block::Version;
    use bitcoin::hashes::Hash;
    use bitcoin::{BlockHash, CompactTarget, TxMerkleNode};
    use proptest::prelude::*;

    use super::*;

    fn any_position() -> impl Strategy<Value = Option<FilePosition>> {
        prop::option::of((any::<u32>(), 1_u32..).prop_map(|(file, offset)| FilePosition { file, offset }))
    }

    /// Records that may be there, with little variety in their headers.
    pub(in crate::index) fn any_record() -> impl Strategy<Value = IndexRecord> {
        let validity = prop::sample::select(vec![
            Validity::Header,
            Validity::Transactions,
            Validity::Coins,
            Validity::Scripts,
        ]);
        let failure = prop::sample::select(vec![Failure::None, Failure::Own, Failure::Ancestor]);
        let numbers = (0_u32..5, 0_u32..5, any::<u32>());
        let state = (validity, any::<bool>(), failure);
        (numbers, state, any_position(), any_position()).prop_map(
            |((height, nonce, transactions), (validity, is_segwit, failure), position, undo_position)| {
                IndexRecord {
                    header: Header {
                        version: Version::from_consensus(0x2010_0000),
                        prev_blockhash: BlockHash::hash(&height.to_le_bytes()),
                        merkle_root: TxMerkleNode::all_zeros(),
                        time: 7,
                        bits: CompactTarget::from_consensus(0x207f_ffff),
                        nonce,
                    },
                    height,
                    validity,
                    is_segwit,
                    failure,
                    transactions,
                    position,
                    undo_position,
                }
            },
        )
    }

    proptest! {
        #[test]
        fn any_record_comes_back(record in any_record()) {
            let bytes = record.to_bytes();
            prop_assert_eq!(bytes.len(), LENGTH);
            prop_assert_eq!(IndexRecord::parse(&bytes[1..], record.height), None);
            prop_assert_eq!(IndexRecord::parse(&bytes, record.height), Some(record));
        }

        #[test]
        fn any_bytes_are_a_record_or_refused(
            header: [u8; 32], validity in 0_u8..6, failure in 0_u8..5, numbers: [u8; 20],
        ) {
            let bytes = [&header[..], &header, &header[..16], &[validity, failure], &numbers].concat();
            let record = IndexRecord::parse(&bytes, 3);
            prop_assert_eq!(record.is_some(), validity < 4 && failure < 3);
            if let Some(record) = record {
                prop_assert_eq!(IndexRecord::parse(&record.to_bytes(), 3), Some(record));
            }
        }
    }
}
