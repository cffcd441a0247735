//! Coins in a directory of their own, and blocks that nobody mined.

#![expect(clippy::unwrap_used, reason = "a test that fails may say so by panicking")]

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid, Witness,
    absolute, transaction,
};
use chain::coins::{CoinsCache, CoinsDatabase, Overwrite};
use chain::connect::{ConnectContext, ConnectFailure, Connected, ScriptChecker, connect_block};
use chain::database::Contents;
use consensus::block::{Block, HashedBlock, transactions_root};
use consensus::transaction::Coin;
use consensus::{Network, Params};
use tempfile::TempDir;

/// The height at which blocks are connected: that of no superblock, and below DIP3.
pub(crate) const HEIGHT: u32 = 201;

pub(crate) struct Rig {
    _directory: TempDir,
    pub(crate) cache: CoinsCache,
    pub(crate) params: Params,
}

impl Rig {
    pub(crate) fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let database = CoinsDatabase::open(directory.path(), [1; 4], Contents::Keep, 1 << 20).unwrap();
        let mut cache = CoinsCache::new(database).unwrap();
        cache.set_best_block(previous());
        Self {
            _directory: directory,
            cache,
            params: Params::new(Network::Regtest),
        }
    }

    /// Makes a coin, and returns what spends it.
    pub(crate) fn coin(&mut self, number: u8, coin: Coin) -> OutPoint {
        let outpoint = OutPoint::new(Txid::from_byte_array([number; 32]), number.into());
        self.cache.add(outpoint, coin, Overwrite::Never).unwrap();
        outpoint
    }

    /// Connects a block of these transactions after the coinbase, which takes what it may, and undoes that.
    pub(crate) fn connect(
        &mut self,
        transactions: Vec<Transaction>,
        fees: u64,
    ) -> Result<Connected, ConnectFailure> {
        let block = block(transactions, subsidy() + fees);
        self.connect_block(&block, None)
    }

    pub(crate) fn connect_block(
        &mut self,
        block: &Block,
        scripts: Option<&ScriptChecker>,
    ) -> Result<Connected, ConnectFailure> {
        let context = ConnectContext {
            height: HEIGHT,
            median_time_past: &median_time_past,
            scripts,
        };
        connect_block(
            &HashedBlock::new(block),
            &context,
            &mut self.cache.view(),
            &self.params,
        )
    }

    /// Why a block is refused, with the details.
    pub(crate) fn refusal(&mut self, transactions: Vec<Transaction>) -> String {
        self.connect(transactions, 0).unwrap_err().to_string()
    }
}

/// What a coinbase may take at [`HEIGHT`] beside fees.
pub(crate) fn subsidy() -> u64 {
    2_500_000_000
}

/// A block each ten minutes.
pub(crate) fn median_time_past(height: u32) -> u32 {
    1_600_000_000 + 600 * height
}

pub(crate) fn previous() -> BlockHash {
    BlockHash::from_byte_array([8; 32])
}

pub(crate) fn output(value: u64, script: &[u8]) -> TxOut {
    TxOut {
        value: Amount::from_sat(value),
        script_pubkey: ScriptBuf::from_bytes(script.to_vec()),
    }
}

/// A coin of a script that anyone can satisfy.
pub(crate) fn coin(value: u64, height: u32, is_coinbase: bool) -> Coin {
    Coin::new(output(value, &[0x51]), height, is_coinbase)
}

pub(crate) fn input(previous_output: OutPoint) -> TxIn {
    TxIn {
        previous_output,
        script_sig: ScriptBuf::new(),
        sequence: Sequence::MAX,
        witness: Witness::new(),
    }
}

/// A transaction that spends these outputs and pays to one script that anyone can satisfy.
pub(crate) fn spend(outpoints: &[OutPoint], value: u64) -> Transaction {
    Transaction {
        version: transaction::Version::TWO,
        lock_time: absolute::LockTime::ZERO,
        input: outpoints.iter().copied().map(input).collect(),
        output: vec![output(value, &[0x51])],
    }
}

pub(crate) fn coinbase(value: u64) -> Transaction {
    let mut coinbase = spend(&[OutPoint::null()], value);
    coinbase.input[0].script_sig = ScriptBuf::from_bytes(vec![2, 201, 0, 1, 1]);
    coinbase
}

/// A block after [`previous`] whose coinbase takes so much.
pub(crate) fn block(transactions: Vec<Transaction>, value: u64) -> Block {
    let mut all = vec![coinbase(value)];
    all.extend(transactions);
    let header = Header {
        version: Version::from_consensus(0x2000_0000),
        prev_blockhash: previous(),
        merkle_root: transactions_root(&all).root,
        time: 1_700_000_000,
        bits: CompactTarget::from_consensus(0x207f_ffff),
        nonce: 0,
    };
    Block::from(bitcoin::Block { header, txdata: all })
}
