//! What a transaction says of tokens: which of its outputs hold how many of which.
//!
//! Owns the reading. Whether the tokens are there to be moved is another rule's matter.

use bitcoin::Transaction;
use bitcoin::VarInt;
use bitcoin::consensus::encode::Decodable;
use bitcoin::opcodes::all::OP_RETURN;
use thiserror::Error;

use super::TransactionKind;
use crate::compact::{decompress_amount, read_number};
use crate::limits::MAX_MONEY;
use crate::script::{Operations, is_unspendable};

/// The most bytes that may follow an allocation in a transaction that allows for a memo.
const MAX_MEMO: usize = 256;

/// The largest count that a length in front of a list may have.
const MAX_COUNT: u64 = 0x0200_0000;

/// What the data of a witness commitment begins with (BIP 141).
pub(super) const WITNESS_COMMITMENT: [u8; 4] = [0xaa, 0x21, 0xa9, 0xed];

/// Which outputs of a transaction hold which tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetAllocation {
    /// The outputs by token.
    pub assets: Vec<AssetValue>,
}

/// Where one kind of token goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssetValue {
    /// The kind.
    pub asset: u64,
    /// The outputs that hold it.
    pub outputs: Vec<AssetOutput>,
}

/// An output that holds tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AssetOutput {
    /// The output's place.
    pub index: u32,
    /// How many tokens, in their smallest units.
    pub value: u64,
}

/// Why an allocation cannot be read. Upstream cannot read such a transaction, nor a block with one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AssetParseError {
    /// There is no data, or it is no allocation, or too much follows it.
    #[error("Unknown asset data")]
    Unknown,
    /// A kind of token goes nowhere.
    #[error("asset empty outputs")]
    EmptyOutputs,
    /// An output does not exist.
    #[error("asset vout out of range")]
    OutputOutOfRange,
    /// More tokens than there can be.
    #[error("asset vout value out of range")]
    ValueOutOfRange,
}

impl AssetParseError {
    /// Upstream's words.
    pub(super) fn message(self) -> &'static str {
        match self {
            Self::Unknown => "Unknown asset data",
            Self::EmptyOutputs => "asset empty outputs",
            Self::OutputOutOfRange => "asset vout out of range",
            Self::ValueOutOfRange => "asset vout value out of range",
        }
    }
}

/// The place of the first output that cannot be spent: the one with data, and with what is burnt.
pub(super) fn data_output(transaction: &Transaction) -> Option<usize> {
    transaction
        .output
        .iter()
        .position(|output| is_unspendable(&output.script_pubkey))
}

/// What the first output that cannot be spent pushes after its `OP_RETURN`, and after a witness commitment if that comes
/// first. Nothing may follow that can be read as an operation.
pub(crate) fn syscoin_data(transaction: &Transaction) -> Option<&[u8]> {
    let output = &transaction.output[data_output(transaction)?];
    let mut operations = Operations::new(&output.script_pubkey);
    if operations.next()?.opcode != OP_RETURN.to_u8() {
        return None;
    }
    let mut data = operations.next()?.data;
    if data.len() >= 36 && data.starts_with(&WITNESS_COMMITMENT) {
        data = operations.next()?.data;
    }
    operations.next().is_none().then_some(data)
}

/// Reads which outputs of a transaction hold tokens.
///
/// # Errors
/// [`AssetParseError`] if that cannot be read, or not be true.
pub fn parse_allocation(transaction: &Transaction) -> Result<AssetAllocation, AssetParseError> {
    let mut data = syscoin_data(transaction).ok_or(AssetParseError::Unknown)?;
    let allocation = read_allocation(&mut data).ok_or(AssetParseError::Unknown)?;
    let kind = TransactionKind::of(transaction);
    let allows_memo = matches!(kind, TransactionKind::AssetSend | TransactionKind::CoinToAsset);
    if allocation.assets.is_empty() || (allows_memo && data.len() > MAX_MEMO) {
        return Err(AssetParseError::Unknown);
    }
    for asset in &allocation.assets {
        if asset.outputs.is_empty() {
            return Err(AssetParseError::EmptyOutputs);
        }
        for output in &asset.outputs {
            if output.index as usize >= transaction.output.len() {
                return Err(AssetParseError::OutputOutOfRange);
            }
            if output.value > MAX_MONEY {
                return Err(AssetParseError::ValueOutOfRange);
            }
        }
    }
    Ok(allocation)
}

/// Where on the NEVM the tokens of a transaction of version 141 go: what it says after its allocation. Whether that is an
/// address is not checked.
#[must_use]
pub fn nevm_destination(transaction: &Transaction) -> Option<&[u8]> {
    if TransactionKind::of(transaction) != TransactionKind::AssetToNevm {
        return None;
    }
    let mut data = syscoin_data(transaction)?;
    read_allocation(&mut data)?;
    let length = usize::try_from(read_count(&mut data)?).ok()?;
    data.get(..length)
}

/// Reads an allocation, and cuts it off `data`.
pub(crate) fn read_allocation(data: &mut &[u8]) -> Option<AssetAllocation> {
    let assets = read_list(data, |data| {
        let asset = read_number(data)?;
        let outputs = read_list(data, |data| {
            let index = u32::try_from(read_count(data)?).ok()?;
            Some(AssetOutput {
                index,
                value: decompress_amount(read_number(data)?),
            })
        })?;
        Some(AssetValue { asset, outputs })
    })?;
    Some(AssetAllocation { assets })
}

/// A list, and its length before it. A length alone makes nothing be kept.
fn read_list<T>(data: &mut &[u8], read: impl Fn(&mut &[u8]) -> Option<T>) -> Option<Vec<T>> {
    (0..read_count(data)?).map(|_place| read(data)).collect()
}

/// A compact size, which must not be longer than it need be, nor larger than a message.
pub(crate) fn read_count(data: &mut &[u8]) -> Option<u64> {
    let count = VarInt::consensus_decode(data).ok()?.0;
    (count <= MAX_COUNT).then_some(count)
}

#[cfg(test)]
mod tests {
    use bitcoin::script::{Builder, PushBytesBuf};
    use bitcoin::{Amount, TxOut};

    use super::*;
    use crate::transaction::check::tests::transaction;

    fn asset_transaction(version: i32, data: &[u8]) -> Transaction {
        let mut transaction = transaction();
        transaction.version.0 = version;
        let push = PushBytesBuf::try_from(data.to_vec()).expect("short");
        let script_pubkey = Builder::new()
            .push_opcode(OP_RETURN)
            .push_slice(push)
            .into_script();
        transaction.output.push(TxOut {
            value: Amount::ZERO,
            script_pubkey,
        });
        transaction
    }

    fn check(data: &[u8], expected: Result<(), &str>) {
        let result = parse_allocation(&asset_transaction(142, data));
        assert_eq!(
            result.map(|_| ()).map_err(AssetParseError::message),
            expected,
            "{data:?}"
        );
    }

    #[test]
    fn allocations_are_read() {
        let transaction = asset_transaction(142, &[1, 0x80, 0x00, 2, 0, 9, 1, 0]);
        let outputs = vec![
            AssetOutput {
                index: 0,
                value: 100_000_000,
            },
            AssetOutput { index: 1, value: 0 },
        ];
        let assets = vec![AssetValue { asset: 128, outputs }];
        assert_eq!(parse_allocation(&transaction), Ok(AssetAllocation { assets }));
    }

    #[test]
    fn malformed_allocations_are_refused_in_upstreams_words() {
        check(&[1, 5, 1, 0, 9], Ok(()));
        check(&[], Err("Unknown asset data"));
        check(&[0], Err("Unknown asset data"));
        check(&[1], Err("Unknown asset data"));
        check(&[1, 5, 0], Err("asset empty outputs"));
        check(&[1, 5, 1, 2, 9], Err("asset vout out of range"));
        check(&[0xfd, 1, 0, 5, 1, 0, 9], Err("Unknown asset data"));
        check(&[0xfe, 0xff, 0xff, 0xff, 0xff, 5], Err("Unknown asset data"));
        check(
            &[
                1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0, 9,
            ],
            Err("Unknown asset data"),
        );
        // Ten to the eighteenth, which is compressed to ten to the tenth, is one unit too many.
        check(
            &[1, 5, 1, 0, 0xa4, 0x9f, 0xae, 0xc7, 0x00],
            Err("asset vout value out of range"),
        );
    }

    #[test]
    fn memos_may_have_256_bytes() {
        let mut data = vec![1, 5, 1, 0, 9];
        data.resize(5 + 256, 7);
        check(&data, Ok(()));
        data.push(7);
        check(&data, Err("Unknown asset data"));
        assert!(parse_allocation(&asset_transaction(141, &data)).is_ok());
    }

    #[test]
    fn data_may_follow_a_witness_commitment() {
        let mut script = vec![0x6a, 0x24, 0xaa, 0x21, 0xa9, 0xed];
        script.extend([0; 32]);
        script.extend([2, 7, 8]);
        let mut transaction = transaction();
        transaction.output[0].script_pubkey = script.clone().into();
        assert_eq!(syscoin_data(&transaction), Some(&[7, 8][..]));
        script.push(0x51);
        transaction.output[0].script_pubkey = script.into();
        assert_eq!(syscoin_data(&transaction), None);
    }
}
