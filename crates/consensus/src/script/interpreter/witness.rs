//! Witness programs: BIP 141, BIP 341 and BIP 342.

use bitcoin::hashes::{Hash, HashEngine, sha256};
use bitcoin::opcodes::all::{OP_CHECKSIG, OP_DUP, OP_EQUALVERIFY, OP_HASH160, OP_PUSHNUM_1, OP_PUSHNUM_16};
use bitcoin::script::Builder;
use bitcoin::secp256k1::{Parity, Scalar, XOnlyPublicKey};
use bitcoin::taproot::{TapLeafHash, TapNodeHash, TapTweakHash};
use bitcoin::{Script, VarInt, Witness, consensus::Encodable};

use super::evaluation::{STACK_SIZE, evaluate};
use super::number::is_true;
use super::{Nesting, SignatureVersion, Stack};
use crate::script::checker::{ExecutionData, SECP, SignatureChecker};
use crate::script::read::Operations;
use crate::script::{ScriptError, ScriptFlags};

/// The longest element that a script may push, or a witness may have for it.
pub(super) const ELEMENT_SIZE: usize = 520;

/// What the last element of a taproot witness begins with if it is an annex.
const ANNEX_TAG: u8 = 0x50;

/// The version of leaves that are scripts.
const LEAF_SCRIPT: u8 = 0xc0;

/// The bits of a control block's first byte that are the leaf's version; the last one is the key's parity.
const LEAF_VERSION_MASK: u8 = 0xfe;

/// A control block's first byte and the internal key.
const CONTROL_BASE: usize = 33;

/// A hash of a control block.
const CONTROL_NODE: usize = 32;

/// How many hashes a control block can have.
const CONTROL_NODES: usize = 128;

/// The weight that signatures may use up besides that of the witness.
const WEIGHT_OFFSET: i64 = 50;

/// A version and what it is applied to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Program<'a> {
    version: u8,
    bytes: &'a [u8],
}

/// The program that a script is; `None` if it is another script.
pub(super) fn program(script: &Script) -> Option<Program<'_>> {
    let [version, length, bytes @ ..] = script.as_bytes() else {
        return None;
    };
    let first = OP_PUSHNUM_1.to_u8();
    let version = match *version {
        0 => 0,
        opcode if (first..=OP_PUSHNUM_16.to_u8()).contains(&opcode) => opcode - first + 1,
        _ => return None,
    };
    let is_program = (2..=40).contains(&bytes.len()) && usize::from(*length) == bytes.len();
    is_program.then_some(Program { version, bytes })
}

/// Whether a witness is what a program stands for, and its script succeeds.
pub(super) fn verify_program(
    witness: &Witness,
    program: Program<'_>,
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
    nesting: Nesting,
) -> Result<(), ScriptError> {
    match (program.version, program.bytes.len(), nesting) {
        (0, 32, _) => verify_script_hash(witness, program.bytes, flags, checker),
        (0, 20, _) => verify_key_hash(witness, program.bytes, flags, checker),
        (0, _, _) => Err(ScriptError::WitnessProgramWrongLength),
        (1, 32, Nesting::Bare) if flags.contains(ScriptFlags::TAPROOT) => {
            verify_taproot(witness, program.bytes, flags, checker)
        }
        // Taproot without its rule is not what is discouraged.
        (1, 32, Nesting::Bare) => Ok(()),
        _ if flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM) => {
            Err(ScriptError::DiscourageUpgradableWitnessProgram)
        }
        _ => Ok(()),
    }
}

fn verify_script_hash(
    witness: &Witness,
    hash: &[u8],
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
) -> Result<(), ScriptError> {
    let mut stack: Stack = witness.to_vec();
    let script = stack.pop().ok_or(ScriptError::WitnessProgramWitnessEmpty)?;
    if sha256::Hash::hash(&script).as_byte_array() != hash {
        return Err(ScriptError::WitnessProgramMismatch);
    }
    let mut execution = ExecutionData::default();
    let version = SignatureVersion::WitnessV0;
    execute(
        stack,
        Script::from_bytes(&script),
        flags,
        checker,
        version,
        &mut execution,
    )
}

fn verify_key_hash(
    witness: &Witness,
    hash: &[u8],
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
) -> Result<(), ScriptError> {
    if witness.len() != 2 {
        return Err(ScriptError::WitnessProgramMismatch);
    }
    let hash = <&[u8; 20]>::try_from(hash).expect("the caller has found 20 bytes");
    let script = Builder::new()
        .push_opcode(OP_DUP)
        .push_opcode(OP_HASH160)
        .push_slice(hash)
        .push_opcode(OP_EQUALVERIFY)
        .push_opcode(OP_CHECKSIG)
        .into_script();
    let mut execution = ExecutionData::default();
    let version = SignatureVersion::WitnessV0;
    execute(witness.to_vec(), &script, flags, checker, version, &mut execution)
}

fn verify_taproot(
    witness: &Witness,
    output_key: &[u8],
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
) -> Result<(), ScriptError> {
    let mut stack: Stack = witness.to_vec();
    let mut execution = ExecutionData::default();
    if stack.len() >= 2
        && let Some(annex) = stack.pop_if(|last| last.first() == Some(&ANNEX_TAG))
    {
        let mut engine = sha256::Hash::engine();
        write_bytes(&mut engine, &annex);
        execution.annex_hash = Some(sha256::Hash::from_engine(engine));
    }
    let Some(last) = stack.pop() else {
        return Err(ScriptError::WitnessProgramWitnessEmpty);
    };
    let Some(script) = stack.pop() else {
        let key = output_key.try_into().expect("the caller has found 32 bytes");
        return checker.check_schnorr(&last, key, SignatureVersion::Taproot, &execution);
    };
    let control = last;
    let is_possible = control
        .len()
        .checked_sub(CONTROL_BASE)
        .is_some_and(|nodes| nodes.is_multiple_of(CONTROL_NODE) && nodes <= CONTROL_NODE * CONTROL_NODES);
    if !is_possible {
        return Err(ScriptError::TaprootWrongControlSize);
    }
    let leaf_version = control[0] & LEAF_VERSION_MASK;
    let mut engine = TapLeafHash::engine();
    engine.input(&[leaf_version]);
    write_bytes(&mut engine, &script);
    execution.leaf_hash = TapLeafHash::from_engine(engine);
    if !is_committed(&control, output_key, execution.leaf_hash) {
        return Err(ScriptError::WitnessProgramMismatch);
    }
    if leaf_version == LEAF_SCRIPT {
        let weight = i64::try_from(witness.size()).expect("witnesses are shorter than blocks");
        execution.weight_left = weight + WEIGHT_OFFSET;
        let version = SignatureVersion::Tapscript;
        return execute(
            stack,
            Script::from_bytes(&script),
            flags,
            checker,
            version,
            &mut execution,
        );
    }
    if flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION) {
        return Err(ScriptError::DiscourageUpgradableTaprootVersion);
    }
    Ok(())
}

/// Whether a control block proves that the output's key commits to a leaf.
fn is_committed(control: &[u8], output_key: &[u8], leaf: TapLeafHash) -> bool {
    let (base, nodes) = control.split_at(CONTROL_BASE);
    let (Ok(internal_key), Ok(output_key)) = (
        XOnlyPublicKey::from_slice(&base[1..]),
        XOnlyPublicKey::from_slice(output_key),
    ) else {
        return false;
    };
    let root = nodes
        .chunks_exact(CONTROL_NODE)
        .fold(TapNodeHash::from(leaf), |node, other| {
            let other = TapNodeHash::from_slice(other).expect("chunks have 32 bytes");
            TapNodeHash::from_node_hashes(node, other)
        });
    let tweak = TapTweakHash::from_key_and_tweak(internal_key, Some(root));
    let Ok(tweak) = Scalar::from_be_bytes(tweak.to_byte_array()) else {
        return false;
    };
    let parity = if base[0] & 1 == 0 {
        Parity::Even
    } else {
        Parity::Odd
    };
    internal_key.tweak_add_check(&SECP, &output_key, parity, tweak)
}

/// Hashes bytes with their length before them.
fn write_bytes<E: HashEngine + bitcoin::io::Write>(engine: &mut E, bytes: &[u8]) {
    VarInt(bytes.len() as u64)
        .consensus_encode(engine)
        .expect("hash engines take all bytes");
    engine.input(bytes);
}

/// Runs the script that a witness has revealed.
fn execute(
    mut stack: Stack,
    script: &Script,
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
    version: SignatureVersion,
    execution: &mut ExecutionData,
) -> Result<(), ScriptError> {
    if version == SignatureVersion::Tapscript {
        let mut operations = Operations::new(script);
        if operations.by_ref().any(|operation| is_success(operation.opcode)) {
            return if flags.contains(ScriptFlags::DISCOURAGE_OP_SUCCESS) {
                Err(ScriptError::DiscourageOpSuccess)
            } else {
                Ok(())
            };
        }
        if !operations.is_at_end() {
            return Err(ScriptError::BadOpcode);
        }
        if stack.len() > STACK_SIZE {
            return Err(ScriptError::StackSize);
        }
    }
    if stack.iter().any(|element| element.len() > ELEMENT_SIZE) {
        return Err(ScriptError::PushSize);
    }
    evaluate(&mut stack, script, flags, checker, version, execution)?;
    match stack.as_slice() {
        [top] if is_true(top) => Ok(()),
        [_] => Err(ScriptError::EvalFalse),
        _ => Err(ScriptError::CleanStack),
    }
}

/// Whether an operation makes a taproot script succeed before anything is run, so that it may get a meaning later.
fn is_success(opcode: u8) -> bool {
    matches!(opcode, 80 | 98 | 126..=129 | 131..=134 | 137..=138 | 141..=142 | 149..=153 | 187..=254)
}
