//! Measures the connecting of a block full of signatures, and makes chains for what is measured of executables;
//! `cargo xtask bench node` runs it and says what the figures mean.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bitcoin::hashes::Hash;
use bitcoin::secp256k1::ecdsa::{self, SerializedSignature};
use bitcoin::secp256k1::{All, Message, PublicKey, Secp256k1, SecretKey};
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

/// The time at which chains begin to grow, in seconds since 1970; each block takes a second.
const BEGIN: u64 = 1_700_000_000;

fn open(directory: &Path) -> ChainstateManager {
    let clock = Arc::new(Clock::default());
    clock.set(BEGIN);
    let config = Config {
        params: Params::new(Network::Regtest),
        blocks: directory.join("blocks"),
        index: directory.join("blocks/index"),
        coins: directory.join("chainstate"),
        cache_bytes: 450 << 20,
        threads: cores(),
        sizes: FileSizes::Normal,
        rebuild: Rebuild::Nothing,
        pruning: Pruning::Never,
        max_tip_age: Duration::from_secs(24 * 60 * 60),
    };
    let manager = ChainstateManager::open(config, clock, Vec::new()).expect("a directory of its own");
    manager.activate().expect("there is nothing but the first block");
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

/// Makes a chain of so many small blocks.
fn grow(directory: &Path, count: u32) {
    let manager = open(directory);
    let script = ScriptBuf::from_bytes(vec![0x51]);
    for _block in 0..count {
        mine(&manager, &script, Vec::new());
    }
    manager.flush().expect("there is room");
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

/// Makes a chain whose last block is full of signatures. Each turn gives how long the connecting of such a block takes,
/// and how long its signatures alone do on all processors.
fn connect(directory: &Path, count: u32, turns: u8) -> Vec<(Duration, Duration)> {
    let manager = open(directory);
    let key = Key::new();
    let first = mine(&manager, &key.script(), Vec::new());
    for _block in 0..100 {
        mine(&manager, &key.script(), Vec::new());
    }
    let coinbase = &first.transactions[0];
    let outpoint = OutPoint::new(coinbase.compute_txid(), 0);
    let (fan, ..) = key.spend(outpoint, coinbase.output[0].value, count.into());
    mine(&manager, &key.script(), vec![fan.clone()]);
    manager.flush().expect("there is room");

    let txid = fan.compute_txid();
    let mut transactions = Vec::new();
    let mut signatures = Vec::new();
    for (vout, output) in (0..).zip(&fan.output) {
        let (transaction, message, signature) = key.spend(OutPoint { txid, vout }, output.value, 1);
        transactions.push(transaction);
        signatures.push((message, signature.serialize_der()));
    }
    let mut measured = Vec::new();
    for turn in 0..turns {
        if turn > 0 {
            let tip = manager.tree().tip().expect("there is a tip");
            manager.invalidate_block(tip).expect("it can be taken back");
        }
        let start = Instant::now();
        verify(&key, &signatures);
        let verifying = start.elapsed();

        // Each block is another one, so that none is known before.
        let script = ScriptBuf::from_bytes(vec![1, turn, 0x75, 0x51]);
        let block = Arc::new(make(&manager, &script, transactions.clone()));
        let start = Instant::now();
        let processed = manager.process_block(&block).expect("there is room");
        measured.push((start.elapsed(), verifying));
        assert_eq!(processed.verdict, Some(Ok(())));
    }
    manager.flush().expect("there is room");
    measured
}

/// Verifies signatures on all processors.
fn verify(key: &Key, signatures: &[(Message, SerializedSignature)]) {
    let public = key.public.serialize();
    thread::scope(|scope| {
        for part in signatures.chunks(signatures.len().div_ceil(cores())) {
            scope.spawn(move || {
                for (message, signature) in part {
                    // Both come as bytes in a block.
                    let public = PublicKey::from_slice(&public).expect("a key");
                    let signature = ecdsa::Signature::from_der(signature).expect("a signature");
                    let valid = key.secp.verify_ecdsa(message, &signature, &public);
                    valid.expect("it was signed by this key");
                }
            });
        }
    });
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let number = |word: &String| word.parse::<u32>().expect("a number");
    match words.as_slice() {
        [word, directory, count] if word == "grow" => grow(Path::new(directory), number(count)),
        [word, directory, count, turns] if word == "connect" => {
            let turns = u8::try_from(number(turns)).expect("few turns");
            let turns = connect(Path::new(directory), number(count), turns);
            let turns: Vec<_> = turns
                .iter()
                .map(|(connecting, verifying)| [connecting, verifying].map(Duration::as_secs_f64))
                .collect();
            println!("{turns:?}");
        }
        // As when all benchmarks of the crate are run.
        _ => println!("usage: chain grow DIRECTORY BLOCKS | connect DIRECTORY SIGNATURES TURNS"),
    }
}
