//! What may happen to a spend after it was signed.

use bitcoin::absolute::LockTime;
use bitcoin::{Amount, ScriptBuf, Sequence, Witness};
use proptest::prelude::*;

use crate::wrapping::Spend;

/// Something that happens to a spend.
#[derive(Debug, Clone)]
pub(crate) enum Damage {
    /// A byte of the witness changes.
    Witness(Index, Index, u8),
    /// An element of the witness is lost.
    Lost(Index),
    /// An element of the witness is there twice.
    Twice(Index),
    /// A byte of the input's script changes.
    ScriptSig(Index, u8),
    /// A byte of the output's script changes.
    ScriptPubkey(Index, u8),
    /// The output's script becomes longer.
    Longer(u8),
    /// The output of some input becomes larger.
    Amount(Index),
    LockTime(u32),
    Sequence(Index, u32),
    /// An output is lost.
    Output,
}

type Index = prop::sample::Index;

impl Arbitrary for Damage {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let index = any::<Index>;
        let flip = 1_u8..=255;
        prop_oneof![
            4 => (index(), index(), flip.clone()).prop_map(|(element, byte, flip)| Self::Witness(element, byte, flip)),
            1 => index().prop_map(Self::Lost),
            1 => index().prop_map(Self::Twice),
            2 => (index(), flip.clone()).prop_map(|(byte, flip)| Self::ScriptSig(byte, flip)),
            2 => (index(), flip).prop_map(|(byte, flip)| Self::ScriptPubkey(byte, flip)),
            1 => any::<u8>().prop_map(Self::Longer),
            1 => index().prop_map(Self::Amount),
            1 => any::<u32>().prop_map(Self::LockTime),
            1 => (index(), any::<u32>()).prop_map(|(input, sequence)| Self::Sequence(input, sequence)),
            1 => Just(Self::Output),
        ]
        .boxed()
    }
}

impl Damage {
    pub(crate) fn apply(&self, spend: &mut Spend) {
        let n_inputs = spend.spent.len();
        let input = &mut spend.transaction.input[spend.input];
        let script_pubkey = &mut spend.spent[spend.input].script_pubkey;
        match self {
            Self::Witness(element, byte, flip) => change(&mut input.witness, |elements| {
                let element = element.index(elements.len());
                self::flip(&mut elements[element], byte, *flip);
            }),
            Self::Lost(element) => change(&mut input.witness, |elements| {
                elements.remove(element.index(elements.len()));
            }),
            Self::Twice(element) => change(&mut input.witness, |elements| {
                let element = element.index(elements.len());
                elements.insert(element, elements[element].clone());
            }),
            Self::ScriptSig(byte, flip) => change_script(&mut input.script_sig, byte, *flip),
            Self::ScriptPubkey(byte, flip) => change_script(script_pubkey, byte, *flip),
            Self::Longer(byte) => {
                let script = [script_pubkey.as_bytes(), &[*byte]].concat();
                *script_pubkey = ScriptBuf::from_bytes(script);
            }
            Self::Amount(place) => spend.spent[place.index(n_inputs)].value += Amount::ONE_SAT,
            Self::LockTime(lock_time) => spend.transaction.lock_time = LockTime::from_consensus(*lock_time),
            Self::Sequence(place, sequence) => {
                spend.transaction.input[place.index(n_inputs)].sequence = Sequence(*sequence);
            }
            Self::Output => drop(spend.transaction.output.pop()),
        }
    }
}

/// Changes the elements of a witness that has some.
fn change(witness: &mut Witness, with: impl FnOnce(&mut Vec<Vec<u8>>)) {
    let mut elements = witness.to_vec();
    if !elements.is_empty() {
        with(&mut elements);
    }
    *witness = Witness::from_slice(&elements);
}

fn change_script(script: &mut ScriptBuf, byte: &Index, bits: u8) {
    let mut bytes = script.to_bytes();
    flip(&mut bytes, byte, bits);
    *script = ScriptBuf::from_bytes(bytes);
}

fn flip(bytes: &mut [u8], place: &Index, bits: u8) {
    if !bytes.is_empty() {
        bytes[place.index(bytes.len())] ^= bits;
    }
}
