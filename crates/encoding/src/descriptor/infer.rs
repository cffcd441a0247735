//! From scripts to descriptors, as far as what is known allows.

use std::collections::BTreeMap;

use bitcoin::bip32::{ChildNumber, KeySource};
use bitcoin::taproot::TaprootSpendInfo;
use bitcoin::{PublicKey, Script, ScriptBuf, XOnlyPublicKey};
use consensus::params::AddressParams;
use miniscript::Segwitv0;
use miniscript::miniscript::Miniscript;

use super::{Expansion, with_checksum};
use crate::hex::to_hex;
use crate::kind::ScriptKind;
use crate::{Address, SecretKey};

/// Scripts and keys that may stand behind hashes.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Scripts.
    pub scripts: Vec<ScriptBuf>,
    /// Public keys.
    pub keys: Vec<PublicKey>,
    /// Where public keys come from. It is told before each key of which it is known.
    pub sources: BTreeMap<PublicKey, KeySource>,
    /// How taproot outputs are made.
    pub taproot: Vec<TaprootSpendInfo>,
}

impl Known {
    /// The public keys of private ones.
    #[must_use]
    pub fn of_secret_keys(keys: &[SecretKey]) -> Self {
        let secp = bitcoin::secp256k1::Secp256k1::signing_only();
        Self {
            keys: keys.iter().map(|key| key.public_key(&secp)).collect(),
            ..Self::default()
        }
    }

    /// What a descriptor says of its outputs.
    #[must_use]
    pub fn of_expansion(expansion: &Expansion) -> Self {
        let sources = expansion.keys.iter();
        Self {
            scripts: expansion.scripts.clone(),
            keys: expansion.keys.iter().map(|key| key.public).collect(),
            sources: sources.map(|key| (key.public, key.source.clone())).collect(),
            taproot: expansion.taproot.iter().cloned().collect(),
        }
    }

    fn script(&self, address: &Address) -> Option<&Script> {
        let is_it = |script: &&ScriptBuf| {
            *address == Address::of_script_hash(script) || *address == Address::of_witness_script_hash(script)
        };
        self.scripts.iter().find(is_it).map(ScriptBuf::as_script)
    }

    /// The key that the output of a tree without leaves was made of.
    fn internal_key(&self, output: &[u8]) -> Option<XOnlyPublicKey> {
        let made = |info: &&TaprootSpendInfo| info.output_key().serialize() == output;
        let info = self.taproot.iter().find(made)?;
        info.merkle_root().is_none().then(|| info.internal_key())
    }

    /// The same descriptor, in which sources are told.
    fn tell_sources(&self, descriptor: String, is_taproot: bool) -> String {
        self.sources.iter().fold(descriptor, |descriptor, (key, source)| {
            let digits = match is_taproot {
                true => XOnlyPublicKey::from(key.inner).to_string(),
                false => key.to_string(),
            };
            descriptor.replace(&digits, &format!("[{}]{digits}", show_source(source)))
        })
    }

    fn key(&self, address: &Address) -> Option<String> {
        let is_it = |key: &&PublicKey| {
            let bytes = key.to_bytes();
            *address == Address::of_public_key(&bytes) || *address == Address::of_witness_public_key(&bytes)
        };
        self.keys.iter().find(is_it).map(ToString::to_string)
    }
}

fn show_source((fingerprint, path): &KeySource) -> String {
    path.into_iter()
        .fold(fingerprint.to_string(), |text, child| match child {
            ChildNumber::Normal { index } => format!("{text}/{index}"),
            ChildNumber::Hardened { index } => format!("{text}/{index}h"),
        })
}

/// Where a script stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Top,
    ScriptHash,
    WitnessScriptHash,
}

/// A descriptor of an output's script: the one that says most, with its checksum.
#[must_use]
pub fn infer(script: &Script, known: &Known, chain: &AddressParams) -> String {
    let payload = match infer_at(script, Place::Top, known) {
        Some(functions) => known.tell_sources(functions, script.is_p2tr()),
        None => match Address::from_script(script) {
            Some(address) => format!("addr({})", address.encode(chain)),
            None => format!("raw({})", script.to_hex_string()),
        },
    };
    with_checksum(&payload)
}

fn infer_at(script: &Script, place: Place, known: &Known) -> Option<String> {
    let kind = ScriptKind::of(script);
    let functions = match (&kind, place) {
        (ScriptKind::PublicKey(key), _) => readable_key(key, place).map(|key| format!("pk({key})")),
        (ScriptKind::PublicKeyHash(hash), _) => known
            .key(&Address::PublicKeyHash(*hash))
            .map(|key| format!("pkh({key})")),
        (ScriptKind::Multisig { required, keys }, _) => {
            let keys: Option<Vec<String>> = keys.iter().map(|key| readable_key(key, place)).collect();
            keys.map(|keys| format!("multi({required},{})", keys.join(",")))
        }
        (ScriptKind::WitnessKeyHash(hash), Place::Top | Place::ScriptHash) => known
            .key(&Address::WitnessKeyHash(*hash))
            .map(|key| format!("wpkh({key})")),
        (ScriptKind::WitnessScriptHash(hash), Place::Top | Place::ScriptHash) => known
            .script(&Address::WitnessScriptHash(*hash))
            .and_then(|script| infer_at(script, Place::WitnessScriptHash, known))
            .map(|inner| format!("wsh({inner})")),
        (ScriptKind::ScriptHash(hash), Place::Top) => known
            .script(&Address::ScriptHash(*hash))
            .and_then(|script| infer_at(script, Place::ScriptHash, known))
            .map(|inner| format!("sh({inner})")),
        (ScriptKind::Taproot(key), Place::Top) => match known.internal_key(key) {
            Some(internal) => Some(format!("tr({internal})")),
            None => XOnlyPublicKey::from_slice(key)
                .ok()
                .map(|key| format!("rawtr({key})")),
        },
        _ => None,
    };
    match place {
        Place::WitnessScriptHash => functions.or_else(|| miniscript(script)),
        Place::Top | Place::ScriptHash => functions,
    }
}

/// A key's digits, if it may stand in a descriptor there. Whether it is on the curve is not looked at.
fn readable_key(key: &[u8], place: Place) -> Option<String> {
    match key.first() {
        Some(2 | 3) => Some(to_hex(key)),
        Some(4) if place != Place::WitnessScriptHash => Some(to_hex(key)),
        _ => None,
    }
}

fn miniscript(script: &Script) -> Option<String> {
    let expression = Miniscript::<PublicKey, Segwitv0>::parse(script).ok()?;
    (!expression.contains_raw_pkh()).then(|| expression.to_string())
}
