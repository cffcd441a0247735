//! Indexes of chains that are reorganised, and of chains that forget.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bitcoin::block::{Header, Version};
use bitcoin::hashes::Hash;
use bitcoin::{
    Amount, BlockHash, CompactTarget, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness,
};
use consensus::block::{Block, transactions_root};
use consensus::transaction::Coin;
use consensus::{Network, Params};
use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::database::Contents;
use crate::files::{BlockFiles, FileInfo, FileSizes, FilesConfig};
use crate::snapshot::{HashKind, statistics};
use crate::undo::TransactionUndo;

const MAGIC: [u8; 4] = [0xfa, 0xbf, 0xb5, 0xda];

type Coins = BTreeMap<OutPoint, Coin>;

/// A chain of blocks that nobody mined.
struct TestChain {
    directory: TempDir,
    files: BlockFiles,
    /// Where blocks that were ever in the chain and their undo data are.
    known: HashMap<BlockHash, (FilePosition, FilePosition)>,
    active: Vec<BlockHash>,
    /// The coins after each block of the chain.
    coins: Vec<Coins>,
    /// How many blocks were made, so that no two are alike.
    made: u32,
}

fn open_files(directory: &TempDir, infos: Vec<FileInfo>) -> BlockFiles {
    let config = FilesConfig {
        directory: directory.path().to_path_buf(),
        magic: MAGIC,
        sizes: FileSizes::Small,
    };
    BlockFiles::new(config, (0..).zip(infos))
}

impl TestChain {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let mut chain = Self {
            files: open_files(&directory, Vec::new()),
            directory,
            known: HashMap::new(),
            active: Vec::new(),
            coins: Vec::new(),
            made: 0,
        };
        let genesis = Block::from(Params::new(Network::Regtest).genesis.block());
        chain.add(&genesis, &BlockUndo::default(), Coins::new());
        chain
    }

    fn height(&self) -> u32 {
        u32::try_from(self.active.len()).unwrap() - 1
    }

    fn tip(&self) -> BlockId {
        self.id(self.height())
    }

    fn id(&self, height: u32) -> BlockId {
        let hash = self.active[height as usize];
        BlockId { height, hash }
    }

    /// Makes a block that spends up to so many coins.
    fn extend(&mut self, spends: usize) {
        self.made += 1;
        let height = self.height() + 1;
        let mut coins = self.coins.last().unwrap().clone();
        let mut transactions = vec![self.transaction(vec![TxIn {
            previous_output: OutPoint::null(),
            ..input(OutPoint::null(), self.made)
        }])];
        add_coins(&transactions[0], height, &mut coins);
        let mut undo = BlockUndo::default();
        for _turn in 0..spends {
            // The last one is sometimes of this very block.
            let last = coins.pop_last();
            let Some((outpoint, coin)) = last else { break };
            let transaction = self.transaction(vec![input(outpoint, self.made)]);
            add_coins(&transaction, height, &mut coins);
            transactions.push(transaction);
            undo.transactions.push(TransactionUndo { coins: vec![coin] });
        }
        let header = Header {
            version: Version::from_consensus(0x2000_0000),
            prev_blockhash: self.tip().hash,
            merkle_root: transactions_root(&transactions).root,
            time: self.made,
            bits: CompactTarget::from_consensus(0x207f_ffff),
            nonce: 0,
        };
        let block = Block::from(bitcoin::Block {
            header,
            txdata: transactions,
        });
        self.add(&block, &undo, coins);
    }

    /// A transaction that pays to a script of its own, to the same one as all, and to one that cannot be fulfilled.
    fn transaction(&self, input: Vec<TxIn>) -> Transaction {
        let own = [&[4][..], &self.made.to_le_bytes()].concat();
        let output = [own, vec![0x51], vec![0x6a]].map(|script| TxOut {
            value: Amount::from_sat(u64::from(self.made) * 1000),
            script_pubkey: ScriptBuf::from_bytes(script),
        });
        Transaction {
            version: bitcoin::transaction::Version::TWO,
            lock_time: bitcoin::absolute::LockTime::ZERO,
            input,
            output: output.to_vec(),
        }
    }

    fn add(&mut self, block: &Block, undo: &BlockUndo, coins: Coins) {
        let bytes = bitcoin::consensus::serialize(block);
        let height = u32::try_from(self.active.len()).unwrap();
        let position = self.files.append_block(&bytes, height, 0).unwrap();
        let previous = block.header.pure().prev_blockhash;
        let undo_position = self.files.append_undo(position.file, undo, previous).unwrap();
        let hash = block.header.block_hash();
        self.known.insert(hash, (position, undo_position));
        self.active.push(hash);
        self.coins.push(coins);
    }

    /// Leaves the last blocks, but never the genesis block.
    fn leave(&mut self, blocks: usize) {
        let rest = self.active.len().saturating_sub(blocks).max(1);
        self.active.truncate(rest);
        self.coins.truncate(rest);
    }
}

fn input(previous_output: OutPoint, number: u32) -> TxIn {
    TxIn {
        previous_output,
        script_sig: ScriptBuf::from_bytes(number.to_le_bytes().to_vec()),
        sequence: Sequence::MAX,
        witness: Witness::from_slice(&[[7; 3]]),
    }
}

fn add_coins(transaction: &Transaction, height: u32, coins: &mut Coins) {
    let txid = transaction.compute_txid();
    // The last output cannot be spent.
    for (vout, output) in (0..2).zip(&transaction.output) {
        let coin = Coin::new(output.clone(), height, transaction.is_coinbase());
        coins.insert(OutPoint { txid, vout }, coin);
    }
}

impl IndexedChain for TestChain {
    fn hash_at(&self, height: u32) -> Option<BlockHash> {
        self.active.get(height as usize).copied()
    }

    fn read(&self, id: &BlockId) -> Result<IndexedBlock, ChainError> {
        let (position, undo_position) = *self.known.get(&id.hash).ok_or(ChainError::NoData(id.hash))?;
        let block = self.files.read_block(position)?;
        let previous = block.header.pure().prev_blockhash;
        Ok(IndexedBlock {
            id: *id,
            undo: self.files.read_undo(undo_position, previous)?,
            block,
            position,
        })
    }

    fn taken_in(&self, _index: &'static str, height: u32) {
        assert!(height <= self.height());
    }
}

/// All indexes of a directory.
struct Indexes {
    filters: FilterIndex,
    transactions: TransactionIndex,
    statistics: StatisticsIndex,
}

impl Indexes {
    fn open(directory: &TempDir) -> Self {
        let path = directory.path();
        let params = Arc::new(Params::new(Network::Regtest));
        Self {
            filters: FilterIndex::open(path, MAGIC, Contents::Keep, 1 << 20).unwrap(),
            transactions: TransactionIndex::open(path, MAGIC, Contents::Keep, 1 << 20).unwrap(),
            statistics: StatisticsIndex::open(path, params, Contents::Keep, 1 << 20).unwrap(),
        }
    }

    fn catch_up(&self, chain: &TestChain) {
        let indexes: [&dyn Index; 3] = [&self.filters, &self.transactions, &self.statistics];
        for index in indexes {
            let best = catch_up(index, chain, &|| false).unwrap();
            assert_eq!(best, Some(chain.tip()), "{}", index.name());
        }
    }

    /// Compares the indexes with those that are made of the chain at once, and with its coins.
    fn check(&self, chain: &TestChain) {
        let directory = TempDir::new().unwrap();
        let fresh = Self::open(&directory);
        fresh.catch_up(chain);
        for height in 0..=chain.height() {
            let id = chain.id(height);
            let block = chain.read(&id).unwrap();
            let record = self.filters.record(&id).unwrap().unwrap();
            assert_eq!(fresh.filters.record(&id).unwrap(), Some(record));
            let filter = self.filters.filter(&id).unwrap().unwrap();
            assert_eq!(record.hash, bitcoin::bip158::FilterHash::hash(&filter));
            let script = block.block.transactions[0].output[0].script_pubkey.as_bytes();
            assert_eq!(self.filters.matches_any(&id, [script]).unwrap(), Some(true));
            let record = self.statistics.record(&id).unwrap().unwrap();
            assert_eq!(fresh.statistics.record(&id).unwrap(), Some(record));
            for transaction in block.block.transactions {
                let txid = transaction.compute_txid();
                let expected = (height > 0).then_some((id.hash, transaction));
                assert_eq!(self.transactions.find(&txid, &chain.files).unwrap(), expected);
            }
        }
        let record = self.statistics.record(&chain.tip()).unwrap().unwrap();
        let coins = chain.coins.last().unwrap().clone();
        let expected = statistics(coins.into_iter().map(Ok::<_, ()>), HashKind::MuHash).unwrap();
        assert_eq!(Some(record.hash), expected.hash);
        assert_eq!(
            (record.coins, u128::from(record.amount)),
            (expected.coins, expected.amount)
        );
        assert_eq!(record.bogo_size, expected.bogo_size);
        let totals = record.totals;
        // What was ever created is a coin, was spent, or cannot be spent.
        let created = totals.new_outputs + totals.coinbase;
        assert_eq!(created - totals.spent, i128::from(record.amount));
        assert_eq!(totals.subsidy - totals.unspendable(), i128::from(record.amount));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Extend(Vec<usize>),
    /// Leaves blocks for others.
    Reorganise(usize, Vec<usize>),
    /// Goes back to blocks that were left.
    Return,
    CatchUp,
    Reopen,
}

fn any_step() -> impl Strategy<Value = Step> {
    let blocks = || prop::collection::vec(0_usize..4, 1..6);
    prop_oneof![
        2 => blocks().prop_map(Step::Extend),
        2 => (1_usize..8, blocks()).prop_map(|(depth, blocks)| Step::Reorganise(depth, blocks)),
        1 => Just(Step::Return),
        3 => Just(Step::CatchUp),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn indexes_are_as_if_they_had_been_made_of_the_present_chain(
        steps in prop::collection::vec(any_step(), 1..12),
    ) {
        let directory = TempDir::new().unwrap();
        let mut indexes = Indexes::open(&directory);
        let mut chain = TestChain::new();
        let mut left = (chain.active.clone(), chain.coins.clone());
        for step in steps {
            match step {
                Step::Extend(blocks) => blocks.into_iter().for_each(|spends| chain.extend(spends)),
                Step::Reorganise(depth, blocks) => {
                    left = (chain.active.clone(), chain.coins.clone());
                    chain.leave(depth);
                    blocks.into_iter().for_each(|spends| chain.extend(spends));
                }
                Step::Return => {
                    std::mem::swap(&mut chain.active, &mut left.0);
                    std::mem::swap(&mut chain.coins, &mut left.1);
                }
                Step::CatchUp => indexes.catch_up(&chain),
                Step::Reopen => {
                    drop(indexes);
                    indexes = Indexes::open(&directory);
                }
            }
        }
        indexes.catch_up(&chain);
        indexes.check(&chain);
    }
}

#[test]
fn blocks_that_were_left_keep_their_filters_and_statistics() {
    let directory = TempDir::new().unwrap();
    let indexes = Indexes::open(&directory);
    let mut chain = TestChain::new();
    (0..3).for_each(|spends| chain.extend(spends));
    indexes.catch_up(&chain);
    let tip = chain.tip();
    let filter = indexes.filters.filter(&tip).unwrap();
    let record = indexes.statistics.record(&tip).unwrap();
    assert!(filter.is_some() && record.is_some());
    chain.leave(2);
    chain.extend(1);
    indexes.catch_up(&chain);
    assert_eq!(indexes.filters.filter(&tip).unwrap(), filter);
    assert_eq!(indexes.statistics.record(&tip).unwrap(), record);
    let unknown = BlockId {
        height: 3,
        ..chain.tip()
    };
    assert_eq!(indexes.filters.record(&unknown).unwrap(), None);
    assert_eq!(indexes.filters.matches_any(&unknown, [&b"a"[..]]).unwrap(), None);
    assert_eq!(indexes.statistics.record(&unknown).unwrap(), None);
}

#[test]
fn indexes_that_are_ahead_of_a_chain_that_crashed_follow_it_again() {
    let directory = TempDir::new().unwrap();
    let indexes = Indexes::open(&directory);
    let mut chain = TestChain::new();
    (0..3).for_each(|spends| chain.extend(spends));
    let infos = chain.files.infos();
    (0..3).for_each(|spends| chain.extend(spends));
    indexes.catch_up(&chain);
    let lost = chain.read(&chain.tip()).unwrap();
    let lost = lost.block.transactions[0].compute_txid();
    assert!(indexes.transactions.find(&lost, &chain.files).unwrap().is_some());

    // Other blocks come where the last three were.
    for height in 4..=6 {
        let id = chain.id(height);
        chain.known.remove(&id.hash);
    }
    chain.leave(3);
    chain.files = open_files(&chain.directory, infos);
    indexes.catch_up(&chain);
    (0..4).for_each(|spends| chain.extend(3 - spends));
    indexes.catch_up(&chain);
    indexes.check(&chain);
    assert_eq!(indexes.transactions.find(&lost, &chain.files).unwrap(), None);
}

#[test]
fn a_deep_reorganisation_is_followed_from_a_thousandth_block() {
    let directory = TempDir::new().unwrap();
    let indexes = Indexes::open(&directory);
    let mut chain = TestChain::new();
    // The coins of all heights would take long to copy.
    let extend = |chain: &mut TestChain, count: usize| {
        for _block in 0..count {
            chain.coins.last_mut().unwrap().clear();
            chain.extend(2);
        }
    };
    extend(&mut chain, 1400);
    indexes.catch_up(&chain);
    let store = indexes.statistics.store();
    let point = |height| store.point(&chain.id(height)).unwrap().is_some();
    assert!([0, 1000, 1113, 1400].into_iter().all(point));
    assert!(![1, 999, 1001, 1112].into_iter().any(point));

    chain.leave(350);
    extend(&mut chain, 10);
    indexes.catch_up(&chain);
    let fresh = TempDir::new().unwrap();
    let fresh = Indexes::open(&fresh);
    fresh.catch_up(&chain);
    for height in 1000..=chain.height() {
        let id = chain.id(height);
        let record = indexes.statistics.record(&id).unwrap();
        assert!(record.is_some());
        assert_eq!(record, fresh.statistics.record(&id).unwrap());
    }
}

#[test]
fn what_cannot_be_taken_in_changes_nothing_and_stopping_stops() {
    let directory = TempDir::new().unwrap();
    let indexes = Indexes::open(&directory);
    let mut chain = TestChain::new();
    chain.extend(1);
    assert_eq!(catch_up(&indexes.filters, &chain, &|| true).unwrap(), None);
    indexes.catch_up(&chain);
    let first = chain.tip();
    chain.extend(2);
    chain.extend(2);
    let tip = chain.tip();

    let mut blocks = [2, 3].map(|height| chain.read(&chain.id(height)).unwrap());
    blocks[1].undo.transactions.pop();
    let error = indexes.statistics.append(&blocks).unwrap_err().to_string();
    assert_eq!(
        error,
        format!("the undo data of {tip} is not of its transactions")
    );
    let error = indexes.filters.append(&blocks[1..]).unwrap_err().to_string();
    let before = chain.id(2);
    assert!(
        error.ends_with(&format!("is damaged: the header of {before} is missing")),
        "{error}"
    );
    chain.known.remove(&tip.hash);
    for index in [&indexes.filters as &dyn Index, &indexes.statistics] {
        let error = catch_up(index, &chain, &|| false).unwrap_err().to_string();
        assert_eq!(error, format!("block {} is not there", tip.hash));
        assert_eq!(index.store().best().unwrap(), Some(first));
    }
}
