//! Spends as recipes say.

use bitcoin::absolute::LockTime;
use bitcoin::hashes::Hash;
use bitcoin::key::{TapTweak, UntweakedKeypair};
use bitcoin::taproot::{LeafVersion, TapLeafHash, TapNodeHash};
use bitcoin::{
    Amount, CompressedPublicKey, OutPoint, Script, ScriptBuf, Sequence, Transaction, TxIn, TxOut, Txid,
    Witness, transaction,
};
use consensus::script::SpendingTransaction;

use crate::recipe::{Element, Frame, Place, Recipe, Signature, SignatureForm};
use crate::signing::{SECP, Signer, Version, pair, push};

const ANNEX: [u8; 3] = [0x50, 1, 2];

/// The key that taproot outputs are made from.
const INTERNAL_KEY: u8 = 0;

/// A transaction, what it spends, and which input matters.
#[derive(Debug, Clone)]
pub(crate) struct Spend {
    pub(crate) transaction: Transaction,
    pub(crate) spent: Vec<TxOut>,
    pub(crate) input: usize,
}

impl Spend {
    pub(crate) fn new(recipe: &Recipe) -> Self {
        let mut spend = Self::unsigned(&recipe.frame);
        match recipe.place {
            Place::P2wpkh => spend.pay_key_hash(recipe),
            Place::TaprootKey(has_annex) => spend.pay_taproot_key(recipe, has_annex),
            Place::Tapscript(version, depth, has_annex) => {
                spend.pay_tapscript(recipe, version, depth, has_annex);
            }
            Place::Bare | Place::P2sh | Place::P2wsh | Place::P2shP2wsh => spend.pay_script(recipe),
        }
        spend
    }

    pub(crate) fn spending(&self) -> SpendingTransaction<'_> {
        SpendingTransaction::new(&self.transaction, &self.spent).expect("one for each")
    }

    fn unsigned(frame: &Frame) -> Self {
        let output = |number: usize| TxOut {
            value: Amount::from_sat(1000 + number as u64),
            script_pubkey: ScriptBuf::from_bytes(vec![0x51; number]),
        };
        let input = |(number, sequence): (usize, &u32)| TxIn {
            previous_output: OutPoint::new(
                Txid::from_byte_array([5; 32]),
                u32::try_from(number).expect("few"),
            ),
            script_sig: ScriptBuf::new(),
            sequence: Sequence(*sequence),
            witness: Witness::new(),
        };
        let n_inputs = frame.sequences.len();
        Self {
            transaction: Transaction {
                version: transaction::Version(frame.version),
                lock_time: LockTime::from_consensus(frame.lock_time),
                input: frame.sequences.iter().enumerate().map(input).collect(),
                output: (0..frame.n_outputs).map(output).collect(),
            },
            spent: (0..n_inputs).map(output).collect(),
            input: frame.input.index(n_inputs),
        }
    }

    fn signer<'a>(&'a self, version: Version, annex: Option<&'a [u8]>) -> Signer<'a> {
        Signer {
            transaction: &self.transaction,
            spent: &self.spent,
            input: self.input,
            annex,
            version,
        }
    }

    fn fund(&mut self, script_pubkey: ScriptBuf) {
        self.spent[self.input].script_pubkey = script_pubkey;
    }

    fn reveal(&mut self, script_sig: ScriptBuf, witness: &[Vec<u8>]) {
        let input = &mut self.transaction.input[self.input];
        input.script_sig = script_sig;
        input.witness = Witness::from_slice(witness);
    }

    fn pay_script(&mut self, recipe: &Recipe) {
        let is_witness = matches!(recipe.place, Place::P2wsh | Place::P2shP2wsh);
        let version = if is_witness {
            Version::WitnessV0
        } else {
            Version::Base
        };
        let signer = self.signer(version, None);
        let signed = signer.script(&recipe.script, None);
        let script = signer.script(&recipe.script, Some(&signed));
        // Before witnesses, signatures do not sign those that are in the script.
        let signed = if is_witness { &script } else { &signed };
        let stack = elements(&signer, &recipe.stack, signed, None);
        let pushes: Vec<u8> = stack
            .iter()
            .flat_map(|element| push(element).into_bytes())
            .collect();
        let revealed = [stack.as_slice(), &[script.to_bytes()]].concat();
        match recipe.place {
            Place::P2sh => {
                self.fund(script.to_p2sh());
                let script_sig = [pushes, push(script.as_bytes()).into_bytes()].concat();
                self.reveal(ScriptBuf::from_bytes(script_sig), &[]);
            }
            Place::P2wsh => {
                self.fund(script.to_p2wsh());
                self.reveal(ScriptBuf::new(), &revealed);
            }
            Place::P2shP2wsh => {
                let program = script.to_p2wsh();
                self.fund(program.to_p2sh());
                self.reveal(push(program.as_bytes()), &revealed);
            }
            _ => {
                self.fund(script);
                self.reveal(ScriptBuf::from_bytes(pushes), &[]);
            }
        }
    }

    fn pay_key_hash(&mut self, recipe: &Recipe) {
        let key = CompressedPublicKey(pair(0).public_key());
        let script = ScriptBuf::new_p2pkh(&key.pubkey_hash());
        let signature = self
            .signer(Version::WitnessV0, None)
            .sign(&first_signature(recipe), &script, None);
        self.fund(ScriptBuf::new_p2wpkh(&key.wpubkey_hash()));
        self.reveal(ScriptBuf::new(), &[signature, key.to_bytes().to_vec()]);
    }

    fn pay_taproot_key(&mut self, recipe: &Recipe, has_annex: bool) {
        let pair: UntweakedKeypair = pair(INTERNAL_KEY);
        let annex = has_annex.then_some(ANNEX.as_slice());
        self.fund(ScriptBuf::new_p2tr(&SECP, pair.x_only_public_key().0, None));
        let tweaked = pair.tap_tweak(&SECP, None).to_keypair();
        let signer = self.signer(Version::Taproot, annex);
        let mut witness = vec![signer.schnorr(&first_signature(recipe), None, &tweaked)];
        witness.extend(annex.map(<[u8]>::to_vec));
        self.reveal(ScriptBuf::new(), &witness);
    }

    fn pay_tapscript(&mut self, recipe: &Recipe, leaf_version: u8, depth: usize, has_annex: bool) {
        let annex = has_annex.then_some(ANNEX.as_slice());
        let signer = self.signer(Version::Taproot, annex);
        let script = signer.script(&recipe.script, None);
        let version = LeafVersion::from_consensus(leaf_version).unwrap_or(LeafVersion::TapScript);
        let leaf = TapLeafHash::from_script(&script, version);
        let nodes: Vec<[u8; 32]> = (0..depth)
            .map(|number| [u8::try_from(number).expect("few"); 32])
            .collect();
        let root = nodes.iter().fold(TapNodeHash::from(leaf), |root, node| {
            TapNodeHash::from_node_hashes(root, TapNodeHash::from_byte_array(*node))
        });
        let internal_key = pair(INTERNAL_KEY).x_only_public_key().0;
        let (output_key, parity) = internal_key.tap_tweak(&SECP, Some(root));
        let mut control = vec![version.to_consensus() | parity.to_u8()];
        control.extend(internal_key.serialize());
        control.extend(nodes.concat());
        let script_pubkey = ScriptBuf::new_p2tr_tweaked(output_key);
        self.fund(script_pubkey);
        let signer = self.signer(Version::Taproot, annex);
        let mut witness = elements(&signer, &recipe.stack, &script, Some(leaf));
        witness.extend([script.to_bytes(), control]);
        witness.extend(annex.map(<[u8]>::to_vec));
        self.reveal(ScriptBuf::new(), &witness);
    }
}

/// The stack of a recipe, with signatures for a script.
fn elements(
    signer: &Signer<'_>,
    stack: &[Element],
    script: &Script,
    leaf: Option<TapLeafHash>,
) -> Vec<Vec<u8>> {
    stack
        .iter()
        .map(|element| match element {
            Element::Bytes(bytes) => bytes.clone(),
            Element::Signature(signature) => signer.sign(signature, script, leaf),
        })
        .collect()
}

/// The first signature on the stack, by the first key.
fn first_signature(recipe: &Recipe) -> Signature {
    let found = recipe.stack.iter().find_map(|element| match element {
        Element::Signature(signature) => Some(signature.clone()),
        Element::Bytes(_) => None,
    });
    let usual = Signature {
        key: 0,
        hash_type: 1,
        separators: 0,
        form: SignatureForm::Usual,
    };
    Signature {
        key: 0,
        ..found.unwrap_or(usual)
    }
}
