//! A miner on a chain of its own.

use app::Shutdown;
use bitcoin::block::Header;
use bitcoin::hashes::Hash as _;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, TxIn, TxOut, Witness, absolute, transaction};
use chain::files::FileSizes;
use chain::{ChainObserver, ChainstateManager, Clock, Config, Pruning, Rebuild};
use consensus::block::{Block, merkle_branch};
use consensus::{Network, Params};
use interfaces::{BlockWaitOptions, CoinbaseTx};
use tempfile::TempDir;

use super::*;
use crate::state::TipWatch;

/// A miner on regtest, and the directory of its chain.
pub(crate) fn miner() -> (TempDir, OwnMining) {
    miner_on(Params::new(Network::Regtest))
}

/// A miner, and the directory of its chain.
pub(crate) fn miner_on(params: Params) -> (TempDir, OwnMining) {
    miner_with(params, Rebuild::Nothing)
}

/// A miner whose chain may have to be made anew, which is not begun, and the directory of the chain.
pub(crate) fn miner_with(params: Params, rebuild: Rebuild) -> (TempDir, OwnMining) {
    let directory = TempDir::new().unwrap();
    let config = Config {
        params,
        blocks: directory.path().join("blocks"),
        index: directory.path().join("blocks/index"),
        coins: directory.path().join("chainstate"),
        cache_bytes: 1 << 22,
        threads: 1,
        sizes: FileSizes::Normal,
        rebuild,
        pruning: Pruning::Never,
        max_tip_age: Duration::from_secs(24 * 60 * 60),
    };
    let watch = Arc::new(TipWatch::new(None, Shutdown::new()));
    let chain = ChainstateManager::open(config, Arc::new(Clock::default()), Vec::new()).unwrap();
    chain.observe(Arc::clone(&watch) as Arc<dyn ChainObserver>);
    chain.activate().unwrap();
    let node = Node::default();
    let policy = mempool::Config {
        requires_standard: false,
        ..mempool::Config::default()
    };
    let pool_file = directory.path().join("mempool.dat");
    let args = app::Args::parse(crate::run::option_table(), ["syscoind".into()]).unwrap();
    let network = crate::network::Network::open(&args, directory.path(), [0; 4]).unwrap();
    node.set(NodeState::new(
        chain,
        &watch,
        crate::indexes::Indexes::default(),
        policy,
        pool_file,
        None,
        network,
    ));
    (
        directory,
        OwnMining::new(node, Handle::current(), Holdings::default()),
    )
}

/// What a miner makes of a template's fields.
fn coinbase(given: CoinbaseTx) -> Transaction {
    let mut script_sig = given.script_sig_prefix.into_bytes();
    script_sig.extend([0x01, 0x2a]);
    let mut output = vec![TxOut {
        value: given.block_reward_remaining,
        script_pubkey: ScriptBuf::from_bytes(vec![0x51]),
    }];
    output.extend(given.required_outputs);
    Transaction {
        version: transaction::Version(given.version.cast_signed()),
        lock_time: absolute::LockTime::from_consensus(given.lock_time),
        input: vec![TxIn {
            previous_output: OutPoint::null(),
            script_sig: ScriptBuf::from_bytes(script_sig),
            sequence: Sequence(given.sequence),
            witness: Witness::from_slice(&[given.witness.unwrap()]),
        }],
        output,
    }
}

/// Finds a nonce for the template with this coinbase.
async fn solved(template: &Arc<dyn BlockTemplate>, coinbase: &Transaction) -> Header {
    let mut header = template.get_block_header().await.unwrap();
    let path = template.get_coinbase_merkle_path().await.unwrap();
    assert!(path.is_empty(), "there are no other transactions");
    header.merkle_root = coinbase.compute_txid().to_raw_hash().into();
    while header.validate_pow(header.target()).is_err() {
        header.nonce += 1;
    }
    header
}

async fn mine(template: &Arc<dyn BlockTemplate>) -> BlockVerdict {
    let coinbase = coinbase(template.get_coinbase_tx().await.unwrap());
    let header = solved(template, &coinbase).await;
    let version = header.version.to_consensus().cast_unsigned();
    template
        .submit_solution(version, header.time, header.nonce, coinbase)
        .await
        .unwrap()
}

/// Finds the next block.
pub(crate) async fn mine_one(mining: &OwnMining) {
    assert_eq!(mine(&template(mining).await).await, BlockVerdict::Accepted);
}

/// The header of what could be the next block.
pub(crate) async fn next_header(mining: &OwnMining) -> Header {
    let template = template(mining).await;
    let coinbase = coinbase(template.get_coinbase_tx().await.unwrap());
    solved(&template, &coinbase).await
}

async fn template(mining: &OwnMining) -> Arc<dyn BlockTemplate> {
    let made = mining.create_new_block(BlockCreateOptions::default(), false);
    made.await.unwrap().unwrap()
}

#[tokio::test]
async fn a_solved_template_is_the_tip_and_a_second_time_a_duplicate() {
    let (_directory, mining) = miner();
    assert!(mining.is_test_chain().await.unwrap());
    assert_eq!(mining.get_tip().await.unwrap().unwrap().height, 0);
    let first = template(&mining).await;
    assert_eq!(mine(&first).await, BlockVerdict::Accepted);
    let tip = mining.get_tip().await.unwrap().unwrap();
    assert_eq!(tip.height, 1);
    assert_eq!(mine(&first).await, refused("duplicate", "the block is known"));
}

#[tokio::test]
async fn waits_end_with_a_new_tip_the_time_or_an_interruption() {
    let (_directory, mining) = miner();
    let first = template(&mining).await;
    let genesis = mining.get_tip().await.unwrap().unwrap();
    let soon = Some(Duration::from_millis(1));
    let options = |timeout| BlockWaitOptions {
        timeout,
        ..BlockWaitOptions::default()
    };
    assert!(first.wait_next(options(soon)).await.unwrap().is_none());
    assert_eq!(
        mining.wait_tip_changed(genesis.hash, soon).await.unwrap(),
        Some(genesis)
    );

    let (interrupted, ()) = tokio::join!(first.wait_next(options(None)), async {
        first.interrupt_wait().await.unwrap();
    });
    assert!(interrupted.unwrap().is_none());
    let (interrupted, ()) = tokio::join!(mining.wait_tip_changed(genesis.hash, None), async {
        mining.interrupt().await.unwrap();
    });
    assert_eq!(interrupted.unwrap(), None);

    let (next, changed, verdict) = tokio::join!(
        first.wait_next(options(None)),
        mining.wait_tip_changed(genesis.hash, None),
        mine(&first)
    );
    assert_eq!(verdict, BlockVerdict::Accepted);
    let tip = mining.get_tip().await.unwrap().unwrap();
    assert_eq!(changed.unwrap(), Some(tip));
    let next = next.unwrap().unwrap();
    assert_eq!(next.get_block_header().await.unwrap().prev_blockhash, tip.hash);
    assert_eq!(mine(&next).await, BlockVerdict::Accepted);
}

#[tokio::test]
async fn blocks_are_checked_without_being_kept() {
    let (_directory, mining) = miner();
    let made = template(&mining).await;
    let mut block = made.get_block().await.unwrap();
    let check = |block: &bitcoin::Block, check_merkle_root, check_pow| {
        let options = BlockCheckOptions {
            check_merkle_root,
            check_pow,
        };
        mining.check_block(block.clone(), options)
    };
    assert_eq!(check(&block, true, false).await.unwrap(), BlockVerdict::Accepted);
    block.header.merkle_root = bitcoin::TxMerkleNode::all_zeros();
    assert_eq!(
        check(&block, true, false).await.unwrap(),
        refused("bad-txnmrklroot", "hashMerkleRoot mismatch")
    );
    assert_eq!(check(&block, false, false).await.unwrap(), BlockVerdict::Accepted);
    block.header.prev_blockhash = bitcoin::BlockHash::all_zeros();
    assert_eq!(
        check(&block, false, false).await.unwrap(),
        refused("inconclusive-not-best-prevblk", "")
    );
    block.header.version = bitcoin::block::Version::from_consensus(0x100);
    assert_eq!(
        mining.submit_block(block).await.unwrap(),
        refused("bad-version", "the interface carries no work of another chain")
    );
    assert_eq!(mining.get_tip().await.unwrap().unwrap().height, 0);
}

/// Spends a coinbase's reward, and leaves a fee.
fn spend(coinbase: &Transaction, fee: u64) -> Arc<Transaction> {
    let mut transaction = coinbase.clone();
    transaction.version = transaction::Version::TWO;
    transaction.input[0] = TxIn {
        previous_output: OutPoint::new(coinbase.compute_txid(), 0),
        ..TxIn::default()
    };
    transaction.output.truncate(1);
    // A script that no other output here has, long enough for the transaction not to be too short.
    transaction.output[0].script_pubkey = ScriptBuf::from_bytes([&[0x75; 1][..], &[0x51; 20]].concat());
    transaction.output[0].value -= Amount::from_sat(fee);
    Arc::new(transaction)
}

#[tokio::test(flavor = "multi_thread")]
async fn templates_hold_unconfirmed_transactions_and_better_ones_are_waited_for() {
    let (_directory, mining) = miner();
    let node = mining.loaded().unwrap();
    let mut coinbases = Vec::new();
    for _ in 0..102 {
        let made = template(&mining).await;
        let coinbase = coinbase(made.get_coinbase_tx().await.unwrap());
        assert_eq!(mine(&made).await, BlockVerdict::Accepted);
        coinbases.push(coinbase);
    }
    let send = |transaction: &Arc<Transaction>| {
        node.pool
            .accept(transaction, &node, mempool::accept::Purpose::Keep)
            .unwrap()
    };
    let first = spend(&coinbases[0], 10_000);
    send(&first);
    let with_one = template(&mining).await;
    assert_eq!(with_one.get_tx_fees().await.unwrap(), [Amount::from_sat(10_000)]);
    assert_eq!(with_one.get_block().await.unwrap().txdata[1], *first);
    assert_eq!(with_one.get_coinbase_merkle_path().await.unwrap().len(), 1);
    let found = mining.get_transactions_by_tx_id(vec![Txid::all_zeros(), first.compute_txid()]);
    assert_eq!(found.await.unwrap(), [None, Some(Transaction::clone(&first))]);
    let without = BlockCreateOptions {
        use_mempool: false,
        ..BlockCreateOptions::default()
    };
    let empty = mining.create_new_block(without, false).await.unwrap().unwrap();
    assert!(empty.get_tx_fees().await.unwrap().is_empty());

    let rise = |threshold| BlockWaitOptions {
        timeout: Some(Duration::from_millis(1)),
        fee_threshold: Amount::from_sat(threshold),
    };
    check_that_nobody_waits_for_an_unchanged_pool(&node, &with_one).await;
    send(&spend(&coinbases[1], 20_000));
    let patient = |threshold| BlockWaitOptions {
        timeout: Some(Duration::from_secs(60)),
        ..rise(threshold)
    };
    assert!(with_one.wait_next(rise(20_001)).await.unwrap().is_none());
    let better = with_one.wait_next(patient(20_000)).await.unwrap().unwrap();
    assert_eq!(
        better.get_tx_fees().await.unwrap(),
        [Amount::from_sat(20_000), Amount::from_sat(10_000)]
    );
    let coinbase = better.get_coinbase_tx().await.unwrap();
    assert_eq!(
        coinbase.block_reward_remaining,
        Amount::from_sat(50 * 100_000_000 + 30_000)
    );
}

/// Waits for a rise while the pool is kept from those who look into it: whoever does has a hold on the node.
async fn check_that_nobody_waits_for_an_unchanged_pool(
    node: &Arc<NodeState>,
    template: &Arc<dyn BlockTemplate>,
) {
    let before = Arc::strong_count(node);
    let (locked, is_locked) = std::sync::mpsc::channel();
    let (unlock, unlocked) = std::sync::mpsc::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            node.pool.with(|_| {
                locked.send(()).unwrap();
                _ = unlocked.recv();
            });
        });
        is_locked.recv().unwrap();
        // It is not dropped before the thread is to end, also where a check fails.
        let _unlock = unlock;
        let options = BlockWaitOptions {
            timeout: Some(Duration::from_millis(1)),
            fee_threshold: Amount::from_sat(1),
        };
        let waited = tokio::task::block_in_place(|| Handle::current().block_on(template.wait_next(options)));
        assert!(waited.unwrap().is_none());
        assert_eq!(Arc::strong_count(node), before);
    });
}

#[tokio::test]
async fn templates_that_are_not_let_go_of_leave_no_room_for_others() {
    const MOST: usize = 1_024;
    let (_directory, mining) = miner();
    let mut held = Vec::new();
    let refused = loop {
        match mining
            .create_new_block(BlockCreateOptions::default(), false)
            .await
        {
            Ok(made) => held.push(made.unwrap()),
            Err(error) => break error.to_string(),
        }
        assert!(held.len() < MOST, "there is no end of it");
    };
    assert!(
        refused.contains("no room for another block template"),
        "{refused}"
    );
    // Others of the same client hold the same.
    let again = mining.clone();
    assert!(
        again
            .create_new_block(BlockCreateOptions::default(), false)
            .await
            .is_err()
    );
    drop(held.pop());
    template(&again).await;
}

#[tokio::test]
async fn options_that_leave_no_room_are_refused() {
    let (_directory, mining) = miner();
    for (weight, sigops, expected) in [
        (
            1_999,
            0,
            "block_reserved_weight (1999) must be from 2000 to 4000000",
        ),
        (
            4_000_001,
            0,
            "block_reserved_weight (4000001) must be from 2000 to 4000000",
        ),
        (
            8_000,
            80_001,
            "coinbase_output_max_additional_sigops (80001) must be 80000 at most",
        ),
    ] {
        let options = BlockCreateOptions {
            block_reserved_weight: weight,
            coinbase_output_max_additional_sigops: sigops,
            ..BlockCreateOptions::default()
        };
        let error = mining.create_new_block(options, false).await.err().unwrap();
        assert_eq!(error.to_string(), format!("remote exception: {expected}"));
    }
}

#[test]
fn a_merkle_branch_leads_from_the_first_transaction_to_the_root() {
    let genesis = Block::from(Params::new(Network::Regtest).genesis.block());
    for count in 1_u32..10 {
        let transactions: Vec<Transaction> = (0..count)
            .map(|number| {
                let mut transaction = genesis.transactions[0].clone();
                transaction.lock_time = absolute::LockTime::from_consensus(number);
                transaction
            })
            .collect();
        let first = transactions[0].compute_txid().to_raw_hash();
        let root = merkle_branch(&transactions)
            .into_iter()
            .fold(first, |left, right| {
                let pair = [left.to_byte_array(), right.to_byte_array()].concat();
                bitcoin::hashes::sha256d::Hash::hash(&pair)
            });
        assert_eq!(
            transactions_root(&transactions).root.to_raw_hash(),
            root,
            "{count}"
        );
    }
}
