//! Running a script, operation by operation.

use bitcoin::Script;
use bitcoin::opcodes::Opcode;
use bitcoin::opcodes::all::*;

use super::conditions::Conditions;
use super::encoding::is_shortest_push;
use super::number::{Encoding, LOCK_SIZE, is_true, read_number, write_number};
use super::witness::ELEMENT_SIZE;
use super::{SignatureVersion, Stack};
use crate::limits::MAX_SCRIPT_SIZE;
use crate::script::checker::{ExecutionData, SEQUENCE_DISABLED, SignatureChecker};
use crate::script::read::{Operation, Operations};
use crate::script::{ScriptError, ScriptFlags};

/// How many elements both stacks may have.
pub(super) const STACK_SIZE: usize = 1000;

/// How many operations a script may have that do more than push.
const OPERATIONS: usize = 201;

/// A script that is run.
pub(super) struct Evaluation<'a> {
    pub(super) stack: &'a mut Stack,
    pub(super) alternative: Stack,
    conditions: Conditions,
    /// The script from the last separator on: what signatures sign.
    pub(super) signed: &'a [u8],
    n_operations: usize,
    pub(super) flags: ScriptFlags,
    pub(super) checker: &'a dyn SignatureChecker,
    pub(super) version: SignatureVersion,
    pub(super) execution: &'a mut ExecutionData,
}

/// Runs a script on a stack.
pub(super) fn evaluate(
    stack: &mut Stack,
    script: &Script,
    flags: ScriptFlags,
    checker: &dyn SignatureChecker,
    version: SignatureVersion,
    execution: &mut ExecutionData,
) -> Result<(), ScriptError> {
    if version != SignatureVersion::Tapscript && script.len() > MAX_SCRIPT_SIZE {
        return Err(ScriptError::ScriptSize);
    }
    execution.separator = u32::MAX;
    let mut evaluation = Evaluation {
        stack,
        alternative: Stack::new(),
        conditions: Conditions::default(),
        signed: script.as_bytes(),
        n_operations: 0,
        flags,
        checker,
        version,
        execution,
    };
    let mut operations = Operations::new(script);
    let mut place = 0;
    while let Some(operation) = operations.next() {
        evaluation.step(operation, place, operations.rest())?;
        if evaluation.stack.len() + evaluation.alternative.len() > STACK_SIZE {
            return Err(ScriptError::StackSize);
        }
        place += 1;
    }
    if !operations.is_at_end() {
        return Err(ScriptError::BadOpcode);
    }
    if !evaluation.conditions.is_empty() {
        return Err(ScriptError::UnbalancedConditional);
    }
    Ok(())
}

impl<'a> Evaluation<'a> {
    /// How numbers must be encoded.
    pub(super) fn encoding(&self) -> Encoding {
        if self.flags.contains(ScriptFlags::MINIMALDATA) {
            Encoding::Shortest
        } else {
            Encoding::Any
        }
    }

    /// Counts operations against their limit, which taproot's scripts have not.
    pub(super) fn count_operations(&mut self, number: usize) -> Result<(), ScriptError> {
        if self.version == SignatureVersion::Tapscript {
            return Ok(());
        }
        self.n_operations += number;
        if self.n_operations > OPERATIONS {
            return Err(ScriptError::OpCount);
        }
        Ok(())
    }

    /// Reads an operation, which has a place in the script and a rest after it, and runs it unless it is in a branch that
    /// is not run.
    fn step(&mut self, operation: Operation<'a>, place: u32, rest: &'a [u8]) -> Result<(), ScriptError> {
        if operation.data.len() > ELEMENT_SIZE {
            return Err(ScriptError::PushSize);
        }
        if operation.opcode > OP_PUSHNUM_16.to_u8() {
            self.count_operations(1)?;
        }
        let opcode = Opcode::from(operation.opcode);
        if is_disabled(opcode) {
            return Err(ScriptError::DisabledOpcode);
        }
        let is_const =
            self.version == SignatureVersion::Base && self.flags.contains(ScriptFlags::CONST_SCRIPTCODE);
        if opcode == OP_CODESEPARATOR && is_const {
            return Err(ScriptError::OpCodeSeparator);
        }
        let is_run = self.conditions.all_true();
        match opcode {
            OP_IF | OP_NOTIF => self.open_branch(opcode == OP_IF, is_run),
            OP_ELSE => balanced(self.conditions.toggle()),
            OP_ENDIF => balanced(self.conditions.pop()),
            // These are no operations, not even where they are not run.
            OP_VERIF | OP_VERNOTIF => Err(ScriptError::BadOpcode),
            _ if !is_run => Ok(()),
            _ if operation.opcode <= OP_PUSHDATA4.to_u8() => {
                if self.flags.contains(ScriptFlags::MINIMALDATA) && !is_shortest_push(operation) {
                    return Err(ScriptError::MinimalData);
                }
                self.push(operation.data.to_vec());
                Ok(())
            }
            OP_CODESEPARATOR => {
                self.signed = rest;
                self.execution.separator = place;
                Ok(())
            }
            _ => self.run(opcode),
        }
    }

    /// Runs an operation that is neither a push nor about branches.
    fn run(&mut self, opcode: Opcode) -> Result<(), ScriptError> {
        match opcode {
            OP_PUSHNUM_NEG1 => self.push(write_number(-1)),
            opcode if (OP_PUSHNUM_1.to_u8()..=OP_PUSHNUM_16.to_u8()).contains(&opcode.to_u8()) => {
                self.push(vec![opcode.to_u8() - OP_PUSHNUM_1.to_u8() + 1]);
            }
            OP_NOP => (),
            OP_CLTV => return self.check_lock_time(),
            OP_CSV => return self.check_sequence(),
            OP_NOP1 | OP_NOP4 | OP_NOP5 | OP_NOP6 | OP_NOP7 | OP_NOP8 | OP_NOP9 | OP_NOP10 => {
                if self.flags.contains(ScriptFlags::DISCOURAGE_UPGRADABLE_NOPS) {
                    return Err(ScriptError::DiscourageUpgradableNops);
                }
            }
            OP_VERIFY => {
                if !is_true(self.top(1)?) {
                    return Err(ScriptError::Verify);
                }
                self.pop()?;
            }
            OP_RETURN => return Err(ScriptError::OpReturn),
            OP_CHECKSIG | OP_CHECKSIGVERIFY => return self.check_signature(opcode == OP_CHECKSIGVERIFY),
            OP_CHECKSIGADD => return self.add_signature(),
            OP_CHECKMULTISIG | OP_CHECKMULTISIGVERIFY => {
                return self.check_signatures(opcode == OP_CHECKMULTISIGVERIFY);
            }
            _ => {
                return self
                    .run_on_stack(opcode)
                    .or_else(|| self.run_arithmetic(opcode))
                    .unwrap_or(Err(ScriptError::BadOpcode));
            }
        }
        Ok(())
    }

    fn open_branch(&mut self, wanted: bool, is_run: bool) -> Result<(), ScriptError> {
        let mut condition = false;
        if is_run {
            let top = self.stack.pop().ok_or(ScriptError::UnbalancedConditional)?;
            let is_minimal = matches!(top.as_slice(), [] | [1]);
            if self.version == SignatureVersion::Tapscript && !is_minimal {
                return Err(ScriptError::TapscriptMinimalIf);
            }
            let must_be_minimal =
                self.version == SignatureVersion::WitnessV0 && self.flags.contains(ScriptFlags::MINIMALIF);
            if must_be_minimal && !is_minimal {
                return Err(ScriptError::MinimalIf);
            }
            condition = is_true(&top) == wanted;
        }
        self.conditions.push(condition);
        Ok(())
    }

    /// A lock on top of the stack, where it stays.
    fn lock(&self) -> Result<i64, ScriptError> {
        let lock = read_number(self.top(1)?, LOCK_SIZE, self.encoding())?;
        if lock < 0 {
            return Err(ScriptError::NegativeLockTime);
        }
        Ok(lock)
    }

    fn check_lock_time(&self) -> Result<(), ScriptError> {
        if !self.flags.contains(ScriptFlags::CHECKLOCKTIMEVERIFY) {
            return Ok(());
        }
        if self.checker.check_lock_time(self.lock()?) {
            Ok(())
        } else {
            Err(ScriptError::UnsatisfiedLockTime)
        }
    }

    fn check_sequence(&self) -> Result<(), ScriptError> {
        if !self.flags.contains(ScriptFlags::CHECKSEQUENCEVERIFY) {
            return Ok(());
        }
        let sequence = self.lock()?;
        if sequence & SEQUENCE_DISABLED != 0 || self.checker.check_sequence(sequence) {
            Ok(())
        } else {
            Err(ScriptError::UnsatisfiedLockTime)
        }
    }
}

fn balanced(is_balanced: bool) -> Result<(), ScriptError> {
    if is_balanced {
        Ok(())
    } else {
        Err(ScriptError::UnbalancedConditional)
    }
}

/// Whether an operation was taken away, so that a script fails that has it anywhere (CVE-2010-5137).
fn is_disabled(opcode: Opcode) -> bool {
    matches!(
        opcode,
        OP_CAT
            | OP_SUBSTR
            | OP_LEFT
            | OP_RIGHT
            | OP_INVERT
            | OP_AND
            | OP_OR
            | OP_XOR
            | OP_2MUL
            | OP_2DIV
            | OP_MUL
            | OP_DIV
            | OP_MOD
            | OP_LSHIFT
            | OP_RSHIFT
    )
}
