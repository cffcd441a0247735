//! Transactions that stand for data which is kept outside of blocks.
//!
//! Owns the rules of what is in the block. Nothing here has the data, nor checks it.

use bitcoin::Transaction;
use bitcoin::consensus::encode::{Decodable, VarInt};

use super::{Block, BlockError};
use crate::params::Params;
use crate::transaction::{TransactionKind, syscoin_data};

/// How many of them a block may have.
const MAX_BLOBS: usize = 32;

/// How long the data must be there, counted from the median time of the block, in seconds.
const DATA_DUE_FOR: u64 = 2 * 60 * 60;

/// Keccak-256 of the data, which nothing says; or a byte that says which hash it is, and that hash.
const HASH_LENGTHS: [u64; 2] = [32, 33];

/// The byte of BLAKE2s.
const BLAKE2S: u8 = 1;

/// Checks how many blobs a block has, and that each says which one it is.
///
/// # Consensus
/// The first output that cannot be spent carries the hash of the data, with its length before it and nothing after it.
pub(super) fn check_blobs(block: &Block, height: u32, params: &Params) -> Result<(), BlockError> {
    if !params.heights.poda.is_active(height) {
        return Ok(());
    }
    let mut blobs = blobs(block);
    if blobs.clone().count() > MAX_BLOBS || !blobs.all(names_blob) {
        return Err(BlockError::Blobs);
    }
    Ok(())
}

/// Checks that a block of this height is old enough to be taken without the data of its blobs, which this node never has.
/// `median_time` is that of the block and the ten before it.
///
/// # Errors
/// [`BlockError::BlobDataMissing`] if it is not. It will be.
pub fn check_blob_data(
    block: &Block,
    height: u32,
    median_time: u32,
    now: u64,
    params: &Params,
) -> Result<(), BlockError> {
    let is_due = u64::from(median_time) + DATA_DUE_FOR >= now;
    if is_due && params.heights.poda.is_active(height) && blobs(block).next().is_some() {
        return Err(BlockError::BlobDataMissing);
    }
    Ok(())
}

fn blobs(block: &Block) -> impl Iterator<Item = &Transaction> + Clone {
    block
        .transactions
        .iter()
        .filter(|transaction| TransactionKind::of(transaction) == TransactionKind::Blob)
}

fn names_blob(transaction: &Transaction) -> bool {
    let Some(mut data) = syscoin_data(transaction) else {
        return false;
    };
    let Ok(length) = VarInt::consensus_decode(&mut data) else {
        return false;
    };
    let has_known_hash = data.len() == 32 || data.first() == Some(&BLAKE2S);
    HASH_LENGTHS.contains(&length.0) && data.len() as u64 == length.0 && has_known_hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;
    use crate::transaction::{output, transaction};

    /// A transaction of version 137 with this data.
    fn blob(data: &[u8]) -> Transaction {
        let mut blob = transaction();
        blob.version.0 = 137;
        let mut carrier = output(0);
        let mut script = vec![0x6a, u8::try_from(data.len()).unwrap()];
        script.extend(data);
        carrier.script_pubkey = script.into();
        blob.output.push(carrier);
        blob
    }

    fn hash(length: u8, first: u8) -> Vec<u8> {
        let mut data = vec![length, first];
        data.resize(usize::from(length) + 1, 7);
        data
    }

    fn block(transactions: Vec<Transaction>) -> Block {
        let mut block = Block::from(Params::new(Network::Regtest).genesis.block());
        block.transactions.extend(transactions);
        block
    }

    fn check(height: u32, transactions: Vec<Transaction>) -> Result<(), String> {
        let params = Params::new(Network::Main);
        check_blobs(&block(transactions), height, &params).map_err(|error| error.reject_reason())
    }

    #[test]
    fn blobs_name_their_data_and_nothing_else() {
        let height = 1_586_000;
        let refused = Err("poda-validation-failed".to_owned());
        for data in [hash(32, 0), hash(32, 1), hash(33, 1)] {
            assert_eq!(check(height, vec![blob(&data)]), Ok(()));
        }
        for data in [
            vec![],
            hash(31, 1),
            hash(33, 0),
            hash(33, 2),
            hash(34, 1),
            [hash(32, 0), vec![0]].concat(),
            hash(32, 0)[..32].to_vec(),
            [vec![0xfd, 32, 0], vec![7; 32]].concat(),
        ] {
            assert_eq!(check(height, vec![blob(&data)]), refused, "{data:?}");
            assert_eq!(check(height - 1, vec![blob(&data)]), Ok(()));
        }
        let mut without_data = transaction();
        without_data.version.0 = 137;
        assert_eq!(check(height, vec![without_data]), refused);
        assert_eq!(check(height, vec![blob(&hash(32, 0)); 32]), Ok(()));
        assert_eq!(check(height, vec![blob(&hash(32, 0)); 33]), refused);
    }

    #[test]
    fn blocks_with_blobs_are_taken_when_nobody_must_have_their_data() {
        let params = Params::new(Network::Regtest);
        let check = |transactions, now| {
            check_blob_data(&block(transactions), 1, 1000, now, &params).map_err(|error| error.result())
        };
        let mutated = Err(crate::error::BlockResult::Mutated);
        assert_eq!(check(vec![blob(&hash(32, 0))], 1000), mutated);
        assert_eq!(check(vec![blob(&hash(32, 0))], 1000 + 7200), mutated);
        assert_eq!(check(vec![blob(&hash(32, 0))], 1000 + 7201), Ok(()));
        assert_eq!(check(vec![transaction()], 1000), Ok(()));
    }
}
