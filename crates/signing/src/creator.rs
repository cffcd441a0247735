//! Making signatures.

use bitcoin::hashes::Hash as _;
use bitcoin::key::TapTweak as _;
use bitcoin::secp256k1::{Keypair, Message, Secp256k1};
use bitcoin::sighash::{Prevouts, SighashCache, TapSighashType};
use bitcoin::taproot::{TapLeafHash, TapNodeHash};
use bitcoin::{EcdsaSighashType, Script, Transaction, TxOut};
use consensus::limits::money_range;
use consensus::script::{
    ExecutionData, ScriptError, SignatureChecker, SignatureVersion, SpendingTransaction, TransactionChecker,
    legacy_hash,
};

use crate::keys::{Keys, key_id};

/// What of a transaction a signature covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureHashType(u8);

impl SignatureHashType {
    /// All, and for taproot without saying so.
    pub const DEFAULT: Self = Self(0);
    /// All inputs and outputs.
    pub const ALL: Self = Self(1);

    /// The kind with this name in RPC methods.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Some(Self(match name {
            "DEFAULT" => 0,
            "ALL" => 1,
            "NONE" => 2,
            "SINGLE" => 3,
            "ALL|ANYONECANPAY" => 0x81,
            "NONE|ANYONECANPAY" => 0x82,
            "SINGLE|ANYONECANPAY" => 0x83,
            _ => return None,
        }))
    }

    /// Whether it covers the output of the input's place alone.
    #[must_use]
    pub fn is_single(self) -> bool {
        self.0 & !0x80 == 3
    }

    /// The number after signatures of inputs that are not taproot's.
    fn ecdsa(self) -> u8 {
        if self == Self::DEFAULT { 1 } else { self.0 }
    }
}

/// Makes signatures of an input, and says what checks them.
pub trait Creator {
    /// An ECDSA signature with its last byte, if the private key is there.
    fn ecdsa(&self, keys: &Keys, key: &[u8], script: &Script, version: SignatureVersion) -> Option<Vec<u8>>;

    /// The signature of a taproot output's key, made of an internal key and the hash of a tree.
    fn taproot_key(&self, keys: &Keys, internal: &[u8; 32], root: Option<TapNodeHash>) -> Option<Vec<u8>>;

    /// The signature of a taproot output's key that is not made of another one.
    fn taproot_output(&self, keys: &Keys, output: &[u8; 32]) -> Option<Vec<u8>>;

    /// The signature of a key in a taproot script.
    fn taproot_script(&self, keys: &Keys, key: &[u8; 32], leaf: TapLeafHash) -> Option<Vec<u8>>;

    /// What checks signatures of the input.
    fn checker(&self) -> &dyn SignatureChecker;
}

/// Whether all outputs that a transaction spends are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpentOutputs {
    All,
    Some,
}

/// Signs an input of a transaction.
pub struct TransactionCreator<'a> {
    transaction: &'a Transaction,
    spent: &'a [TxOut],
    are_known: SpentOutputs,
    input: usize,
    hash_type: SignatureHashType,
    checker: TransactionChecker<'a>,
}

impl<'a> TransactionCreator<'a> {
    /// Signs this input. `None` if there is no such input.
    #[must_use]
    pub fn new(
        spending: &'a SpendingTransaction<'a>,
        input: usize,
        hash_type: SignatureHashType,
    ) -> Option<Self> {
        Self::with_some(spending, SpentOutputs::All, input, hash_type)
    }

    /// Signs an input of a transaction of which perhaps not all spent outputs are known. Those that are not, are
    /// anything.
    pub(crate) fn with_some(
        spending: &'a SpendingTransaction<'a>,
        are_known: SpentOutputs,
        input: usize,
        hash_type: SignatureHashType,
    ) -> Option<Self> {
        Some(Self {
            transaction: spending.transaction(),
            spent: spending.spent(),
            are_known,
            input,
            hash_type,
            checker: spending.checker(input)?,
        })
    }

    fn schnorr(&self, keypair: &Keypair, leaf: Option<TapLeafHash>) -> Option<Vec<u8>> {
        // Taproot's signatures cover all spent outputs.
        if self.are_known == SpentOutputs::Some {
            return None;
        }
        let kind = TapSighashType::from_consensus_u8(self.hash_type.0).ok()?;
        let hash = SighashCache::new(self.transaction)
            .taproot_signature_hash(
                self.input,
                &Prevouts::All(self.spent),
                None,
                leaf.map(|leaf| (leaf, u32::MAX)),
                kind,
            )
            .ok()?;
        let message = Message::from_digest(hash.to_byte_array());
        let signature = Secp256k1::signing_only().sign_schnorr_with_aux_rand(&message, keypair, &[0; 32]);
        let mut bytes = signature.serialize().to_vec();
        if self.hash_type != SignatureHashType::DEFAULT {
            bytes.push(self.hash_type.0);
        }
        Some(bytes)
    }

    fn keypair(keys: &Keys, key: &[u8; 32]) -> Option<Keypair> {
        let secret = keys.secret_of_x_only(key)?;
        Some(Keypair::from_secret_key(
            &Secp256k1::signing_only(),
            &secret.scalar,
        ))
    }
}

impl Creator for TransactionCreator<'_> {
    fn ecdsa(&self, keys: &Keys, key: &[u8], script: &Script, version: SignatureVersion) -> Option<Vec<u8>> {
        let secret = keys.secret(&key_id(key))?;
        let hash_type = self.hash_type.ecdsa();
        let hash = match version {
            SignatureVersion::WitnessV0 => {
                let value = self.spent[self.input].value;
                // Such a signature covers the amount, and can be of keys of 33 bytes alone.
                if !secret.is_compressed || !money_range(value.to_sat()) {
                    return None;
                }
                let kind = EcdsaSighashType::from_consensus(u32::from(hash_type));
                SighashCache::new(self.transaction)
                    .p2wsh_signature_hash(self.input, script, value, kind)
                    .ok()?
                    .to_byte_array()
            }
            _ => legacy_hash(self.transaction, self.input, script, u32::from(hash_type)).to_byte_array(),
        };
        let signature =
            Secp256k1::signing_only().sign_ecdsa_low_r(&Message::from_digest(hash), &secret.scalar);
        let mut bytes = signature.serialize_der().to_vec();
        bytes.push(hash_type);
        Some(bytes)
    }

    fn taproot_key(&self, keys: &Keys, internal: &[u8; 32], root: Option<TapNodeHash>) -> Option<Vec<u8>> {
        let keypair = Self::keypair(keys, internal)?;
        let tweaked = keypair.tap_tweak(&Secp256k1::new(), root);
        self.schnorr(&tweaked.to_keypair(), None)
    }

    fn taproot_output(&self, keys: &Keys, output: &[u8; 32]) -> Option<Vec<u8>> {
        self.schnorr(&Self::keypair(keys, output)?, None)
    }

    fn taproot_script(&self, keys: &Keys, key: &[u8; 32], leaf: TapLeafHash) -> Option<Vec<u8>> {
        self.schnorr(&Self::keypair(keys, key)?, Some(leaf))
    }

    fn checker(&self) -> &dyn SignatureChecker {
        &self.checker
    }
}

/// Makes what looks like signatures without keys, to know how long an input will be.
#[derive(Debug, Clone, Copy, Default)]
pub struct DummyCreator;

impl Creator for DummyCreator {
    fn ecdsa(&self, _: &Keys, _: &[u8], _: &Script, _: SignatureVersion) -> Option<Vec<u8>> {
        let mut signature = vec![0; 71];
        signature[..5].copy_from_slice(&[0x30, 68, 0x02, 32, 0x01]);
        signature[36..39].copy_from_slice(&[0x02, 32, 0x01]);
        signature[70] = 1;
        Some(signature)
    }

    fn taproot_key(&self, _: &Keys, _: &[u8; 32], _: Option<TapNodeHash>) -> Option<Vec<u8>> {
        Some(vec![0; 64])
    }

    fn taproot_output(&self, _: &Keys, _: &[u8; 32]) -> Option<Vec<u8>> {
        Some(vec![0; 64])
    }

    fn taproot_script(&self, _: &Keys, _: &[u8; 32], _: TapLeafHash) -> Option<Vec<u8>> {
        Some(vec![0; 64])
    }

    fn checker(&self) -> &dyn SignatureChecker {
        self
    }
}

impl SignatureChecker for DummyCreator {
    fn check_ecdsa(&self, signature: &[u8], _: &[u8], _: &Script, _: SignatureVersion) -> bool {
        !signature.is_empty()
    }

    fn check_schnorr(
        &self,
        signature: &[u8],
        _: &[u8; 32],
        _: SignatureVersion,
        _: &ExecutionData,
    ) -> Result<(), ScriptError> {
        if signature.is_empty() {
            Err(ScriptError::SchnorrSigSize)
        } else {
            Ok(())
        }
    }

    fn check_lock_time(&self, _: i64) -> bool {
        true
    }

    fn check_sequence(&self, _: i64) -> bool {
        true
    }
}
