//! A C++ process's `Mining` and `BlockTemplate`, called through ours: values of every type, waits that end in every way,
//! and templates that the process has for as long as we do.

use std::sync::Arc;
use std::time::Duration;

use bitcoin::block::Header;
use bitcoin::constants::genesis_block;
use bitcoin::hashes::Hash as _;
use bitcoin::{Amount, Block, BlockHash, Network, ScriptBuf, TxMerkleNode, TxOut, Txid, Wtxid};
use interfaces::{
    BlockCheckOptions, BlockCreateOptions, BlockRef, BlockTemplate, BlockVerdict, BlockWaitOptions,
    CoinbaseTx, Echo, InterfaceError, Mining,
};

use super::super::parent::{run, within};
use super::{parent_of_peer, supervise};

pub(super) fn our_process_mines_with_a_cpp_process() {
    let parent = parent_of_peer("cpp-peer");
    run(async {
        let (supervisor, init) = supervise(&parent, "cpp-peer").await;
        let miner = Miner {
            echo: within(init.make_echo()).await.unwrap(),
            mining: within(init.make_mining()).await.unwrap(),
        };
        miner.waits_for_a_first_block().await;
        miner.submits_blocks().await;
        miner.waits_for_another_tip().await;
        let template = miner.makes_a_template().await;
        miner.waits_for_the_next_template(&template).await;
        miner.submits_a_solution(&template).await;
        drop(template);
        miner.wait_until_told("how many templates", "0").await;
        drop((miner, init, supervisor));
        parent.finish().await;
    });
}

/// Who mines with the process, and what that tells of itself.
struct Miner {
    echo: Arc<dyn Echo>,
    mining: Arc<dyn Mining>,
}

/// A block with another nonce.
fn block(nonce: u32) -> Block {
    let mut block = genesis_block(Network::Regtest);
    block.header.nonce = nonce;
    block
}

/// What the process takes for a block's hash.
fn hash(header: &Header) -> BlockHash {
    let bytes = bitcoin::consensus::serialize(header);
    BlockHash::from_byte_array(bytes[48..].try_into().unwrap())
}

fn refused(reason: &str, debug: &str) -> BlockVerdict {
    BlockVerdict::Refused {
        reason: reason.to_owned(),
        debug: debug.to_owned(),
    }
}

impl Miner {
    /// Waits until the process gives this answer.
    async fn wait_until_told(&self, question: &str, expected: &str) {
        let told = async {
            while self.echo.echo(question.to_owned()).await.unwrap() != expected {
                tokio::task::yield_now().await;
            }
        };
        within(told).await;
    }

    /// Runs a call that waits, lets `end` end it, and gives its answer.
    async fn wait_while<T: Send + 'static>(
        &self,
        call: impl Future<Output = Result<T, InterfaceError>> + Send + 'static,
        end: impl Future<Output = ()>,
    ) -> T {
        let call = tokio::spawn(call);
        self.wait_until_told("how many wait", "1").await;
        assert!(!call.is_finished());
        end.await;
        within(call).await.unwrap().unwrap()
    }

    async fn tip(&self) -> Option<BlockRef> {
        within(self.mining.get_tip()).await.unwrap()
    }

    async fn submit(&self, nonce: u32) -> BlockVerdict {
        within(self.mining.submit_block(block(nonce))).await.unwrap()
    }

    async fn waits_for_a_first_block(&self) {
        assert!(within(self.mining.is_test_chain()).await.unwrap());
        assert!(!within(self.mining.is_initial_block_download()).await.unwrap());
        assert_eq!(self.tip().await, None);
        let options = BlockCreateOptions::default;
        let made = within(self.mining.create_new_block(options(), false)).await;
        let error = made.map(|_| ()).unwrap_err().to_string();
        assert_eq!(error, "remote exception: std::exception: there is no tip");
        let mining = Arc::clone(&self.mining);
        let call = async move { mining.create_new_block(options(), true).await };
        let made = self.wait_while(call, async {
            within(self.mining.interrupt()).await.unwrap();
        });
        assert!(made.await.is_none());
    }

    async fn submits_blocks(&self) {
        let check = async |nonce: u32, check_pow: bool| {
            let options = BlockCheckOptions {
                check_pow,
                ..BlockCheckOptions::default()
            };
            within(self.mining.check_block(block(nonce), options))
                .await
                .unwrap()
        };
        assert_eq!(check(0, true).await, refused("high-hash", ""));
        assert_eq!(check(0, false).await, BlockVerdict::Accepted);
        assert_eq!(self.submit(0).await, refused("high-hash", ""));
        assert_eq!(self.submit(1).await, BlockVerdict::Accepted);
        assert_eq!(self.submit(1).await, refused("duplicate", "it is the tip"));
        let tip = BlockRef {
            hash: hash(&block(1).header),
            height: 0,
        };
        assert_eq!(self.tip().await, Some(tip));

        let coinbase = block(1).txdata.remove(0);
        let txids = vec![Txid::all_zeros(), coinbase.compute_txid()];
        let found = within(self.mining.get_transactions_by_tx_id(txids))
            .await
            .unwrap();
        assert_eq!(found, [Some(coinbase.clone()), None]);
        let wtxids = vec![coinbase.compute_wtxid(), Wtxid::all_zeros()];
        let found = within(self.mining.get_transactions_by_witness_id(wtxids)).await;
        assert_eq!(found.unwrap(), [None, Some(coinbase)]);
    }

    async fn waits_for_another_tip(&self) {
        let tip = self.tip().await.unwrap();
        let wait = |timeout: Option<Duration>| {
            let mining = Arc::clone(&self.mining);
            async move { mining.wait_tip_changed(tip.hash, timeout).await }
        };
        // Too late, interrupted, and another tip.
        assert_eq!(within(wait(Some(Duration::ZERO))).await.unwrap(), Some(tip));
        let interrupted = self.wait_while(wait(None), async {
            within(self.mining.interrupt()).await.unwrap();
        });
        assert_eq!(interrupted.await, None);
        let changed = self.wait_while(wait(None), async {
            assert_eq!(self.submit(2).await, BlockVerdict::Accepted);
        });
        let expected = BlockRef {
            hash: hash(&block(2).header),
            height: 1,
        };
        assert_eq!(changed.await, Some(expected));
    }

    async fn makes_a_template(&self) -> Arc<dyn BlockTemplate> {
        let options = BlockCreateOptions {
            block_reserved_weight: 1_999,
            ..BlockCreateOptions::default()
        };
        let made = within(self.mining.create_new_block(options, true)).await;
        let error = made.map(|_| ()).unwrap_err().to_string();
        assert_eq!(
            error,
            "remote exception: std::exception: too little weight is reserved"
        );
        let made = within(self.mining.create_new_block(BlockCreateOptions::default(), true)).await;
        let template = made.unwrap().unwrap();
        assert_eq!(
            within(template.get_block_header()).await.unwrap(),
            block(2).header
        );
        assert_eq!(within(template.get_block()).await.unwrap(), block(2));
        let fees = within(template.get_tx_fees()).await.unwrap();
        assert_eq!(fees, [Amount::ZERO, Amount::MAX_MONEY]);
        assert_eq!(within(template.get_tx_sigops()).await.unwrap(), [0, 80_000]);
        let coinbase = CoinbaseTx {
            version: 2,
            sequence: 0xffff_fffe,
            script_sig_prefix: ScriptBuf::from_bytes(vec![1, 0x65]),
            witness: Some([7; 32]),
            block_reward_remaining: Amount::from_sat(5_000_000_000),
            required_outputs: vec![TxOut {
                value: Amount::ZERO,
                script_pubkey: ScriptBuf::from_bytes(vec![0x6a]),
            }],
            lock_time: 100,
        };
        assert_eq!(within(template.get_coinbase_tx()).await.unwrap(), coinbase);
        let path = within(template.get_coinbase_merkle_path()).await.unwrap();
        assert_eq!(path, [8, 9].map(|byte| TxMerkleNode::from_byte_array([byte; 32])));
        template
    }

    async fn waits_for_the_next_template(&self, template: &Arc<dyn BlockTemplate>) {
        let wait = |timeout: Option<Duration>| {
            let template = Arc::clone(template);
            let options = BlockWaitOptions {
                timeout,
                ..BlockWaitOptions::default()
            };
            async move { template.wait_next(options).await }
        };
        assert!(
            within(wait(Some(Duration::from_millis(1))))
                .await
                .unwrap()
                .is_none()
        );
        let interrupted = self.wait_while(wait(None), async {
            within(template.interrupt_wait()).await.unwrap();
        });
        assert!(interrupted.await.is_none());
        let next = self.wait_while(wait(None), async {
            assert_eq!(self.submit(3).await, BlockVerdict::Accepted);
        });
        let next = next.await.unwrap();
        assert_eq!(within(next.get_block()).await.unwrap(), block(3));
        self.wait_until_told("how many templates", "2").await;
        drop(next);
        self.wait_until_told("how many templates", "1").await;
    }

    async fn submits_a_solution(&self, template: &Arc<dyn BlockTemplate>) {
        let (header, coinbase) = (block(2).header, block(2).txdata.remove(0));
        let version = header.version.to_consensus().cast_unsigned();
        let submit = async |nonce: u32| {
            let solution = template.submit_solution(version, header.time + 1, nonce, coinbase.clone());
            within(solution).await.unwrap()
        };
        assert_eq!(submit(0).await, refused("high-hash", ""));
        assert_eq!(submit(4).await, BlockVerdict::Accepted);
        let solved = Header {
            time: header.time + 1,
            nonce: 4,
            ..header
        };
        let expected = BlockRef {
            hash: hash(&solved),
            height: 3,
        };
        assert_eq!(self.tip().await, Some(expected));
    }
}
