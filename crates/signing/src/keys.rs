//! What is known behind hashes: keys, scripts, and how taproot outputs are spent.

use std::collections::HashMap;

use bitcoin::bip32::KeySource;
use bitcoin::hashes::{Hash as _, hash160};
use bitcoin::secp256k1::{Parity, PublicKey, Secp256k1, XOnlyPublicKey};
use bitcoin::taproot::{TapTree, TaprootBuilder, TaprootSpendInfo};
use bitcoin::{Script, ScriptBuf};
use encoding::descriptor::Expansion;
use encoding::{ScriptKind, SecretKey};

/// The hash by which a public key is known.
pub type KeyId = [u8; 20];

/// The hash of a public key in the form that it is written in.
#[must_use]
pub fn key_id(key: &[u8]) -> KeyId {
    hash160::Hash::hash(key).to_byte_array()
}

/// How a taproot output is spent, with the scripts of its tree and their depths in their order.
#[derive(Debug, Clone)]
struct TaprootOutput {
    info: TaprootSpendInfo,
    leaves: Vec<(u8, ScriptBuf)>,
}

/// Keys and scripts to sign with.
#[derive(Debug, Clone, Default)]
pub struct Keys {
    secrets: HashMap<KeyId, SecretKey>,
    public: HashMap<KeyId, bitcoin::PublicKey>,
    sources: HashMap<KeyId, KeySource>,
    scripts: HashMap<KeyId, ScriptBuf>,
    taproot: HashMap<[u8; 32], TaprootOutput>,
}

impl Keys {
    /// Adds a private key, and the script that its witness output in a script's hash reveals.
    pub fn add_secret(&mut self, key: SecretKey) {
        let public = key.public_key(&Secp256k1::signing_only());
        self.add_public(public);
        if let Ok(hash) = public.wpubkey_hash() {
            self.add_script(ScriptBuf::new_p2wpkh(&hash));
        }
        self.secrets.insert(key_id(&public.to_bytes()), key);
    }

    /// Adds a public key.
    pub fn add_public(&mut self, key: bitcoin::PublicKey) {
        self.public.insert(key_id(&key.to_bytes()), key);
    }

    /// Adds a script that a hash may stand for.
    pub fn add_script(&mut self, script: ScriptBuf) {
        self.scripts.insert(key_id(script.as_bytes()), script);
    }

    /// Adds all that a descriptor says.
    pub fn add_expansion(&mut self, expansion: Expansion) {
        for key in expansion.keys {
            self.sources.insert(key_id(&key.public.to_bytes()), key.source);
            self.add_public(key.public);
            if let Some(secret) = key.secret {
                self.secrets.insert(key_id(&key.public.to_bytes()), secret);
            }
        }
        for script in expansion.scripts {
            self.add_script(script);
        }
        if let Some(info) = expansion.taproot {
            let leaves = expansion.leaves;
            self.taproot
                .insert(info.output_key().serialize(), TaprootOutput { info, leaves });
        }
    }

    /// The same without private keys.
    #[must_use]
    pub fn without_secrets(mut self) -> Self {
        self.secrets.clear();
        self
    }

    /// The same, without where keys come from.
    #[must_use]
    pub fn without_sources(mut self) -> Self {
        self.sources.clear();
        self
    }

    /// Whether an output is spent with a witness: its script says so, or the one behind its hash, if that is known.
    #[must_use]
    pub fn is_witness_output(&self, script: &Script) -> bool {
        let is_behind = |hash| self.script(&hash).is_some_and(Script::is_witness_program);
        script.is_witness_program()
            || matches!(ScriptKind::of(script), ScriptKind::ScriptHash(hash) if is_behind(hash))
    }

    pub(crate) fn secret(&self, id: &KeyId) -> Option<&SecretKey> {
        self.secrets.get(id)
    }

    pub(crate) fn secret_of_x_only(&self, key: &[u8; 32]) -> Option<&SecretKey> {
        ids_of_x_only(key).iter().find_map(|id| self.secrets.get(id))
    }

    pub(crate) fn public(&self, id: &KeyId) -> Option<&bitcoin::PublicKey> {
        self.public.get(id)
    }

    pub(crate) fn source(&self, id: &KeyId) -> Option<&KeySource> {
        self.sources.get(id)
    }

    pub(crate) fn source_of_x_only(&self, key: &[u8; 32]) -> Option<&KeySource> {
        ids_of_x_only(key).iter().find_map(|id| self.sources.get(id))
    }

    pub(crate) fn script(&self, hash: &KeyId) -> Option<&Script> {
        self.scripts.get(hash).map(ScriptBuf::as_script)
    }

    pub(crate) fn taproot(&self, output_key: &[u8; 32]) -> Option<&TaprootSpendInfo> {
        self.taproot.get(output_key).map(|output| &output.info)
    }

    /// The tree of a taproot output's scripts, if it has some.
    pub(crate) fn taproot_tree(&self, output_key: &[u8; 32]) -> Option<TapTree> {
        let leaves = &self.taproot.get(output_key)?.leaves;
        let builder = leaves
            .iter()
            .try_fold(TaprootBuilder::new(), |builder, (depth, script)| {
                builder.add_leaf(*depth, script.clone())
            });
        builder.ok()?.try_into_taptree().ok()
    }
}

/// The hashes of the two public keys that share a first coordinate.
fn ids_of_x_only(key: &[u8; 32]) -> Vec<KeyId> {
    let Ok(key) = XOnlyPublicKey::from_slice(key) else {
        return Vec::new();
    };
    [Parity::Even, Parity::Odd]
        .map(|parity| key_id(&PublicKey::from_x_only_public_key(key, parity).serialize()))
        .to_vec()
}
