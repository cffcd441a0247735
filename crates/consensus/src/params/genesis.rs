//! The first block of each chain.
//!
//! All of them have Bitcoin's first transaction, so that nobody can have mined before it was published.

use bitcoin::absolute::LockTime;
use bitcoin::block::{Header, Version};
use bitcoin::opcodes::all::OP_CHECKSIG;
use bitcoin::script::Builder;
use bitcoin::{
    Amount, Block, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut,
    Witness, hashes::Hash, transaction,
};

use crate::limits::COIN;

const TIMESTAMP: &[u8; 69] = b"The Times 03/Jan/2009 Chancellor on brink of second bailout for banks";

/// The key that the coins of the first block were paid to; they can never be spent.
const PUBLIC_KEY: [u8; 65] = [
    0x04, 0x67, 0x8a, 0xfd, 0xb0, 0xfe, 0x55, 0x48, 0x27, 0x19, 0x67, 0xf1, 0xa6, 0x71, 0x30, 0xb7, 0x10,
    0x5c, 0xd6, 0xa8, 0x28, 0xe0, 0x39, 0x09, 0xa6, 0x79, 0x62, 0xe0, 0xea, 0x1f, 0x61, 0xde, 0xb6, 0x49,
    0xf6, 0xbc, 0x3f, 0x4c, 0xef, 0x38, 0xc4, 0xf3, 0x55, 0x04, 0xe5, 0x1e, 0xc1, 0x12, 0xde, 0x5c, 0x38,
    0x4d, 0xf7, 0xba, 0x0b, 0x8d, 0x57, 0x8a, 0x4c, 0x70, 0x2b, 0x6b, 0xf1, 0x1d, 0x5f,
];

/// What the first block of a chain is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Genesis {
    /// Seconds since 1970.
    pub time: u32,
    /// The compact target.
    pub bits: u32,
    /// What makes the hash small enough.
    pub nonce: u32,
}

impl Genesis {
    /// The block.
    #[must_use]
    pub fn block(&self) -> Block {
        let coinbase = coinbase();
        let header = Header {
            version: Version::from_consensus(1),
            prev_blockhash: BlockHash::all_zeros(),
            merkle_root: coinbase.compute_txid().to_raw_hash().into(),
            time: self.time,
            bits: CompactTarget::from_consensus(self.bits),
            nonce: self.nonce,
        };
        Block {
            header,
            txdata: vec![coinbase],
        }
    }

    /// The block's hash.
    #[must_use]
    pub fn hash(&self) -> BlockHash {
        self.block().block_hash()
    }
}

fn coinbase() -> Transaction {
    let script_sig = Builder::new()
        .push_int(0x1d00_ffff)
        .push_slice([4])
        .push_slice(TIMESTAMP)
        .into_script();
    let input = TxIn {
        previous_output: OutPoint::null(),
        script_sig,
        sequence: Sequence::MAX,
        witness: Witness::new(),
    };
    let output = TxOut {
        value: Amount::from_sat(50 * COIN),
        script_pubkey: script_pubkey(),
    };
    Transaction {
        version: transaction::Version::ONE,
        lock_time: LockTime::ZERO,
        input: vec![input],
        output: vec![output],
    }
}

fn script_pubkey() -> ScriptBuf {
    Builder::new()
        .push_slice(PUBLIC_KEY)
        .push_opcode(OP_CHECKSIG)
        .into_script()
}

#[cfg(test)]
mod tests {
    use crate::network::Network;
    use crate::params::Params;

    #[test]
    fn genesis_blocks_have_the_published_hashes() {
        for (network, hash) in [
            (
                Network::Main,
                "0000022642db0346b6e01c2a397471f4f12e65d4f4251ec96c1f85367a61a7ab",
            ),
            (
                Network::Test,
                "0000066e1a6b9cfeac8295dce0cc8d9170690a74bc4878cf8a0b412554f5c222",
            ),
            (
                Network::Signet,
                "00000008819873e925422c1ff0f99f7cc9bbb232af63a077a480a3633bee1ef6",
            ),
            (
                Network::Regtest,
                "28a2c2d251f46fac05ade79085cbcb2ae4ec67ea24f1f1c7b40a348c00521194",
            ),
        ] {
            let genesis = Params::new(network).genesis;
            assert_eq!(genesis.hash().to_string(), hash, "{network}");
            assert_eq!(
                genesis.block().header.merkle_root.to_string(),
                "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b"
            );
            assert!(genesis.block().check_merkle_root());
        }
    }
}
