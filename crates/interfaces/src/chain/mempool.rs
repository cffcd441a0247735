//! What is said of transactions that wait for a block.

use bitcoin::Amount;

/// Whether a transaction says that it may be replaced, after BIP 125 <https://bips.dev/125/>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RbfState {
    /// It does not say so, and is not in the mempool, so its ancestors are unknown.
    Unknown,
    /// It or an ancestor in the mempool says so.
    Replaceable,
    /// Neither it nor an ancestor says so.
    Final,
}

/// How a transaction is handed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BroadcastMethod {
    /// It enters the mempool and is announced to all peers.
    MempoolAndAll,
    /// It enters the mempool and is announced to nobody.
    MempoolOnly,
    /// It is sent to a few peers over a privacy network, without entering the mempool.
    Private,
}

/// A transaction's relatives in the mempool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TransactionAncestry {
    /// Transactions that it needs, and itself.
    pub ancestors: u64,
    /// Transactions that need it, and itself.
    pub descendants: u64,
    /// Virtual bytes of the ancestors and itself.
    pub ancestor_size: u64,
    /// Fees of the ancestors and itself, with prioritisation.
    pub ancestor_fees: Amount,
}

/// How many relatives in the mempool a transaction may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PackageLimits {
    /// Ancestors, and itself.
    pub ancestors: u64,
    /// Descendants, and itself.
    pub descendants: u64,
}
