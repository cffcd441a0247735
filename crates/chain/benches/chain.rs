//! How fast a chain is: made anew from its files, opened, and extended by a block full of signatures.
//!
//! Prints one JSON object with a number for each. The arguments are how many blocks the chains have that are made anew and
//! opened; 20,000 and 100,000 if none are given.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bitcoin::hashes::Hash;
use bitcoin::secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey, ecdsa};
use bitcoin::sighash::SighashCache;
use bitcoin::{
    Amount, EcdsaSighashType, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Witness, absolute,
    transaction,
};
use chain::files::FileSizes;
use chain::mining::{Chosen, assemble, solve};
use chain::{ChainstateManager, Clock, Config, Pruning, Rebuild};
use consensus::block::Block;
use consensus::{Network, Params};
use tempfile::TempDir;

/// The time at which chains begin to grow, in seconds since 1970; each block takes a second.
const BEGIN: u64 = 1_700_000_000;

/// The time at which they are opened again.
const LATER: u64 = 1_800_000_000;

/// How many signatures the last block has.
const SIGNATURES: usize = 6_000;

/// How often the last block is connected.
const TURNS: u8 = 5;

fn open(directory: &Path, rebuild: Rebuild, now: u64) -> ChainstateManager {
    let clock = Arc::new(Clock::default());
    clock.set(now);
    let config = Config {
        params: Params::new(Network::Regtest),
        blocks: directory.join("blocks"),
        coins: directory.join("chainstate"),
        cache_bytes: 450 << 20,
        threads: cores(),
        sizes: FileSizes::Normal,
        rebuild,
        pruning: Pruning::Never,
        max_tip_age: Duration::from_secs(24 * 60 * 60),
    };
    let manager = ChainstateManager::open(config, clock, Vec::new()).expect("a directory of its own");
    manager.rebuild().expect("the files are sound");
    manager.activate().expect("the blocks are sound");
    manager
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

/// Adds a block that pays to a script.
fn mine(manager: &ChainstateManager, script: &ScriptBuf, transactions: Vec<Transaction>) -> Arc<Block> {
    manager.clock().set(manager.clock().now() + 1);
    let block = Arc::new(make(manager, script, transactions));
    let processed = manager.process_block(&block).expect("there is room");
    assert_eq!(processed.verdict, Some(Ok(())));
    block
}

fn make(manager: &ChainstateManager, script: &ScriptBuf, transactions: Vec<Transaction>) -> Block {
    let chosen = transactions.into_iter().map(|transaction| Chosen {
        transaction,
        fee: Amount::ZERO,
        sigop_cost: 0,
    });
    let next = manager.next_block().expect("there is a tip");
    let mut block = assemble(&next, chosen.collect(), script.clone(), 1).block;
    solve(&mut block, &mut 1_000_000, &|| false, manager.params());
    block
}

/// A chain of so many small blocks.
fn grow(count: u32) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    let manager = open(directory.path(), Rebuild::Nothing, BEGIN);
    let script = ScriptBuf::from_bytes(vec![0x51]);
    for _block in 0..count {
        mine(&manager, &script, Vec::new());
    }
    manager.flush().expect("there is room");
    directory
}

struct Key {
    secp: Secp256k1<All>,
    secret: SecretKey,
    public: PublicKey,
}

impl Key {
    fn new() -> Self {
        let secp = Secp256k1::new();
        let secret = SecretKey::from_slice(&[7; 32]).expect("a number below the order");
        let public = secret.public_key(&secp);
        Self { secp, secret, public }
    }

    fn script(&self) -> ScriptBuf {
        ScriptBuf::new_p2wpkh(&bitcoin::CompressedPublicKey(self.public).wpubkey_hash())
    }

    /// Spends an output of this key to others of it, and gives what was signed.
    fn spend(
        &self,
        outpoint: OutPoint,
        value: Amount,
        outputs: u64,
    ) -> (Transaction, Message, ecdsa::Signature) {
        let output = TxOut {
            value: value / outputs,
            script_pubkey: self.script(),
        };
        let mut transaction = Transaction {
            version: transaction::Version::TWO,
            lock_time: absolute::LockTime::ZERO,
            input: vec![TxIn {
                previous_output: outpoint,
                script_sig: ScriptBuf::new(),
                sequence: Sequence::MAX,
                witness: Witness::new(),
            }],
            output: (0..outputs).map(|_turn| output.clone()).collect(),
        };
        let hash = SighashCache::new(&transaction)
            .p2wpkh_signature_hash(0, &self.script(), value, EcdsaSighashType::All)
            .expect("there is such an input");
        let message = Message::from_digest(hash.to_byte_array());
        let signature = self.secp.sign_ecdsa(&message, &self.secret);
        let signed = bitcoin::ecdsa::Signature::sighash_all(signature);
        transaction.input[0].witness = Witness::p2wpkh(&signed, &self.public);
        (transaction, message, signature)
    }
}

/// How long a block full of signatures takes, and how long its signatures alone do on all processors.
fn connect() -> (Duration, Duration) {
    let directory = TempDir::new().expect("a temporary directory");
    let manager = open(directory.path(), Rebuild::Nothing, BEGIN);
    let key = Key::new();
    let first = mine(&manager, &key.script(), Vec::new());
    for _block in 0..100 {
        mine(&manager, &key.script(), Vec::new());
    }
    let coinbase = &first.transactions[0];
    let outpoint = OutPoint::new(coinbase.compute_txid(), 0);
    let (fan, ..) = key.spend(outpoint, coinbase.output[0].value, SIGNATURES as u64);
    mine(&manager, &key.script(), vec![fan.clone()]);
    manager.flush().expect("there is room");

    let txid = fan.compute_txid();
    let mut transactions = Vec::new();
    let mut signatures = Vec::new();
    for (vout, output) in (0..).zip(&fan.output) {
        let (transaction, message, signature) = key.spend(OutPoint { txid, vout }, output.value, 1);
        transactions.push(transaction);
        signatures.push((message, signature));
    }
    let (mut connecting, mut verifying) = (Duration::MAX, Duration::MAX);
    for turn in 0..TURNS {
        let start = Instant::now();
        verify(&key, &signatures);
        verifying = verifying.min(start.elapsed());

        // Each block is another one, so that none is known before.
        let script = ScriptBuf::from_bytes(vec![1, turn, 0x75, 0x51]);
        let block = Arc::new(make(&manager, &script, transactions.clone()));
        let start = Instant::now();
        let processed = manager.process_block(&block).expect("there is room");
        connecting = connecting.min(start.elapsed());
        assert_eq!(processed.verdict, Some(Ok(())));
        let tip = manager.tree().tip().expect("there is a tip");
        manager.invalidate_block(tip).expect("it can be taken back");
    }
    (connecting, verifying)
}

/// Verifies signatures on all processors.
fn verify(key: &Key, signatures: &[(Message, ecdsa::Signature)]) {
    thread::scope(|scope| {
        for part in signatures.chunks(SIGNATURES.div_ceil(cores())) {
            scope.spawn(move || {
                for (message, signature) in part {
                    let valid = key.secp.verify_ecdsa(message, signature, &key.public);
                    valid.expect("it was signed by this key");
                }
            });
        }
    });
}

fn main() {
    let mut arguments = std::env::args()
        .skip(1)
        .map(|argument| argument.parse().expect("a number"));
    let rebuilt: u32 = arguments.next().unwrap_or(20_000);
    let opened: u32 = arguments.next().unwrap_or(100_000);

    let directory = grow(rebuilt);
    let start = Instant::now();
    drop(open(directory.path(), Rebuild::Everything, LATER));
    let rate = f64::from(rebuilt) / start.elapsed().as_secs_f64();

    let directory = grow(opened);
    let start = Instant::now();
    drop(open(directory.path(), Rebuild::Nothing, LATER));
    let opening = start.elapsed().as_secs_f64();

    let (connecting, verifying) = connect();
    let ratio = connecting.as_secs_f64() / verifying.as_secs_f64();
    println!(
        "{{\"reindexed_blocks\":{rebuilt},\"reindexed_blocks_per_second\":{rate:.0},\"opened_blocks\":{opened},\
         \"open_seconds\":{opening:.3},\"signatures\":{SIGNATURES},\"connect_seconds\":{:.3},\
         \"signatures_alone_seconds\":{:.3},\"connect_ratio\":{ratio:.2}}}",
        connecting.as_secs_f64(),
        verifying.as_secs_f64(),
    );
}
