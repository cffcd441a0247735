//! A block that wants a coinbase and proof of work.

use std::sync::Arc;

use async_trait::async_trait;
use bitcoin::block::Header;
use bitcoin::{Amount, Block, ScriptBuf, Transaction, TxMerkleNode, TxOut};

use super::{BlockVerdict, BlockWaitOptions};
use crate::InterfaceError;

/// A template. It keeps its transactions in the node's memory until it is dropped.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with.
#[async_trait]
pub trait BlockTemplate: Send + Sync {
    /// The header, without proof of work.
    async fn get_block_header(&self) -> Result<Header, InterfaceError>;

    /// The whole block. Its coinbase is a dummy: build one from [`get_coinbase_tx`](Self::get_coinbase_tx).
    async fn get_block(&self) -> Result<Block, InterfaceError>;

    /// The fee of each transaction in the block's order, the coinbase not among them.
    async fn get_tx_fees(&self) -> Result<Vec<Amount>, InterfaceError>;

    /// The cost of each transaction's signature operations in the block's order, the coinbase not among them.
    async fn get_tx_sigops(&self) -> Result<Vec<u32>, InterfaceError>;

    /// What the coinbase must have.
    async fn get_coinbase_tx(&self) -> Result<CoinbaseTx, InterfaceError>;

    /// The hashes that lead from the coinbase to the merkle root, the deepest first. Empty where the coinbase is the
    /// only transaction.
    async fn get_coinbase_merkle_path(&self) -> Result<Vec<TxMerkleNode>, InterfaceError>;

    /// Puts these fields and the coinbase into the block, and submits it. `version` and `timestamp` (seconds of Unix
    /// time) and `nonce` are the header's; `coinbase` is complete with its witness.
    ///
    /// The template keeps what it was given.
    async fn submit_solution(
        &self,
        version: u32,
        timestamp: u32,
        nonce: u32,
        coinbase: Transaction,
    ) -> Result<BlockVerdict, InterfaceError>;

    /// Waits for a new tip, or for the fees to rise as the options say, and returns the template to go on with. `None`
    /// after the timeout, where [`interrupt_wait`](Self::interrupt_wait) was called, or the node stops.
    ///
    /// On test networks with that rule, a tip older than 20 minutes ends the wait too: the difficulty is 1 then.
    async fn wait_next(
        &self,
        options: BlockWaitOptions,
    ) -> Result<Option<Arc<dyn BlockTemplate>>, InterfaceError>;

    /// Ends the wait of [`wait_next`](Self::wait_next) that is under way.
    async fn interrupt_wait(&self) -> Result<(), InterfaceError>;
}

/// The coinbase's fields that the node determines. The miner adds outputs, and may add to the script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoinbaseTx {
    /// The transaction's version.
    pub version: u32,
    /// The only input's sequence number.
    pub sequence: u32,
    /// What the only input's script must begin with: the height of BIP 34 <https://bips.dev/34/>. The whole has 2 to
    /// 100 bytes; up to height 16 the prefix is a single byte, and something must follow.
    pub script_sig_prefix: ScriptBuf,
    /// The only input's only witness element, the reserved value of BIP 141 <https://bips.dev/141/>. `None` where the
    /// block has no witness data.
    pub witness: Option<[u8; 32]>,
    /// Subsidy and fees, less what the required outputs take.
    pub block_reward_remaining: Amount,
    /// The outputs to end with: the witness commitment.
    pub required_outputs: Vec<TxOut>,
    /// The transaction's lock time.
    pub lock_time: u32,
}
