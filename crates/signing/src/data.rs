//! What is known of an input while it is signed.

use std::collections::{BTreeMap, BTreeSet};

use bitcoin::ScriptBuf;
use bitcoin::bip32::KeySource;
use bitcoin::hashes::{hash160, ripemd160, sha256, sha256d};
use bitcoin::taproot::{LeafVersion, TapLeafHash, TapNodeHash, TaprootSpendInfo};

use crate::keys::KeyId;

/// Keys and their signatures, by the keys' hashes.
pub type Signatures = BTreeMap<KeyId, (Vec<u8>, Vec<u8>)>;

/// Script and witness of an input, whether they are complete, and what they can be made of.
#[derive(Debug, Clone, Default)]
pub struct SignatureData {
    /// Whether script and witness spend the output.
    pub is_complete: bool,
    /// Whether the output is spent with a witness.
    pub has_witness: bool,
    /// The input's script.
    pub script_sig: ScriptBuf,
    /// The input's witness.
    pub witness: Vec<Vec<u8>>,
    /// The script that an output of a script's hash stands for.
    pub redeem_script: Option<ScriptBuf>,
    /// The script that a witness output of a script's hash stands for.
    pub witness_script: Option<ScriptBuf>,
    /// Keys and their signatures, by the keys' hashes.
    pub signatures: Signatures,
    /// Keys that may be needed, and where they come from, by their hashes.
    pub keys: BTreeMap<KeyId, (Vec<u8>, Option<KeySource>)>,
    /// What concerns a taproot output.
    pub taproot: TaprootData,
    /// Numbers whose SHA-256 hashes scripts ask for.
    pub sha256: BTreeMap<sha256::Hash, Vec<u8>>,
    /// Those of double SHA-256.
    pub hash256: BTreeMap<sha256d::Hash, Vec<u8>>,
    /// Those of RIPEMD-160.
    pub ripemd160: BTreeMap<ripemd160::Hash, Vec<u8>>,
    /// Those of RIPEMD-160 after SHA-256.
    pub hash160: BTreeMap<hash160::Hash, Vec<u8>>,
    /// What was looked for and not found.
    pub missing: Missing,
}

/// What is known of a taproot output and its spending.
#[derive(Debug, Clone, Default)]
pub struct TaprootData {
    /// The signature of the output's key.
    pub key_signature: Option<Vec<u8>>,
    /// Signatures of keys in scripts.
    pub script_signatures: BTreeMap<([u8; 32], TapLeafHash), Vec<u8>>,
    /// The key that the output's is made of.
    pub internal_key: Option<[u8; 32]>,
    /// The hash of the tree of scripts.
    pub merkle_root: Option<TapNodeHash>,
    /// Scripts, and the ways from the tree's root to them.
    pub scripts: BTreeMap<(ScriptBuf, LeafVersion), BTreeSet<Vec<u8>>>,
    /// Keys, the scripts that they are in, and where they come from.
    pub keys: BTreeMap<[u8; 32], (BTreeSet<TapLeafHash>, KeySource)>,
}

impl TaprootData {
    /// Adds the scripts of a tree, and its hash.
    pub(crate) fn add_scripts(&mut self, info: &TaprootSpendInfo) {
        self.merkle_root = self.merkle_root.or(info.merkle_root());
        for leaf in info.script_map().keys() {
            if let Some(control) = info.control_block(leaf) {
                let controls = self.scripts.entry(leaf.clone()).or_default();
                controls.insert(control.serialize());
            }
        }
    }
}

/// What was looked for and not found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Missing {
    /// Keys by their hashes.
    pub keys: Vec<KeyId>,
    /// Signatures by their keys' hashes.
    pub signatures: Vec<KeyId>,
    /// The script with this hash.
    pub redeem_script: Option<[u8; 20]>,
    /// The witness script with this hash.
    pub witness_script: Option<[u8; 32]>,
}

impl SignatureData {
    /// Adds what another signer knows of the same input.
    pub fn merge(&mut self, other: Self) {
        if self.is_complete {
            return;
        }
        if other.is_complete {
            *self = other;
            return;
        }
        self.redeem_script = self.redeem_script.take().or(other.redeem_script);
        self.witness_script = self.witness_script.take().or(other.witness_script);
        for (id, signature) in other.signatures {
            self.signatures.entry(id).or_insert(signature);
        }
    }
}
