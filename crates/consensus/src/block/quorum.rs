//! Commitments to quorums of masternodes in coinbases.
//!
//! Without masternodes no quorum is ever formed, so that the only commitments are those that say so. No other is accepted
//! here.

use bitcoin::consensus::encode::{VarInt, serialize};
use bitcoin::hashes::Hash;
use bitcoin::{BlockHash, Transaction};
use thiserror::Error;

use crate::params::{Params, QuorumSchedule};
use crate::transaction::{TransactionKind, syscoin_data};

/// The version of what a coinbase carries.
const PAYLOAD_VERSION: u16 = 2;

/// The version of a commitment with basic BLS signatures.
const COMMITMENT_VERSION: u16 = 3;

/// A public key of BLS, a hash, and two signatures of BLS, in bytes.
const KEYS_AND_SIGNATURES: usize = 48 + 32 + 96 + 96;

/// A quorum commitment that is not as its block needs it. The reasons are those of Dash Core where Syscoin's are not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum QuorumError {
    /// There is none where there must be one.
    #[error("bad-qc-missing")]
    Missing,
    /// There is one where none may be.
    #[error("bad-qc-not-allowed")]
    NotAllowed,
    /// It cannot be read.
    #[error("bad-qc-payload")]
    Payload,
    /// It is of another version.
    #[error("bad-qc-version")]
    Version,
    /// It is for another height.
    #[error("bad-qc-height")]
    Height,
    /// It is for a session that another block started.
    #[error("bad-qc-quorum-hash")]
    SessionBlock,
    /// It says that a quorum was formed.
    #[error("bad-qc-invalid")]
    NotNull,
}

impl QuorumError {
    /// Upstream's reject reason.
    #[must_use]
    pub fn reject_reason(&self) -> String {
        crate::error::reject_reason(self)
    }
}

/// Whether the block of this height must carry a commitment, on a chain without masternodes.
#[must_use]
pub fn is_commitment_height(height: u32, params: &Params) -> bool {
    let heights = &params.heights;
    params.quorum.is_some_and(|schedule| {
        heights.dip3.is_active(height)
            && heights.nexus.is_active(height)
            && (schedule.window_start..=schedule.window_end).contains(&(height % schedule.interval))
    })
}

/// The height of the block that started the session which a block of this height belongs to.
#[must_use]
pub fn session_height(height: u32, schedule: &QuorumSchedule) -> u32 {
    height - height % schedule.interval
}

/// What the coinbase of a block carries if no quorum was formed. `session` is the block that started the session.
///
/// # Consensus
/// Two versions with the height between them, the session's block, two lists of members with nobody in them, and zeros
/// for keys and signatures. Numbers have their lowest byte first.
#[must_use]
pub fn null_commitment(height: u32, session: BlockHash, schedule: &QuorumSchedule) -> Vec<u8> {
    let mut payload = Vec::new();
    payload.extend(PAYLOAD_VERSION.to_le_bytes());
    payload.extend(height.to_le_bytes());
    payload.extend(COMMITMENT_VERSION.to_le_bytes());
    payload.extend(session.to_byte_array());
    for _signers_then_members in 0..2 {
        payload.extend(serialize(&VarInt::from(schedule.size)));
        payload.extend(vec![0; usize::from(schedule.size).div_ceil(8)]);
    }
    payload.extend([0; KEYS_AND_SIGNATURES]);
    payload
}

/// Checks that a coinbase carries the commitment that its block needs, or none.
pub(super) fn check_commitment(
    coinbase: &Transaction,
    height: u32,
    ancestor: &dyn Fn(u32) -> BlockHash,
    params: &Params,
) -> Result<(), QuorumError> {
    let is_there = TransactionKind::of(coinbase) == TransactionKind::QuorumCommitment;
    let schedule = match params.quorum {
        Some(schedule) if is_commitment_height(height, params) => schedule,
        _ if is_there => return Err(QuorumError::NotAllowed),
        _ => return Ok(()),
    };
    if !is_there {
        return Err(QuorumError::Missing);
    }
    let session = ancestor(session_height(height, &schedule));
    let expected = null_commitment(height, session, &schedule);
    let payload = syscoin_data(coinbase).ok_or(QuorumError::Payload)?;
    if payload.len() != expected.len() {
        return Err(QuorumError::Payload);
    }
    for (end, error) in [
        (2, QuorumError::Version),
        (6, QuorumError::Height),
        (8, QuorumError::Version),
        (40, QuorumError::SessionBlock),
        (expected.len(), QuorumError::NotNull),
    ] {
        if payload[..end] != expected[..end] {
            return Err(error);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Network;

    #[test]
    fn commitments_are_due_in_windows_since_nexus() {
        let params = Params::new(Network::Regtest);
        let due: Vec<u32> = (400..480)
            .filter(|height| is_commitment_height(*height, &params))
            .collect();
        assert_eq!(due, (442..=450).chain(466..=474).collect::<Vec<_>>());
        let main = Params::new(Network::Main);
        assert!(!is_commitment_height(2_010_240 + 20, &main));
        assert!(is_commitment_height(2_010_528 + 20, &main) && is_commitment_height(2_010_528 + 28, &main));
        assert!(!is_commitment_height(2_010_528 + 19, &main) && !is_commitment_height(2_010_528 + 29, &main));
        assert!(!is_commitment_height(
            2_010_528 + 20,
            &Params::new(Network::Signet)
        ));
        let mut moved = params;
        moved.set_dip3("9000:9000").expect("well-formed");
        assert!(!(0..9000).any(|height| is_commitment_height(height, &moved)));
    }

    #[test]
    fn null_commitments_have_the_bytes_of_their_chain() {
        let session = BlockHash::from_byte_array([0xab; 32]);
        let schedule = Params::new(Network::Regtest).quorum.expect("regtest has quorums");
        let payload = null_commitment(442, session, &schedule);
        assert_eq!(payload.len(), 316);
        assert_eq!(payload[..8], [2, 0, 0xba, 1, 0, 0, 3, 0]);
        assert_eq!(payload[8..40], [0xab; 32]);
        assert_eq!(payload[40..44], [3, 0, 3, 0]);
        assert_eq!(payload[44..], [0; 272]);
        let schedule = Params::new(Network::Main).quorum.expect("main has quorums");
        assert_eq!(
            null_commitment(1, session, &schedule).len(),
            40 + 2 * (3 + 50) + 272
        );
    }
}
