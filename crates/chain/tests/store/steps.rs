//! A chain of blocks that are no real ones, kept step by step, and a process that keeps it until it is stopped.
//!
//! The process is this test program again, told to run [`keeps_blocks_if_a_parent_asks`] alone.

use std::fmt;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use bitcoin::block::Version;
use bitcoin::consensus::encode::serialize;
use bitcoin::constants::genesis_block;
use bitcoin::hashes::Hash;
use bitcoin::{Amount, BlockHash, Network, OutPoint, ScriptBuf, TxOut, Txid};
use chain::coins::{CoinsCache, CoinsDatabase, Overwrite};
use chain::database::{Contents, DatabaseError};
use chain::files::{BlockFiles, FileSizes, FilesConfig, FilesError};
use chain::index::{Failure, IndexBatch, IndexDatabase, IndexRecord, Validity};
use chain::undo::{BlockUndo, TransactionUndo};
use consensus::block::Block;
use consensus::transaction::Coin;

use crate::mining::MAGIC;

const TEST: &str = "steps::keeps_blocks_if_a_parent_asks";
const DIRECTORY: &str = "CHAIN_TEST_DIRECTORY";
const REPORT: &str = "CHAIN_TEST_REPORT";

/// How many coins a block makes. The odd ones are spent three blocks later.
const N_COINS: u32 = 40;

/// What went wrong, and whether the disk was full.
#[derive(Debug)]
pub(crate) struct Stopped {
    pub(crate) is_disk_full: bool,
    text: String,
}

impl fmt::Display for Stopped {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

impl From<DatabaseError> for Stopped {
    fn from(error: DatabaseError) -> Self {
        Self {
            is_disk_full: error.is_disk_full(),
            text: error.to_string(),
        }
    }
}

impl From<FilesError> for Stopped {
    fn from(error: FilesError) -> Self {
        Self {
            is_disk_full: error.is_disk_full(),
            text: error.to_string(),
        }
    }
}

impl From<std::io::Error> for Stopped {
    fn from(error: std::io::Error) -> Self {
        FilesError::from(error).into()
    }
}

/// All that a node keeps of a chain.
pub(crate) struct Store {
    files: BlockFiles,
    index: IndexDatabase,
    coins: CoinsCache,
}

impl Store {
    pub(crate) fn open(directory: &Path) -> Result<Self, Stopped> {
        let blocks = directory.join("blocks");
        let index = IndexDatabase::open(&blocks.join("index"), MAGIC, Contents::Keep, 1 << 20)?;
        let config = FilesConfig {
            directory: blocks,
            magic: MAGIC,
            sizes: FileSizes::Small,
        };
        let coins = CoinsDatabase::open(&directory.join("chainstate"), MAGIC, Contents::Keep, 1 << 20)?;
        Ok(Self {
            files: BlockFiles::new(config, index.files()?),
            index,
            coins: CoinsCache::new(coins)?,
        })
    }

    /// The step up to which everything is kept; checks that it is, and that nothing else is.
    pub(crate) fn check(&self) -> u32 {
        let snapshot = self.coins.snapshot().unwrap();
        let last = match snapshot.best_block() {
            None => 0,
            Some(hash) => (1..)
                .find(|step| block(*step).header.block_hash() == hash)
                .unwrap(),
        };
        let mut expected: Vec<_> = (1..=last)
            .flat_map(|step| (0..N_COINS).map(move |number| (step, number)))
            .filter(|(step, number)| number % 2 == 0 || step + 3 > last)
            .map(|(step, number)| (outpoint(step, number), coin(step, number)))
            .collect();
        expected.sort_by_key(|(outpoint, _coin)| *outpoint);
        let found: Vec<_> = snapshot.iter().unwrap().map(Result::unwrap).collect();
        assert_eq!(found, expected, "after step {last}");

        let mut indexed = 0;
        let visit = |_hash, record: IndexRecord| {
            indexed += 1;
            if record.height > last {
                return;
            }
            assert_eq!(record.height, indexed);
            let read = self.files.read_block(record.position.unwrap()).unwrap();
            assert_eq!(read, block(indexed));
            let read = self
                .files
                .read_undo(record.undo_position.unwrap(), previous(indexed));
            assert_eq!(read.unwrap(), undo(indexed));
        };
        self.index.visit_records(visit).unwrap();
        assert!(
            indexed == last || indexed == last + 1,
            "{indexed} are indexed after step {last}"
        );
        last
    }

    /// Keeps a block, and all that it changes.
    pub(crate) fn step(&mut self, step: u32) -> Result<(), Stopped> {
        let block = block(step);
        let position = self.files.append_block(&serialize(&block), step, step)?;
        let undo_position = self
            .files
            .append_undo(position.file, &undo(step), previous(step))?;
        let mut view = self.coins.view();
        for spent in spent(step) {
            assert!(view.spend(&spent)?.is_some());
        }
        for number in 0..N_COINS {
            let made = view.add(outpoint(step, number), coin(step, number), Overwrite::Never);
            made.expect("each is made once");
        }
        view.set_best_block(block.header.block_hash());
        view.commit();

        self.files.sync()?;
        self.index.write(&IndexBatch {
            records: vec![IndexRecord {
                is_segwit: true,
                header: *block.header.pure(),
                height: step,
                validity: Validity::Scripts,
                failure: Failure::None,
                transactions: 1,
                position: Some(position),
                undo_position: Some(undo_position),
            }],
            files: self.files.take_changes(),
            flags: vec![],
        })?;
        if step.is_multiple_of(2) {
            Ok(self.coins.sync()?)
        } else {
            Ok(self.coins.flush()?)
        }
    }
}

/// A block that no other step has.
fn block(step: u32) -> Block {
    let mut block = genesis_block(Network::Regtest);
    block.header.nonce = step;
    block.header.version = Version::from_consensus(0x84);
    let mut block = Block::from(block);
    block.nevm_data = vec![7; step as usize % 31 * 100];
    block
}

fn previous(step: u32) -> BlockHash {
    block(step - 1).header.block_hash()
}

fn outpoint(step: u32, number: u32) -> OutPoint {
    OutPoint {
        txid: Txid::hash(&step.to_le_bytes()),
        vout: number,
    }
}

fn coin(step: u32, number: u32) -> Coin {
    Coin::new(
        TxOut {
            value: Amount::from_sat((step * N_COINS + number).into()),
            script_pubkey: ScriptBuf::from_bytes(vec![0x51; number as usize * 5]),
        },
        step,
        number == 0,
    )
}

fn spent(step: u32) -> impl Iterator<Item = OutPoint> {
    let numbers = (1..N_COINS).step_by(2).filter(move |_number| step > 3);
    numbers.map(move |number| outpoint(step - 3, number))
}

fn undo(step: u32) -> BlockUndo {
    let coins = spent(step).map(|spent| coin(step - 3, spent.vout)).collect();
    BlockUndo {
        transactions: vec![TransactionUndo { coins }],
    }
}

/// A process that keeps blocks in a directory for as long as it can. It says each step that is done on its output, and at
/// last what stopped it in the file `report`. The shell lines `script` run it as `"$0" "$@"`.
pub(crate) fn process(directory: &Path, report: &Path, script: &str) -> Command {
    let mut command = Command::new("/bin/sh");
    command
        .args(["-c", script])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", TEST])
        .env(DIRECTORY, directory)
        .env(REPORT, report);
    command
}

/// The step that a line on the output of a process says to be done.
pub(crate) fn told(line: &str) -> Option<u32> {
    line.strip_prefix("done: ")?.parse().ok()
}

/// Does nothing unless a parent asks for something.
#[test]
fn keeps_blocks_if_a_parent_asks() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else {
        return;
    };
    let run = || {
        let mut store = Store::open(&directory)?;
        for step in store.check() + 1.. {
            store.step(step)?;
            // The harness would keep what is printed in the usual way.
            writeln!(std::io::stdout(), "\ndone: {step}")?;
        }
        Ok::<_, Stopped>(())
    };
    let stopped = run().expect_err("there is always a next step");
    let full = if stopped.is_disk_full { "full" } else { "other" };
    fs_err::write(std::env::var_os(REPORT).unwrap(), format!("{full}\n{stopped}")).unwrap();
}
