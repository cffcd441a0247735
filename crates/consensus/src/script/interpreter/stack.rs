//! Operations that move elements about, compare or hash them.

use bitcoin::hashes::{Hash, hash160, ripemd160, sha1, sha256, sha256d};
use bitcoin::opcodes::Opcode;
use bitcoin::opcodes::all::*;

use super::evaluation::Evaluation;
use super::number::{NUMBER_SIZE, is_true, read_number, write_bool, write_number};
use crate::script::ScriptError;

impl Evaluation<'_> {
    pub(super) fn push(&mut self, element: Vec<u8>) {
        self.stack.push(element);
    }

    pub(super) fn pop(&mut self) -> Result<Vec<u8>, ScriptError> {
        self.stack.pop().ok_or(ScriptError::InvalidStackOperation)
    }

    /// Checks that there are so many elements.
    pub(super) fn need(&self, number: usize) -> Result<(), ScriptError> {
        if self.stack.len() < number {
            return Err(ScriptError::InvalidStackOperation);
        }
        Ok(())
    }

    /// The place of an element, of which the top one is number 1.
    fn place(&self, number: usize) -> Result<usize, ScriptError> {
        self.stack
            .len()
            .checked_sub(number)
            .ok_or(ScriptError::InvalidStackOperation)
    }

    /// An element, of which the top one is number 1.
    pub(super) fn top(&self, number: usize) -> Result<&[u8], ScriptError> {
        self.place(number).map(|place| self.stack[place].as_slice())
    }

    /// Pushes elements again, from a number on; number 1 is the top one.
    fn copy(&mut self, from: usize, number: usize) -> Result<(), ScriptError> {
        let from = self.place(from)?;
        self.stack.extend_from_within(from..from + number);
        Ok(())
    }

    /// Moves the elements from a number on to the top; number 1 is the top one.
    fn lift(&mut self, from: usize, number: usize) -> Result<(), ScriptError> {
        let from = self.place(from)?;
        self.stack[from..].rotate_left(number);
        Ok(())
    }

    /// Runs an operation if it is of this module.
    pub(super) fn run_on_stack(&mut self, opcode: Opcode) -> Option<Result<(), ScriptError>> {
        let result = match opcode {
            OP_TOALTSTACK => self.pop().map(|element| self.alternative.push(element)),
            OP_FROMALTSTACK => match self.alternative.pop() {
                Some(element) => {
                    self.push(element);
                    Ok(())
                }
                None => Err(ScriptError::InvalidAltstackOperation),
            },
            OP_DROP => self.pop().map(drop),
            OP_2DROP => self.need(2).map(|()| self.stack.truncate(self.stack.len() - 2)),
            OP_DUP => self.copy(1, 1),
            OP_2DUP => self.copy(2, 2),
            OP_3DUP => self.copy(3, 3),
            OP_OVER => self.copy(2, 1),
            OP_2OVER => self.copy(4, 2),
            OP_SWAP => self.lift(2, 1),
            OP_2SWAP => self.lift(4, 2),
            OP_ROT => self.lift(3, 1),
            OP_2ROT => self.lift(6, 2),
            OP_NIP => self.place(2).map(|place| drop(self.stack.remove(place))),
            OP_TUCK => self.place(2).map(|place| {
                let top = self.stack[place + 1].clone();
                self.stack.insert(place, top);
            }),
            OP_IFDUP => self
                .top(1)
                .map(is_true)
                .and_then(|top| if top { self.copy(1, 1) } else { Ok(()) }),
            OP_DEPTH => {
                let depth = i64::try_from(self.stack.len()).expect("stacks have at most 1000 elements");
                self.push(write_number(depth));
                Ok(())
            }
            OP_PICK | OP_ROLL => self.pick(opcode == OP_ROLL),
            OP_SIZE => self.top(1).map(<[u8]>::len).map(|size| {
                let size = i64::try_from(size).expect("elements have at most 520 bytes");
                self.push(write_number(size));
            }),
            OP_EQUAL => self.equal().map(|is_equal| self.push(write_bool(is_equal))),
            OP_EQUALVERIFY => self.equal().and_then(|is_equal| {
                if is_equal {
                    Ok(())
                } else {
                    Err(ScriptError::EqualVerify)
                }
            }),
            OP_RIPEMD160 => self.hash::<ripemd160::Hash>(),
            OP_SHA1 => self.hash::<sha1::Hash>(),
            OP_SHA256 => self.hash::<sha256::Hash>(),
            OP_HASH160 => self.hash::<hash160::Hash>(),
            OP_HASH256 => self.hash::<sha256d::Hash>(),
            _ => return None,
        };
        Some(result)
    }

    /// Copies or moves the element to the top whose number is there.
    fn pick(&mut self, is_moved: bool) -> Result<(), ScriptError> {
        self.need(2)?;
        let number = read_number(self.top(1)?, NUMBER_SIZE, self.encoding())?;
        self.pop()?;
        let number = usize::try_from(number).map_err(|_| ScriptError::InvalidStackOperation)?;
        if is_moved {
            self.lift(number.saturating_add(1), 1)
        } else {
            self.copy(number.saturating_add(1), 1)
        }
    }

    fn equal(&mut self) -> Result<bool, ScriptError> {
        self.need(2)?;
        Ok(self.pop()? == self.pop()?)
    }

    fn hash<H: Hash<Bytes: Into<Vec<u8>>>>(&mut self) -> Result<(), ScriptError> {
        let element = self.pop()?;
        self.push(<H as Hash>::hash(&element).to_byte_array().into());
        Ok(())
    }
}
