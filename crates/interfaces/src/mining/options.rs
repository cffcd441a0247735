//! What callers of the mining interfaces may choose. The defaults are Bitcoin Core's.

use std::time::Duration;

use bitcoin::Amount;

/// What goes into a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCreateOptions {
    /// Whether transactions of the mempool do. Without them the block is empty but for its coinbase. Default: yes.
    pub use_mempool: bool,
    /// Weight units kept free for the header, the count of transactions and the coinbase. Default: 8,000; at least
    /// 2,000.
    pub block_reserved_weight: u64,
    /// Signature operations, in units of cost, kept free for the outputs that the coinbase will have. Default: 400.
    pub coinbase_output_max_additional_sigops: u64,
}

impl Default for BlockCreateOptions {
    fn default() -> Self {
        Self {
            use_mempool: true,
            block_reserved_weight: 8_000,
            coinbase_output_max_additional_sigops: 400,
        }
    }
}

/// When a better template is worth returning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockWaitOptions {
    /// How long to wait. Default: `None`, for ever.
    pub timeout: Option<Duration>,
    /// By how much the fees must have risen in all. Default: [`Amount::MAX_MONEY`], whatever the fees: only a new tip
    /// ends the wait, which costs the node much less.
    pub fee_threshold: Amount,
}

impl Default for BlockWaitOptions {
    fn default() -> Self {
        Self {
            timeout: None,
            fee_threshold: Amount::MAX_MONEY,
        }
    }
}

/// What is checked of a block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockCheckOptions {
    /// Whether the header's merkle root must match. Default: yes.
    pub check_merkle_root: bool,
    /// Whether the header must have proof of work, and on signet the solution. Default: yes.
    pub check_pow: bool,
}

impl Default for BlockCheckOptions {
    fn default() -> Self {
        Self {
            check_merkle_root: true,
            check_pow: true,
        }
    }
}
