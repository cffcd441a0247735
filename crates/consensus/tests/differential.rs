//! Blocks that are as Bitcoin's, read and measured as the `bitcoin` crate does.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::consensus::encode::{deserialize, serialize};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxMerkleNode, TxOut,
    Txid, Witness, transaction,
};
use consensus::block::{Block, WITNESS_RESERVED_VALUE, transactions_root, witness_commitment};
use proptest::prelude::*;

/// The bits of merge mining and of NEVM data, with which blocks are not as Bitcoin's.
const SYSCOIN_BITS: i32 = 0x180;

fn bytes(length: usize) -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), 0..length)
}

fn input() -> impl Strategy<Value = TxIn> {
    let witness = proptest::collection::vec(bytes(40), 0..3);
    (any::<[u8; 32]>(), any::<u32>(), bytes(300), any::<u32>(), witness).prop_map(
        |(txid, vout, script, sequence, witness)| TxIn {
            previous_output: OutPoint {
                txid: Txid::from_byte_array(txid),
                vout,
            },
            script_sig: ScriptBuf::from_bytes(script),
            sequence: Sequence(sequence),
            witness: Witness::from_slice(&witness),
        },
    )
}

fn output() -> impl Strategy<Value = TxOut> {
    (any::<u64>(), bytes(300)).prop_map(|(units, script)| TxOut {
        value: Amount::from_sat(units),
        script_pubkey: ScriptBuf::from_bytes(script),
    })
}

/// A transaction of any version but those of assets.
fn transaction() -> impl Strategy<Value = Transaction> {
    let version = any::<i32>().prop_filter("no assets", |version| !(138..=142).contains(version));
    let inputs = proptest::collection::vec(input(), 1..4);
    let outputs = proptest::collection::vec(output(), 0..4);
    (version, inputs, outputs, any::<u32>()).prop_map(|(version, input, output, lock_time)| Transaction {
        version: transaction::Version(version),
        lock_time: LockTime::from_consensus(lock_time),
        input,
        output,
    })
}

fn block() -> impl Strategy<Value = bitcoin::Block> {
    let numbers = (any::<i32>(), any::<u32>(), any::<u32>(), any::<u32>());
    let hashes = (any::<[u8; 32]>(), any::<[u8; 32]>());
    let transactions = proptest::collection::vec(transaction(), 1..6);
    (numbers, hashes, transactions).prop_map(|((version, time, bits, nonce), (previous, root), txdata)| {
        let header = Header {
            version: Version::from_consensus(version & !SYSCOIN_BITS),
            prev_blockhash: BlockHash::from_byte_array(previous),
            merkle_root: TxMerkleNode::from_byte_array(root),
            time,
            bits: CompactTarget::from_consensus(bits),
            nonce,
        };
        bitcoin::Block { header, txdata }
    })
}

proptest! {
    #[test]
    fn blocks_have_the_bytes_and_measures_of_bitcoins(theirs in block()) {
        let ours = Block::from(theirs.clone());
        let bytes = serialize(&theirs);
        prop_assert_eq!(&serialize(&ours), &bytes);
        prop_assert_eq!(&deserialize::<Block>(&bytes).expect("the bytes are a block"), &ours);
        prop_assert_eq!(ours.header.block_hash(), theirs.block_hash());
        prop_assert_eq!(ours.weight(), theirs.weight().to_wu());
        prop_assert_eq!(ours.total_size(), theirs.total_size() as u64);
        prop_assert_eq!(Some(transactions_root(&ours.transactions).root), theirs.compute_merkle_root());
        let root = theirs.witness_root().expect("there are transactions");
        prop_assert_eq!(
            witness_commitment(&ours.transactions, &WITNESS_RESERVED_VALUE),
            bitcoin::Block::compute_witness_commitment(&root, &WITNESS_RESERVED_VALUE).to_byte_array()
        );
    }

    #[test]
    fn damaged_blocks_are_read_or_refused_as_bitcoins(
        theirs in block(),
        place in any::<prop::sample::Index>(),
        flip in 1_u8..=255,
        length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = serialize(&theirs);
        let place = place.index(bytes.len());
        bytes[place] ^= flip;
        for bytes in [&bytes[..], &bytes[..length.index(bytes.len())]] {
            let theirs = deserialize::<bitcoin::Block>(bytes).ok();
            let is_as_bitcoins = theirs.as_ref().is_none_or(|block| {
                block.header.version.to_consensus() & SYSCOIN_BITS == 0
                    && block.txdata.iter().all(|transaction| !(138..=142).contains(&transaction.version.0))
            });
            let is_plain = bytes.len() < 4 || (u32::from(bytes[0]) | u32::from(bytes[1]) << 8) & 0x180 == 0;
            if is_as_bitcoins && is_plain {
                let lacks_inputs = |transaction: &Transaction| transaction.input.is_empty();
                let ours = deserialize::<Block>(bytes).ok();
                // Only nodes can read some transactions without inputs, and only that crate others.
                let is_odd = |transactions: &[Transaction]| transactions.iter().any(lacks_inputs);
                match (&ours, &theirs) {
                    (Some(ours), None) => prop_assert!(is_odd(&ours.transactions)),
                    (None, Some(theirs)) => prop_assert!(is_odd(&theirs.txdata)),
                    _ => prop_assert_eq!(ours, theirs.map(Block::from)),
                }
            }
        }
    }
}
