//! Mining and its templates.

use std::sync::Arc;
use std::time::Duration;

use bitcoin::block::Header;
use bitcoin::{Amount, Block, BlockHash, Transaction, TxMerkleNode, Txid, Wtxid};

use crate::suite::objects::interface;
use crate::{BlockCheckOptions, BlockCreateOptions, BlockRef, BlockVerdict, BlockWaitOptions, CoinbaseTx};

interface! {
    Mining in mining, described by the first {
        is_test_chain() -> bool;
        is_initial_block_download() -> bool;
        get_tip() -> Option<BlockRef>;
        wait_tip_changed(current_tip: BlockHash, timeout: Option<Duration>) -> Option<BlockRef>;
        create_new_block(options: BlockCreateOptions, cooldown: bool) -> Option<Arc<dyn crate::BlockTemplate>>;
        check_block(block: Block, options: BlockCheckOptions) -> BlockVerdict;
        interrupt() -> ();
        submit_block(block: Block) -> BlockVerdict;
        get_transactions_by_tx_id(txids: Vec<Txid>) -> Vec<Option<Transaction>>;
        get_transactions_by_witness_id(wtxids: Vec<Wtxid>) -> Vec<Option<Transaction>>;
    }
}

interface! {
    BlockTemplate in block_template, described by the first {
        get_block_header() -> Header;
        get_block() -> Block;
        get_tx_fees() -> Vec<Amount>;
        get_tx_sigops() -> Vec<u32>;
        get_coinbase_tx() -> CoinbaseTx;
        get_coinbase_merkle_path() -> Vec<TxMerkleNode>;
        submit_solution(version: u32, timestamp: u32, nonce: u32, coinbase: Transaction) -> BlockVerdict;
        wait_next(options: BlockWaitOptions) -> Option<Arc<dyn crate::BlockTemplate>>;
        interrupt_wait() -> ();
    }
}
