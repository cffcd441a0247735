//! Why a block cannot be connected.

use bitcoin::Txid;
use consensus::BlockResult;
use consensus::block::BlockError;
use consensus::masternode::MasternodeError;
use consensus::nevm::CommitmentError;
use consensus::transaction::{InputError, TokenError, VersionRuleError};
use thiserror::Error;

use super::ScriptFailure;
use crate::database::DatabaseError;

/// A rule about coins that a block breaks. It is shown as upstream does: the reject reason, and the details after a comma.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ConnectError {
    /// A transaction has the id of one whose outputs are not all spent (BIP 30).
    #[error("bad-txns-BIP30, tried to overwrite transaction")]
    Overwrites,
    /// A transaction may not spend what it spends.
    #[error(transparent)]
    Input(InputError),
    /// A transaction is of another era.
    #[error("{error}, {txid}")]
    Kind {
        /// Which one.
        txid: Txid,
        /// Why.
        #[source]
        error: VersionRuleError,
    },
    /// A transaction says of masternodes what cannot be.
    #[error(transparent)]
    Masternode(MasternodeError),
    /// A transaction may not move the tokens that it moves.
    #[error(transparent)]
    Tokens(TokenError),
    /// All fees together are above the largest amount.
    #[error("bad-txns-accumulated-fee-outofrange, accumulated fee in the block out of range")]
    Fees,
    /// Relative locks keep a transaction out (BIP 68).
    #[error("bad-txns-nonfinal, contains a non-BIP68-final transaction")]
    Locked,
    /// The signature operations cost more than 80,000.
    #[error("bad-blk-sigops, too many sigops")]
    SignatureOperations,
    /// There are no transactions.
    #[error("bad-cb-missing, first tx is not coinbase")]
    NoCoinbase,
    /// The coinbase takes more than there is.
    #[error(transparent)]
    Reward(BlockError),
    /// It does not say what it must of the NEVM.
    #[error(transparent)]
    Commitment(CommitmentError),
    /// A script does not allow what a transaction spends.
    #[error(transparent)]
    Script(ScriptFailure),
}

impl ConnectError {
    /// How grave it is.
    #[must_use]
    pub fn result(&self) -> BlockResult {
        BlockResult::Consensus
    }

    /// Upstream's reject reason: what stands before the details.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        let text = self.to_string();
        match text.split_once(", ") {
            Some((reason, _)) => reason.to_owned(),
            None => text,
        }
    }
}

/// A block was not connected.
#[derive(Debug, Error)]
pub enum ConnectFailure {
    /// It breaks a rule.
    #[error(transparent)]
    Invalid(#[from] ConnectError),
    /// The coins could not be read, which says nothing of the block.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}
