//! What a spend is made of, before anything is signed.

use proptest::prelude::*;
use proptest::strategy::Union;

/// A part of a script.
#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// An operation, or what is none.
    Opcode(u8),
    /// Bytes that are pushed.
    Push(Vec<u8>),
    Number(i64),
    /// A key of this number.
    Key(u8, KeyForm),
    /// A signature of a key in the script that it signs.
    Signature(Signature),
}

/// How a key is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyForm {
    /// As keys are in scripts of this kind.
    Usual,
    Compressed,
    Uncompressed,
    Hybrid,
    XOnly,
    /// With a prefix that nothing stands for.
    Unknown,
}

/// A signature that is made once the script is there.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    /// The number of the key.
    pub(crate) key: u8,
    /// Its last byte; taproot's default is left away.
    pub(crate) hash_type: u8,
    /// After how many separators the script that it signs begins.
    pub(crate) separators: usize,
    pub(crate) form: SignatureForm,
}

/// How a signature is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureForm {
    Usual,
    /// With the higher S value.
    High,
    /// With a zero byte before R, which is not strict.
    Padded,
}

/// What is on the stack before a script is run.
#[derive(Debug, Clone)]
pub(crate) enum Element {
    Bytes(Vec<u8>),
    Signature(Signature),
}

/// Where a script stands.
#[derive(Debug, Clone)]
pub(crate) enum Place {
    Bare,
    P2sh,
    P2wsh,
    P2shP2wsh,
    /// A leaf with a version, hashes beside it, and an annex.
    Tapscript(u8, usize, bool),
    /// Not a script but the first key.
    P2wpkh,
    /// Not a script but the first key, perhaps with an annex.
    TaprootKey(bool),
}

/// What is around an input.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) version: i32,
    pub(crate) lock_time: u32,
    pub(crate) sequences: Vec<u32>,
    pub(crate) n_outputs: usize,
    /// The place of the input that the spend is about.
    pub(crate) input: prop::sample::Index,
}

/// A spend before anything is signed.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) script: Vec<Part>,
    pub(crate) stack: Vec<Element>,
    pub(crate) place: Place,
    pub(crate) frame: Frame,
}

impl Arbitrary for Recipe {
    type Parameters = ();
    type Strategy = BoxedStrategy<Self>;

    fn arbitrary_with((): ()) -> Self::Strategy {
        let whole = prop_oneof![4 => template(), 1 => (parts(0..24), elements())];
        // Now and then something is put in between.
        let inserted = prop_oneof![
            6 => Just(Vec::new()),
            1 => proptest::collection::vec((any::<prop::sample::Index>(), part()), 1..4),
        ];
        (whole, inserted, place(), frame())
            .prop_map(|((mut script, stack), inserted, place, frame)| {
                for (index, part) in inserted {
                    script.insert(index.index(script.len() + 1), part);
                }
                Self {
                    script,
                    stack,
                    place,
                    frame,
                }
            })
            .boxed()
    }
}

fn hash_type() -> impl Strategy<Value = u8> {
    prop_oneof![
        4 => Just(1_u8),
        4 => proptest::sample::select(vec![0, 1, 2, 3, 0x81, 0x82, 0x83]),
        1 => any::<u8>(),
    ]
}

fn signature(key: u8) -> impl Strategy<Value = Signature> {
    let form = prop_oneof![
        8 => Just(SignatureForm::Usual),
        1 => Just(SignatureForm::High),
        1 => Just(SignatureForm::Padded),
    ];
    let separators = prop_oneof![5 => Just(None), 1 => (0_usize..3).prop_map(Some)];
    (hash_type(), separators, form).prop_map(move |(hash_type, separators, form)| Signature {
        key,
        hash_type,
        separators: separators.unwrap_or(0),
        form,
    })
}

fn key_form() -> impl Strategy<Value = KeyForm> {
    prop_oneof![
        14 => Just(KeyForm::Usual),
        1 => Just(KeyForm::Compressed),
        1 => Just(KeyForm::Uncompressed),
        1 => Just(KeyForm::Hybrid),
        1 => Just(KeyForm::XOnly),
        1 => Just(KeyForm::Unknown),
    ]
}

fn number() -> impl Strategy<Value = i64> {
    prop_oneof![4 => -2_i64..=20, 1 => -70_000_i64..70_000, 1 => any::<i32>().prop_map(i64::from)]
}

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let any_bytes = |length| proptest::collection::vec(any::<u8>(), length);
    prop_oneof![8 => any_bytes(0..6), 1 => any_bytes(60..90), 1 => any_bytes(515..524)]
}

fn part() -> impl Strategy<Value = Part> {
    let key = (0_u8..3, key_form()).prop_map(|(key, form)| Part::Key(key, form));
    let signature = (0_u8..3).prop_flat_map(signature).prop_map(Part::Signature);
    prop_oneof![
        8 => (0x4f_u8..=0xba).prop_map(Part::Opcode),
        1 => any::<u8>().prop_map(Part::Opcode),
        2 => bytes().prop_map(Part::Push),
        5 => number().prop_map(Part::Number),
        2 => key,
        2 => signature,
    ]
}

fn parts(length: std::ops::Range<usize>) -> impl Strategy<Value = Vec<Part>> {
    proptest::collection::vec(part(), length)
}

fn elements() -> impl Strategy<Value = Vec<Element>> {
    let element = prop_oneof![
        2 => bytes().prop_map(Element::Bytes),
        1 => (0_u8..3).prop_flat_map(signature).prop_map(Element::Signature),
    ];
    proptest::collection::vec(element, 0..6)
}

const VERIFY: u8 = 0x69;
const IF: u8 = 0x63;
const ELSE: u8 = 0x67;
const ENDIF: u8 = 0x68;
const DROP: u8 = 0x75;
const NOT: u8 = 0x91;
const NUMEQUAL: u8 = 0x9c;
const CODESEPARATOR: u8 = 0xab;
const CHECKSIG: u8 = 0xac;
const CHECKSIGVERIFY: u8 = 0xad;
const CHECKMULTISIG: u8 = 0xae;
const CLTV: u8 = 0xb1;
const CSV: u8 = 0xb2;
const CHECKSIGADD: u8 = 0xba;

/// A script that may succeed, and the stack for it.
type Template = (Vec<Part>, Vec<Element>);

fn template() -> impl Strategy<Value = Template> {
    Union::new([
        single().boxed(),
        separated().boxed(),
        multisig().boxed(),
        added().boxed(),
        branches().boxed(),
        locks().boxed(),
        inside().boxed(),
    ])
}

fn single() -> impl Strategy<Value = Template> {
    (signature(0), key_form(), any::<bool>(), 0_u8..12).prop_map(|(signature, form, is_empty, last)| {
        let element = if is_empty && last == 0 {
            Element::Bytes(Vec::new())
        } else {
            Element::Signature(signature)
        };
        let mut script = vec![Part::Key(0, form), Part::Opcode(CHECKSIG)];
        match last {
            0 => script.push(Part::Opcode(NOT)),
            1 => script.extend([Part::Opcode(VERIFY), Part::Number(1)]),
            _ => (),
        }
        (script, vec![element])
    })
}

fn separated() -> impl Strategy<Value = Template> {
    (signature(0), signature(1)).prop_map(|(mut first, mut second)| {
        first.separators += 1;
        second.separators += 2;
        let script = vec![
            Part::Opcode(CODESEPARATOR),
            Part::Key(0, KeyForm::Usual),
            Part::Opcode(CHECKSIGVERIFY),
            Part::Opcode(CODESEPARATOR),
            Part::Key(1, KeyForm::Usual),
            Part::Opcode(CHECKSIG),
        ];
        (
            script,
            vec![Element::Signature(second), Element::Signature(first)],
        )
    })
}

/// Two of three keys, in this order or another one.
fn multisig() -> impl Strategy<Value = Template> {
    let dummy = prop_oneof![4 => Just(Vec::new()), 1 => bytes()];
    let keys = prop_oneof![5 => Just([0, 1, 2]), 1 => Just([2, 1, 0])];
    (dummy, signature(0), signature(2), keys, key_form()).prop_map(|(dummy, first, second, keys, form)| {
        let mut script = vec![Part::Number(2)];
        script.extend(keys.map(|key| Part::Key(key, if key == 1 { form } else { KeyForm::Usual })));
        script.extend([Part::Number(3), Part::Opcode(CHECKMULTISIG)]);
        let stack = vec![
            Element::Bytes(dummy),
            Element::Signature(first),
            Element::Signature(second),
        ];
        (script, stack)
    })
}

fn added() -> impl Strategy<Value = Template> {
    (signature(0), signature(1), any::<bool>()).prop_map(|(first, second, is_empty)| {
        let script = vec![
            Part::Key(0, KeyForm::Usual),
            Part::Opcode(CHECKSIG),
            Part::Key(1, KeyForm::Usual),
            Part::Opcode(CHECKSIGADD),
            Part::Number(if is_empty { 1 } else { 2 }),
            Part::Opcode(NUMEQUAL),
        ];
        let second = if is_empty {
            Element::Bytes(Vec::new())
        } else {
            Element::Signature(second)
        };
        (script, vec![second, Element::Signature(first)])
    })
}

fn branches() -> impl Strategy<Value = Template> {
    let condition = prop_oneof![4 => Just(vec![1]), 4 => Just(Vec::new()), 2 => bytes()];
    (condition, parts(0..4), signature(0), 0_u8..2).prop_map(|(condition, other, mut signature, key)| {
        signature.key = key;
        let mut script = vec![Part::Opcode(IF), Part::Key(0, KeyForm::Usual), Part::Opcode(ELSE)];
        script.push(Part::Key(1, KeyForm::Usual));
        script.push(Part::Opcode(ENDIF));
        script.push(Part::Opcode(CHECKSIG));
        if condition == [1] {
            script.splice(3..3, other);
        }
        (
            script,
            vec![Element::Signature(signature), Element::Bytes(condition)],
        )
    })
}

fn locks() -> impl Strategy<Value = Template> {
    let lock = prop_oneof![
        3 => 0_i64..20,
        1 => (0_i64..20).prop_map(|blocks| blocks | 1 << 22),
        1 => (0_i64..20).prop_map(|blocks| blocks | 1 << 31),
        1 => 499_999_990_i64..500_000_010,
        1 => -3_i64..0,
        1 => any::<i64>().prop_map(|lock| lock >> 20),
    ];
    (lock, any::<bool>()).prop_map(|(lock, by_age)| {
        let opcode = Part::Opcode(if by_age { CSV } else { CLTV });
        let script = vec![Part::Number(lock), opcode, Part::Opcode(DROP), Part::Number(1)];
        (script, Vec::new())
    })
}

/// A signature in the script that it signs.
fn inside() -> impl Strategy<Value = Template> {
    (signature(0), any::<bool>()).prop_map(|(signature, is_separated)| {
        let mut script = vec![
            Part::Signature(signature),
            Part::Key(0, KeyForm::Usual),
            Part::Opcode(CHECKSIG),
        ];
        if is_separated {
            script.insert(1, Part::Opcode(CODESEPARATOR));
        }
        (script, Vec::new())
    })
}

fn place() -> impl Strategy<Value = Place> {
    let leaf = prop_oneof![12 => Just(0xc0_u8), 1 => any::<u8>().prop_map(|version| version & 0xfe)];
    let tapscript = (leaf, 0_usize..3, any::<bool>())
        .prop_map(|(version, depth, annex)| Place::Tapscript(version, depth, annex));
    prop_oneof![
        3 => Just(Place::Bare),
        2 => Just(Place::P2sh),
        3 => Just(Place::P2wsh),
        1 => Just(Place::P2shP2wsh),
        4 => tapscript,
        1 => Just(Place::P2wpkh),
        1 => any::<bool>().prop_map(Place::TaprootKey),
    ]
}

fn frame() -> impl Strategy<Value = Frame> {
    let version = prop_oneof![6 => Just(2), 1 => -1_i32..4];
    let lock_time = prop_oneof![2 => 0_u32..30, 1 => 499_999_990_u32..500_000_010];
    let sequence = prop_oneof![
        2 => 0_u32..30,
        1 => (0_u32..30).prop_map(|blocks| blocks | 1 << 22),
        1 => Just(u32::MAX),
        1 => any::<u32>(),
    ];
    let sequences = proptest::collection::vec(sequence, 1..4);
    (
        version,
        lock_time,
        sequences,
        0_usize..4,
        any::<prop::sample::Index>(),
    )
        .prop_map(|(version, lock_time, sequences, n_outputs, input)| Frame {
            version,
            lock_time,
            sequences,
            n_outputs,
            input,
        })
}
