//! Keys, scripts and signatures of a recipe.

use std::sync::LazyLock;

use bitcoin::hashes::Hash;
use bitcoin::opcodes::all::OP_CODESEPARATOR;
use bitcoin::script::{Builder, Instruction, PushBytesBuf};
use bitcoin::secp256k1::{All, Keypair, Message, Parity, Secp256k1, SecretKey, ecdsa};
use bitcoin::sighash::{Annex, EcdsaSighashType, Prevouts, SighashCache};
use bitcoin::taproot::TapLeafHash;
use bitcoin::{Script, ScriptBuf, TapSighashType, Transaction, TxOut};
use consensus::script::legacy_hash;

use crate::recipe::{KeyForm, Part, Signature, SignatureForm};

pub(crate) static SECP: LazyLock<Secp256k1<All>> = LazyLock::new(Secp256k1::new);

/// Which rules a script's signatures follow.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Version {
    Base,
    WitnessV0,
    Taproot,
}

pub(crate) fn pair(key: u8) -> Keypair {
    let secret = SecretKey::from_slice(&[key + 1; 32]).expect("in the range of keys");
    Keypair::from_secret_key(&SECP, &secret)
}

fn key(number: u8, form: KeyForm, version: Version) -> Vec<u8> {
    let pair = pair(number);
    let (x_only, parity) = pair.x_only_public_key();
    match (form, version) {
        (KeyForm::Usual, Version::Taproot) | (KeyForm::XOnly, _) => x_only.serialize().to_vec(),
        (KeyForm::Usual | KeyForm::Compressed, _) => pair.public_key().serialize().to_vec(),
        (KeyForm::Uncompressed, _) => pair.public_key().serialize_uncompressed().to_vec(),
        (KeyForm::Hybrid, _) => {
            let mut key = pair.public_key().serialize_uncompressed();
            key[0] = 6 + u8::from((parity == Parity::Odd) != (number == 2));
            key.to_vec()
        }
        (KeyForm::Unknown, _) => [&[9], x_only.serialize().as_slice()].concat(),
    }
}

pub(crate) fn push(bytes: &[u8]) -> ScriptBuf {
    let bytes = PushBytesBuf::try_from(bytes.to_vec()).expect("short");
    Builder::new().push_slice(bytes).into_script()
}

/// What the input that is signed is of.
pub(crate) struct Signer<'a> {
    pub(crate) transaction: &'a Transaction,
    pub(crate) spent: &'a [TxOut],
    pub(crate) input: usize,
    pub(crate) annex: Option<&'a [u8]>,
    pub(crate) version: Version,
}

impl Signer<'_> {
    /// A script, without the signatures that are in it or with them.
    pub(crate) fn script(&self, parts: &[Part], signed: Option<&Script>) -> ScriptBuf {
        let mut script = Vec::new();
        for part in parts {
            match part {
                Part::Opcode(opcode) => script.push(*opcode),
                Part::Push(bytes) => script.extend(push(bytes).into_bytes()),
                Part::Number(number) => {
                    script.extend(Builder::new().push_int(*number).into_script().into_bytes());
                }
                Part::Key(number, form) => {
                    script.extend(push(&key(*number, *form, self.version)).into_bytes());
                }
                Part::Signature(signature) => {
                    if let Some(signed) = signed {
                        script.extend(push(&self.sign(signature, signed, None)).into_bytes());
                    }
                }
            }
        }
        ScriptBuf::from_bytes(script)
    }

    /// A signature for a script.
    pub(crate) fn sign(&self, signature: &Signature, script: &Script, leaf: Option<TapLeafHash>) -> Vec<u8> {
        let (script_code, separator) = after_separators(script, signature.separators);
        match self.version {
            Version::Base => {
                let hash_type = u32::from(signature.hash_type);
                let hash = legacy_hash(self.transaction, self.input, script_code, hash_type);
                ecdsa(signature, Message::from_digest(hash.to_byte_array()))
            }
            Version::WitnessV0 => {
                // This crate hashes no type that it does not know, but for what it stands for.
                let hash_type = EcdsaSighashType::from_consensus(u32::from(signature.hash_type));
                let amount = self.spent[self.input].value;
                let hash = SighashCache::new(self.transaction)
                    .p2wsh_signature_hash(self.input, script_code, amount, hash_type)
                    .expect("an input");
                ecdsa(signature, Message::from_digest(hash.to_byte_array()))
            }
            Version::Taproot => self.schnorr(
                signature,
                leaf.map(|leaf| (leaf, separator)),
                &pair(signature.key),
            ),
        }
    }

    /// A signature of taproot, for a script or else for a key; its hash type is the default if there is none like it.
    pub(crate) fn schnorr(
        &self,
        signature: &Signature,
        leaf: Option<(TapLeafHash, u32)>,
        pair: &Keypair,
    ) -> Vec<u8> {
        let hash_type =
            TapSighashType::from_consensus_u8(signature.hash_type).unwrap_or(TapSighashType::Default);
        let annex = self
            .annex
            .map(|annex| Annex::new(annex).expect("it begins as one"));
        let prevouts = Prevouts::All(self.spent);
        let hash = SighashCache::new(self.transaction)
            .taproot_signature_hash(self.input, &prevouts, annex, leaf, hash_type);
        // There may be no output to sign.
        let message = Message::from_digest(hash.map_or([7; 32], Hash::to_byte_array));
        let mut bytes = SECP.sign_schnorr_no_aux_rand(&message, pair).serialize().to_vec();
        if hash_type as u8 != signature.hash_type || signature.hash_type != 0 {
            bytes.push(signature.hash_type);
        }
        bytes
    }
}

/// What stands after so many separators, or after the last one, and that one's place.
fn after_separators(script: &Script, number: usize) -> (&Script, u32) {
    let mut instructions = script.instruction_indices();
    let last = std::iter::from_fn(|| instructions.next()?.ok())
        .enumerate()
        .filter(|(_, (_, instruction))| *instruction == Instruction::Op(OP_CODESEPARATOR))
        .take(number)
        .last();
    match last {
        Some((place, (offset, _))) => (
            Script::from_bytes(&script.as_bytes()[offset + 1..]),
            u32::try_from(place).expect("short"),
        ),
        None => (script, u32::MAX),
    }
}

fn ecdsa(signature: &Signature, message: Message) -> Vec<u8> {
    let made = SECP.sign_ecdsa(&message, &pair(signature.key).secret_key());
    let mut der = match signature.form {
        SignatureForm::High => high(&made).serialize_der().to_vec(),
        SignatureForm::Usual | SignatureForm::Padded => made.serialize_der().to_vec(),
    };
    if signature.form == SignatureForm::Padded {
        der[1] += 1;
        der[3] += 1;
        der.insert(4, 0);
    }
    der.push(signature.hash_type);
    der
}

/// The same signature with the higher S value.
fn high(signature: &ecdsa::Signature) -> ecdsa::Signature {
    let mut compact = signature.serialize_compact();
    let s = SecretKey::from_slice(&compact[32..]).expect("in the range of keys");
    compact[32..].copy_from_slice(&s.negate().secret_bytes());
    ecdsa::Signature::from_compact(&compact).expect("in range")
}
