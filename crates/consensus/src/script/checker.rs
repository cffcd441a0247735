//! What scripts ask of the transaction that they are run for.

use std::sync::LazyLock;

use bitcoin::absolute::LOCK_TIME_THRESHOLD;
use bitcoin::hashes::{Hash, sha256};
use bitcoin::secp256k1::{Message, PublicKey, Secp256k1, VerifyOnly, XOnlyPublicKey, ecdsa, schnorr};
use bitcoin::taproot::TapLeafHash;
use bitcoin::{Script, Sequence};

use super::interpreter::SignatureVersion;
use super::sighash::{legacy_hash, taproot_hash, witness_hash};
use super::{ScriptError, SpendingTransaction};

/// What verifies signatures, for all threads.
pub(super) static SECP: LazyLock<Secp256k1<VerifyOnly>> = LazyLock::new(Secp256k1::verification_only);

/// The bit of a sequence number with which it locks nothing (BIP 68).
pub(super) const SEQUENCE_DISABLED: i64 = 1 << 31;

/// The bit of a sequence number with which it locks by time (BIP 68).
const SEQUENCE_BY_TIME: i64 = 1 << 22;

/// The bits of a sequence number that count (BIP 68).
const SEQUENCE_MASK: i64 = 0xffff;

/// What taproot's signatures sign besides the transaction.
#[derive(Debug, Clone)]
pub struct ExecutionData {
    /// The hash of the script that is run.
    pub leaf_hash: TapLeafHash,
    /// The number of the last operation that was an `OP_CODESEPARATOR`; `u32::MAX` if none was.
    pub separator: u32,
    /// The hash of the witness's annex.
    pub annex_hash: Option<sha256::Hash>,
    /// How much more signatures may weigh.
    pub(super) weight_left: i64,
}

impl Default for ExecutionData {
    fn default() -> Self {
        Self {
            leaf_hash: TapLeafHash::all_zeros(),
            separator: u32::MAX,
            annex_hash: None,
            weight_left: 0,
        }
    }
}

/// What scripts ask of the transaction that they are run for. Caches of signatures and signers that only look for what
/// is missing stand between the interpreter and a [`TransactionChecker`] with it.
pub trait SignatureChecker {
    /// Whether an ECDSA signature, with its last byte, is valid for a key and a script.
    fn check_ecdsa(
        &self,
        signature: &[u8],
        key: &[u8],
        script_code: &Script,
        version: SignatureVersion,
    ) -> bool;

    /// Checks a Schnorr signature, which may have a last byte.
    ///
    /// # Errors
    /// [`ScriptError`] if it is not valid.
    fn check_schnorr(
        &self,
        signature: &[u8],
        key: &[u8; 32],
        version: SignatureVersion,
        execution: &ExecutionData,
    ) -> Result<(), ScriptError>;

    /// Whether the transaction cannot be in a block before this time or height (BIP 65).
    fn check_lock_time(&self, lock_time: i64) -> bool;

    /// Whether the input cannot be in a block before this age of its output (BIP 112).
    fn check_sequence(&self, sequence: i64) -> bool;
}

/// Checks signatures and locks of a transaction's input.
#[derive(Debug, Clone, Copy)]
pub struct TransactionChecker<'a> {
    spending: &'a SpendingTransaction<'a>,
    input: usize,
}

impl<'a> TransactionChecker<'a> {
    /// The input must be one of the transaction's.
    pub(super) fn new(spending: &'a SpendingTransaction<'a>, input: usize) -> Self {
        Self { spending, input }
    }

    fn sequence(&self) -> Sequence {
        self.spending.transaction().input[self.input].sequence
    }
}

impl SignatureChecker for TransactionChecker<'_> {
    fn check_ecdsa(
        &self,
        signature: &[u8],
        key: &[u8],
        script_code: &Script,
        version: SignatureVersion,
    ) -> bool {
        let Some((hash_type, der)) = signature.split_last() else {
            return false;
        };
        let Ok(key) = PublicKey::from_slice(key) else {
            return false;
        };
        let Ok(mut signature) = ecdsa::Signature::from_der_lax(der) else {
            return false;
        };
        let hash_type = u32::from(*hash_type);
        let hash = if version == SignatureVersion::WitnessV0 {
            witness_hash(self.spending, self.input, script_code, hash_type)
        } else {
            legacy_hash(self.spending.transaction(), self.input, script_code, hash_type)
        };
        // The library takes the lower S value alone.
        signature.normalize_s();
        let message = Message::from_digest(hash.to_byte_array());
        SECP.verify_ecdsa(&message, &signature, &key).is_ok()
    }

    fn check_schnorr(
        &self,
        signature: &[u8],
        key: &[u8; 32],
        version: SignatureVersion,
        execution: &ExecutionData,
    ) -> Result<(), ScriptError> {
        let (signature, hash_type) = match signature.split_first_chunk::<64>() {
            Some((signature, [])) => (signature, 0),
            Some((_, [0])) => return Err(ScriptError::SchnorrSigHashType),
            Some((signature, [hash_type])) => (signature, *hash_type),
            _ => return Err(ScriptError::SchnorrSigSize),
        };
        let hash = taproot_hash(self.spending, self.input, hash_type, version, execution)
            .ok_or(ScriptError::SchnorrSigHashType)?;
        let key = XOnlyPublicKey::from_slice(key).map_err(|_| ScriptError::SchnorrSig)?;
        let signature = schnorr::Signature::from_slice(signature).map_err(|_| ScriptError::SchnorrSig)?;
        SECP.verify_schnorr(&signature, &Message::from_digest(hash.to_byte_array()), &key)
            .map_err(|_| ScriptError::SchnorrSig)
    }

    fn check_lock_time(&self, lock_time: i64) -> bool {
        let own = i64::from(self.spending.transaction().lock_time.to_consensus_u32());
        let threshold = i64::from(LOCK_TIME_THRESHOLD);
        (own < threshold) == (lock_time < threshold) && lock_time <= own && !self.sequence().is_final()
    }

    fn check_sequence(&self, sequence: i64) -> bool {
        let own = i64::from(self.sequence().to_consensus_u32());
        let version = self.spending.transaction().version.0.cast_unsigned();
        version >= 2
            && own & SEQUENCE_DISABLED == 0
            && own & SEQUENCE_BY_TIME == sequence & SEQUENCE_BY_TIME
            && sequence & SEQUENCE_MASK <= own & SEQUENCE_MASK
    }
}
