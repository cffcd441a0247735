//! From an output's script to an input's script and witness.

use bitcoin::hashes::{Hash as _, ripemd160};
use bitcoin::taproot::{LeafVersion, TapLeafHash};
use bitcoin::{PubkeyHash, Script, ScriptBuf, Witness};
use consensus::script::{ScriptFlags, SignatureVersion, verify_script};
use encoding::ScriptKind;

use crate::creator::Creator;
use crate::data::SignatureData;
use crate::keys::{KeyId, Keys, key_id};
use crate::policy;

/// The state of one input's solving.
pub(crate) struct Solver<'a> {
    pub(crate) keys: &'a Keys,
    pub(crate) creator: &'a dyn Creator,
    pub(crate) data: &'a mut SignatureData,
}

/// What a script came to.
struct Step<'a> {
    kind: ScriptKind<'a>,
    /// What spends it, or what stands behind its hash.
    items: Vec<Vec<u8>>,
    is_solved: bool,
}

/// Makes script and witness of an input that spends an output with this script, as far as keys and what is known of the
/// input allow. Whether they are complete is said there, and is the answer.
pub fn produce(keys: &Keys, creator: &dyn Creator, script: &Script, data: &mut SignatureData) -> bool {
    if data.is_complete {
        return true;
    }
    let solved = Solver { keys, creator, data }.solve(script);
    if !data.has_witness {
        data.witness.clear();
    }
    let witness = Witness::from_slice(&data.witness);
    data.is_complete = solved
        && verify_script(
            &data.script_sig,
            script,
            &witness,
            ScriptFlags::STANDARD,
            creator.checker(),
        )
        .is_ok();
    data.is_complete
}

impl Solver<'_> {
    fn solve(&mut self, script: &Script) -> bool {
        let mut step = self.step(script, SignatureVersion::Base);
        let redeem_script = match step.kind {
            ScriptKind::ScriptHash(_) if step.is_solved => step.items.first().cloned().map(ScriptBuf::from),
            _ => None,
        };
        if let Some(redeem_script) = &redeem_script {
            self.data.redeem_script = Some(redeem_script.clone());
            step = self.step(redeem_script, SignatureVersion::Base);
            step.is_solved &= !matches!(step.kind, ScriptKind::ScriptHash(_));
        }
        let Step {
            kind,
            mut items,
            is_solved,
        } = step;
        let mut is_solved = is_solved;
        match kind {
            ScriptKind::WitnessKeyHash(hash) if is_solved => {
                let script = ScriptBuf::new_p2pkh(&PubkeyHash::from_byte_array(hash));
                let inner = self.step(&script, SignatureVersion::WitnessV0);
                is_solved = inner.is_solved;
                self.set_witness(inner.items);
                items.clear();
            }
            ScriptKind::WitnessScriptHash(_) if is_solved => {
                let script = ScriptBuf::from(std::mem::take(&mut items[0]));
                items.clear();
                is_solved = self.witness_script(&script);
            }
            ScriptKind::Taproot(_) if redeem_script.is_none() => {
                self.data.has_witness = true;
                let items = std::mem::take(&mut items);
                if is_solved {
                    self.data.witness = items;
                }
            }
            _ => {}
        }
        if let Some(redeem_script) = redeem_script {
            items.push(redeem_script.into_bytes());
        }
        self.data.script_sig = push_all(&items);
        is_solved
    }

    fn set_witness(&mut self, items: Vec<Vec<u8>>) {
        self.data.has_witness = true;
        self.data.witness = items;
    }

    fn witness_script(&mut self, script: &Script) -> bool {
        self.data.witness_script = Some(script.to_owned());
        let inner = self.step(script, SignatureVersion::WitnessV0);
        let is_hash = matches!(
            inner.kind,
            ScriptKind::ScriptHash(_) | ScriptKind::WitnessScriptHash(_) | ScriptKind::WitnessKeyHash(_)
        );
        let mut is_solved = inner.is_solved && !is_hash;
        let mut items = inner.items;
        // What has some of several signatures stays, for others to complete it.
        if !is_solved
            && items.is_empty()
            && let Some(found) = policy::satisfy_witness_script(self, script)
        {
            items = found;
            is_solved = true;
        }
        items.push(script.to_bytes());
        self.set_witness(items);
        is_solved
    }

    fn step<'a>(&mut self, script: &'a Script, version: SignatureVersion) -> Step<'a> {
        let kind = ScriptKind::of(script);
        let found = match &kind {
            ScriptKind::NonStandard | ScriptKind::NullData | ScriptKind::WitnessUnknown { .. } => None,
            ScriptKind::PublicKey(key) => self
                .signature(key, script, version)
                .map(|signature| vec![signature]),
            ScriptKind::PublicKeyHash(hash) => self.key_hash(*hash, script, version),
            ScriptKind::ScriptHash(hash) => {
                let found = self.script_behind(*hash);
                if found.is_none() {
                    self.data.missing.redeem_script = Some(*hash);
                }
                found.map(|script| vec![script.into_bytes()])
            }
            ScriptKind::Multisig { required, keys } => {
                let (items, is_solved) = self.multisig(*required, keys, script, version);
                return Step {
                    kind,
                    items,
                    is_solved,
                };
            }
            ScriptKind::WitnessKeyHash(hash) => Some(vec![hash.to_vec()]),
            ScriptKind::WitnessScriptHash(hash) => {
                let found = self.script_behind(ripemd160::Hash::hash(hash).to_byte_array());
                if found.is_none() {
                    self.data.missing.witness_script = Some(*hash);
                }
                found.map(|script| vec![script.into_bytes()])
            }
            ScriptKind::Taproot(output) => self.taproot(output),
        };
        Step {
            kind,
            is_solved: found.is_some(),
            items: found.unwrap_or_default(),
        }
    }

    fn key_hash(&mut self, hash: KeyId, script: &Script, version: SignatureVersion) -> Option<Vec<Vec<u8>>> {
        let key = self.public_key(hash)?;
        let signature = self.signature(&key, script, version)?;
        Some(vec![signature, key])
    }

    /// All signatures that can be made are made, for others to complete them; the first of them that suffice are used.
    fn multisig(
        &mut self,
        required: usize,
        keys: &[&[u8]],
        script: &Script,
        version: SignatureVersion,
    ) -> (Vec<Vec<u8>>, bool) {
        let signatures: Vec<Vec<u8>> = keys
            .iter()
            .filter_map(|key| self.signature(key, script, version))
            .collect();
        // The operation takes one element more than it needs.
        let mut items = vec![Vec::new()];
        items.extend(signatures.into_iter().take(required));
        let is_solved = items.len() == required + 1;
        items.resize(required + 1, Vec::new());
        (items, is_solved)
    }

    fn script_behind(&self, hash: KeyId) -> Option<ScriptBuf> {
        let known = [&self.data.redeem_script, &self.data.witness_script];
        let of_input = known
            .into_iter()
            .flatten()
            .find(|script| key_id(script.as_bytes()) == hash);
        let found = self.keys.script(&hash).map(Script::to_owned);
        found.or_else(|| of_input.cloned())
    }

    /// The key with this hash, or a note that it is missing.
    pub(crate) fn public_key(&mut self, id: KeyId) -> Option<Vec<u8>> {
        let of_input = self.data.signatures.get(&id).map(|(key, _)| key);
        let of_input = of_input.or_else(|| self.data.keys.get(&id).map(|(key, _)| key));
        let found = of_input
            .cloned()
            .or_else(|| self.keys.public(&id).map(|key| key.to_bytes()));
        if found.is_none() {
            self.data.missing.keys.push(id);
        }
        found
    }

    /// The signature of a key, which may be there already, or a note that it is missing.
    pub(crate) fn signature(
        &mut self,
        key: &[u8],
        script: &Script,
        version: SignatureVersion,
    ) -> Option<Vec<u8>> {
        let id = key_id(key);
        if let Some((_, signature)) = self.data.signatures.get(&id) {
            return Some(signature.clone());
        }
        if let Some(source) = self.keys.source(&id) {
            let entry = (key.to_vec(), Some(source.clone()));
            self.data.keys.entry(id).or_insert(entry);
        }
        let Some(signature) = self.creator.ecdsa(self.keys, key, script, version) else {
            self.data.missing.signatures.push(id);
            return None;
        };
        self.data.signatures.insert(id, (key.to_vec(), signature.clone()));
        Some(signature)
    }

    /// The signature of a key in a leaf.
    pub(crate) fn leaf_signature(&mut self, key: &[u8; 32], leaf: TapLeafHash) -> Option<Vec<u8>> {
        if let Some(source) = self.keys.source_of_x_only(key) {
            let entry = self.data.taproot.keys.entry(*key);
            let (leaves, _) = entry.or_insert_with(|| (std::collections::BTreeSet::new(), source.clone()));
            leaves.insert(leaf);
        }
        let place = (*key, leaf);
        if let Some(signature) = self.data.taproot.script_signatures.get(&place) {
            return Some(signature.clone());
        }
        let signature = self.creator.taproot_script(self.keys, key, leaf)?;
        self.data
            .taproot
            .script_signatures
            .insert(place, signature.clone());
        Some(signature)
    }

    fn taproot(&mut self, output: &[u8; 32]) -> Option<Vec<Vec<u8>>> {
        self.learn_taproot(output);
        let taproot = &self.data.taproot;
        let (internal, root) = (taproot.internal_key, taproot.merkle_root);
        if let Some(internal) = internal
            && let Some(source) = self.keys.source_of_x_only(&internal)
        {
            let entry = self.data.taproot.keys.entry(internal);
            entry.or_insert_with(|| (std::collections::BTreeSet::new(), source.clone()));
        }
        if self.data.taproot.key_signature.is_none() {
            let made = internal.and_then(|internal| self.creator.taproot_key(self.keys, &internal, root));
            let made = made.or_else(|| self.creator.taproot_output(self.keys, output));
            self.data.taproot.key_signature = made;
        }
        if let Some(signature) = &self.data.taproot.key_signature {
            return Some(vec![signature.clone()]);
        }
        self.leaves()
    }

    fn learn_taproot(&mut self, output: &[u8; 32]) {
        let Some(info) = self.keys.taproot(output) else {
            return;
        };
        let taproot = &mut self.data.taproot;
        taproot
            .internal_key
            .get_or_insert_with(|| info.internal_key().serialize());
        taproot.add_scripts(info);
    }

    /// The shortest witness of those that scripts allow.
    fn leaves(&mut self) -> Option<Vec<Vec<u8>>> {
        let scripts = self.data.taproot.scripts.clone();
        let mut shortest: Option<Vec<Vec<u8>>> = None;
        for ((script, version), controls) in &scripts {
            let Some(control) = controls.iter().min_by_key(|control| control.len()) else {
                continue;
            };
            if *version != LeafVersion::TapScript {
                continue;
            }
            let leaf = TapLeafHash::from_script(script, *version);
            if let Some(mut items) = policy::satisfy_leaf(self, script, leaf) {
                items.push(script.to_bytes());
                items.push(control.clone());
                let length = |items: &[Vec<u8>]| Witness::from_slice(items).size();
                let is_shorter = shortest
                    .as_ref()
                    .is_none_or(|shortest| length(&items) < length(shortest));
                if is_shorter {
                    shortest = Some(items);
                }
            }
        }
        shortest
    }
}

/// A script that pushes these elements in the shortest way.
fn push_all(items: &[Vec<u8>]) -> ScriptBuf {
    let mut script = Vec::new();
    for item in items {
        match item.as_slice() {
            [] => script.push(0),
            [number @ 1..=16] => script.push(0x50 + number),
            [0x81] => script.push(0x4f),
            bytes => push(bytes, &mut script),
        }
    }
    script.into()
}

fn push(bytes: &[u8], script: &mut Vec<u8>) {
    let length = bytes.len().to_le_bytes();
    match bytes.len() {
        0..=0x4b => script.push(length[0]),
        0x4c..=0xff => script.extend([0x4c, length[0]]),
        0x100..=0xffff => script.extend([0x4d, length[0], length[1]]),
        _ => script.extend([0x4e, length[0], length[1], length[2], length[3]]),
    }
    script.extend_from_slice(bytes);
}
