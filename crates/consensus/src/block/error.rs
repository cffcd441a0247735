//! Why a block is refused.

use bitcoin::Txid;
use thiserror::Error;

use super::QuorumError;
use crate::auxpow::TagError;
use crate::error::BlockResult;
use crate::pow::ProofOfWorkError;
use crate::transaction::TransactionError;

/// A block that breaks a rule. It is shown as upstream does: the reject reason, and the details after a comma.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum BlockError {
    /// Not enough work, or not for this block.
    #[error("high-hash, proof of work failed")]
    HighHash(#[source] ProofOfWorkError),
    /// It is not signed as a block of a signet must be (BIP 325).
    #[error("bad-signet-blksig, signet block signature validation failure")]
    SignetSignature,
    /// The header is not of these transactions.
    #[error("bad-txnmrklroot, hashMerkleRoot mismatch")]
    MerkleRoot,
    /// Transactions are repeated so that the merkle root does not show it (CVE-2012-2459).
    #[error("bad-txns-duplicate, duplicate transaction")]
    Duplicate,
    /// No transactions, or too large without witnesses.
    #[error("bad-blk-length, size limits failed")]
    Length,
    /// The version says that there is NEVM data, and there is none.
    #[error("nevm-data-not-found")]
    NevmDataMissing,
    /// More than 32 MiB of NEVM data.
    #[error("nevm-block-size")]
    NevmDataSize,
    /// The first transaction is no coinbase.
    #[error("bad-cb-missing, first tx is not coinbase")]
    CoinbaseMissing,
    /// A later transaction is a coinbase.
    #[error("bad-cb-multiple, more than one coinbase")]
    CoinbaseMultiple,
    /// A transaction can be valid in no chain.
    #[error("{error}, Transaction check failed (tx hash {txid}) ")]
    Transaction {
        /// The transaction.
        txid: Txid,
        /// The rule that it breaks.
        #[source]
        error: TransactionError,
    },
    /// Too many signature operations.
    #[error("bad-blk-sigops, out-of-bounds SigOpCount")]
    SignatureOperations,
    /// A transaction's lock time is not over.
    #[error("bad-txns-nonfinal, non-final transaction")]
    NonFinal,
    /// The coinbase does not begin with the height (BIP 34).
    #[error("bad-cb-height, block height mismatch in coinbase")]
    CoinbaseHeight,
    /// The coinbase's witness is not 32 bytes (BIP 141).
    #[error("bad-witness-nonce-size, ContextualCheckBlock : invalid witness reserved value size")]
    WitnessReservedValue,
    /// The coinbase commits to other witnesses (BIP 141).
    #[error("bad-witness-merkle-match, ContextualCheckBlock : witness merkle commitment mismatch")]
    WitnessCommitment,
    /// There are witnesses, and the coinbase commits to none (BIP 141).
    #[error("unexpected-witness, ContextualCheckBlock : unexpected witness data found")]
    UnexpectedWitness,
    /// Too heavy (BIP 141).
    #[error("bad-blk-weight, ContextualCheckBlock : weight limit failed")]
    Weight,
    /// The coinbase's version is neither up to 2 nor that of a quorum commitment, since Nexus.
    #[error("bad-cb-version, Coinbase transaction must be standard or explicitly allowed MN versions: {0}")]
    CoinbaseVersion(i32),
    /// A transaction with the version of a coinbase with a quorum commitment is none.
    #[error("bad-mn-version, Bad version for non-coinbase masternode transaction")]
    MasternodeVersion,
    /// There are more than 32 blobs, or one does not say what its data is.
    #[error("poda-validation-failed")]
    Blobs,
    /// There are blobs so new that their data must come with the block.
    #[error("poda-validation-failed, the data of recent blobs is not there")]
    BlobDataMissing,
    /// The coinbase takes more than it may.
    #[error("bad-cb-amount, coinbase pays too much (actual={actual} vs limit={limit})")]
    CoinbaseAmount {
        /// What it takes, in units.
        actual: u64,
        /// What it may take, in units.
        limit: u64,
    },
    /// A coinbase of a block that is not merge-mined could stand for blocks of other chains, since the second bridge.
    #[error("bad-direct-auxpow-parent, non-AuxPoW block coinbase contains merged-mining header")]
    MergedMiningHeader,
    /// The parent's coinbase does not name our block.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The quorum commitment is not as it must be.
    #[error(transparent)]
    Quorum(#[from] QuorumError),
}

impl BlockError {
    /// How grave it is.
    ///
    /// The parent of a merge-mined block is not covered by the block's hash: with a wrong one another block with this hash
    /// may be valid.
    #[must_use]
    pub fn result(&self) -> BlockResult {
        match self {
            Self::HighHash(_) | Self::NevmDataMissing => BlockResult::InvalidHeader,
            Self::MerkleRoot
            | Self::Duplicate
            | Self::WitnessReservedValue
            | Self::WitnessCommitment
            | Self::UnexpectedWitness
            | Self::BlobDataMissing
            | Self::Tag(_) => BlockResult::Mutated,
            Self::SignetSignature
            | Self::Length
            | Self::NevmDataSize
            | Self::CoinbaseMissing
            | Self::CoinbaseMultiple
            | Self::Transaction { .. }
            | Self::SignatureOperations
            | Self::NonFinal
            | Self::CoinbaseHeight
            | Self::Weight
            | Self::CoinbaseVersion(_)
            | Self::Blobs
            | Self::MasternodeVersion
            | Self::CoinbaseAmount { .. }
            | Self::MergedMiningHeader
            | Self::Quorum(_) => BlockResult::Consensus,
        }
    }

    /// Upstream's reject reason.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        crate::error::reject_reason(self)
    }
}
