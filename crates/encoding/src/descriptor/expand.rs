//! From descriptors to scripts.

use bitcoin::bip32::KeySource;
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_CHECKSIG, OP_CHECKSIGADD, OP_NUMEQUAL};
use bitcoin::script::Builder;
use bitcoin::secp256k1::{All, Secp256k1};
use bitcoin::taproot::{TaprootBuilder, TaprootSpendInfo};
use bitcoin::{PublicKey, ScriptBuf, XOnlyPublicKey};

use super::{Key, KeyOrder, Multisig, MultisigForm, Node};
use crate::{Address, SecretKey};

/// What a descriptor stands for at one index.
#[derive(Debug, Clone, Default)]
pub struct Expansion {
    /// The outputs' scripts.
    pub outputs: Vec<ScriptBuf>,
    /// The scripts whose hashes stand in the outputs or in one another.
    pub scripts: Vec<ScriptBuf>,
    /// The keys.
    pub keys: Vec<Expanded>,
    /// How a taproot output is spent.
    pub taproot: Option<TaprootSpendInfo>,
    /// The scripts of a taproot output's tree with their depths, in the order in which they are written.
    pub leaves: Vec<(u8, ScriptBuf)>,
}

/// A key, and where it comes from.
#[derive(Debug, Clone)]
pub struct Expanded {
    /// The key.
    pub public: PublicKey,
    /// The master key's fingerprint, and the way from it.
    pub source: KeySource,
    /// The private key, if the descriptor has it.
    pub secret: Option<SecretKey>,
}

struct Expander {
    index: u32,
    secp: Secp256k1<All>,
    expansion: Expansion,
}

pub(super) fn expand(node: &Node, index: u32) -> Option<Expansion> {
    let mut expander = Expander {
        index,
        secp: Secp256k1::new(),
        expansion: Expansion::default(),
    };
    let outputs = match node {
        Node::Combo(key) => expander.combo(key)?,
        node => vec![expander.script(node, Keys::Full)?],
    };
    expander.expansion.outputs = outputs;
    Some(expander.expansion)
}

/// How keys stand in a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Full,
    XOnly,
}

impl Expander {
    fn key(&mut self, key: &Key) -> Option<PublicKey> {
        let derived = key.derive(self.index, &self.secp)?;
        self.expansion.keys.push(Expanded {
            public: derived.public,
            source: derived.source,
            secret: derived.secret,
        });
        Some(derived.public)
    }

    fn combo(&mut self, key: &Key) -> Option<Vec<ScriptBuf>> {
        let key = self.key(key)?;
        let mut outputs = vec![
            ScriptBuf::new_p2pk(&key),
            ScriptBuf::new_p2pkh(&key.pubkey_hash()),
        ];
        if let Ok(hash) = key.wpubkey_hash() {
            let witness = ScriptBuf::new_p2wpkh(&hash);
            outputs.extend([witness.clone(), Address::of_script_hash(&witness).script()]);
            self.expansion.scripts.push(witness);
        }
        Some(outputs)
    }

    fn script(&mut self, node: &Node, keys: Keys) -> Option<ScriptBuf> {
        match node {
            Node::PublicKey(key) => {
                let key = self.key(key)?;
                Some(match keys {
                    Keys::Full => ScriptBuf::new_p2pk(&key),
                    Keys::XOnly => Builder::new()
                        .push_x_only_key(&x_only(&key))
                        .push_opcode(OP_CHECKSIG)
                        .into_script(),
                })
            }
            Node::PublicKeyHash(key) => Some(ScriptBuf::new_p2pkh(&self.key(key)?.pubkey_hash())),
            Node::WitnessKeyHash(key) => Some(ScriptBuf::new_p2wpkh(&self.key(key)?.wpubkey_hash().ok()?)),
            // At the top alone, where it stands for several outputs.
            Node::Combo(_) => None,
            Node::Multisig(multisig) => self.multisig(multisig),
            Node::ScriptHash(inner) => {
                let script = self.hashed(inner)?;
                Some(Address::of_script_hash(&script).script())
            }
            Node::WitnessScriptHash(inner) => {
                let script = self.hashed(inner)?;
                Some(Address::of_witness_script_hash(&script).script())
            }
            Node::Taproot { internal, leaves } => self.taproot(internal, leaves),
            Node::RawTaproot(key) => {
                let key = self.key(key)?;
                Some(Address::Taproot(x_only(&key).serialize()).script())
            }
            Node::Address(address) => Some(address.script()),
            Node::Raw(script) => Some(script.clone()),
            Node::Policy(policy) => {
                let keys: Option<Vec<PublicKey>> = policy.keys().map(|key| self.key(key)).collect();
                policy.script(&keys?)
            }
        }
    }

    fn hashed(&mut self, inner: &Node) -> Option<ScriptBuf> {
        let script = self.script(inner, Keys::Full)?;
        self.expansion.scripts.push(script.clone());
        Some(script)
    }

    fn multisig(&mut self, multisig: &Multisig) -> Option<ScriptBuf> {
        let keys: Option<Vec<PublicKey>> = multisig.keys.iter().map(|key| self.key(key)).collect();
        let mut keys = keys?;
        let is_sorted = multisig.order == KeyOrder::Sorted;
        let number = |number: usize| i64::try_from(number).ok();
        let builder = match multisig.form {
            MultisigForm::Check => {
                if is_sorted {
                    keys.sort_by_key(|key| key.to_bytes());
                }
                let builder = Builder::new().push_int(number(multisig.required)?);
                keys.iter()
                    .fold(builder, Builder::push_key)
                    .push_int(number(keys.len())?)
                    .push_opcode(OP_CHECKMULTISIG)
            }
            MultisigForm::Add => {
                let mut keys: Vec<XOnlyPublicKey> = keys.iter().map(x_only).collect();
                if is_sorted {
                    keys.sort_by_key(XOnlyPublicKey::serialize);
                }
                let builder = keys
                    .iter()
                    .enumerate()
                    .fold(Builder::new(), |builder, (index, key)| {
                        let opcode = if index == 0 { OP_CHECKSIG } else { OP_CHECKSIGADD };
                        builder.push_x_only_key(key).push_opcode(opcode)
                    });
                builder
                    .push_int(number(multisig.required)?)
                    .push_opcode(OP_NUMEQUAL)
            }
        };
        Some(builder.into_script())
    }

    fn taproot(&mut self, internal: &Key, leaves: &[(u8, Node)]) -> Option<ScriptBuf> {
        let internal = x_only(&self.key(internal)?);
        let mut builder = TaprootBuilder::new();
        for (depth, leaf) in leaves {
            let script = self.script(leaf, Keys::XOnly)?;
            self.expansion.leaves.push((*depth, script.clone()));
            builder = builder.add_leaf(*depth, script).ok()?;
        }
        let info = if leaves.is_empty() {
            TaprootSpendInfo::new_key_spend(&self.secp, internal, None)
        } else {
            builder.finalize(&self.secp, internal).ok()?
        };
        let output = Address::Taproot(info.output_key().serialize()).script();
        self.expansion.taproot = Some(info);
        Some(output)
    }
}

fn x_only(key: &PublicKey) -> XOnlyPublicKey {
    key.inner.x_only_public_key().0
}
