//! Operations on numbers.

use bitcoin::opcodes::Opcode;
use bitcoin::opcodes::all::*;

use super::evaluation::Evaluation;
use super::number::{NUMBER_SIZE, read_number, write_bool, write_number};
use crate::script::ScriptError;

impl Evaluation<'_> {
    /// Runs an operation if it is of this module.
    pub(super) fn run_arithmetic(&mut self, opcode: Opcode) -> Option<Result<(), ScriptError>> {
        let result = match opcode {
            OP_1ADD => self.with_one(|number| number + 1),
            OP_1SUB => self.with_one(|number| number - 1),
            OP_NEGATE => self.with_one(|number| -number),
            OP_ABS => self.with_one(i64::abs),
            OP_NOT => self.with_one(|number| i64::from(number == 0)),
            OP_0NOTEQUAL => self.with_one(|number| i64::from(number != 0)),
            OP_ADD => self.with_two(|first, second| first + second),
            OP_SUB => self.with_two(|first, second| first - second),
            OP_BOOLAND => self.with_two(|first, second| i64::from(first != 0 && second != 0)),
            OP_BOOLOR => self.with_two(|first, second| i64::from(first != 0 || second != 0)),
            OP_NUMEQUAL => self.with_two(|first, second| i64::from(first == second)),
            OP_NUMEQUALVERIFY => self.pop_numbers().and_then(|[first, second]| {
                if first == second {
                    Ok(())
                } else {
                    Err(ScriptError::NumEqualVerify)
                }
            }),
            OP_NUMNOTEQUAL => self.with_two(|first, second| i64::from(first != second)),
            OP_LESSTHAN => self.with_two(|first, second| i64::from(first < second)),
            OP_GREATERTHAN => self.with_two(|first, second| i64::from(first > second)),
            OP_LESSTHANOREQUAL => self.with_two(|first, second| i64::from(first <= second)),
            OP_GREATERTHANOREQUAL => self.with_two(|first, second| i64::from(first >= second)),
            OP_MIN => self.with_two(i64::min),
            OP_MAX => self.with_two(i64::max),
            OP_WITHIN => self.pop_numbers().map(|[number, least, limit]| {
                self.push(write_bool((least..limit).contains(&number)));
            }),
            _ => return None,
        };
        Some(result)
    }

    /// Takes numbers off the stack, the top one last.
    pub(super) fn pop_numbers<const N: usize>(&mut self) -> Result<[i64; N], ScriptError> {
        self.need(N)?;
        let encoding = self.encoding();
        let mut numbers = [0; N];
        for number in numbers.iter_mut().rev() {
            *number = read_number(&self.pop()?, NUMBER_SIZE, encoding)?;
        }
        Ok(numbers)
    }

    fn with_one(&mut self, operation: impl Fn(i64) -> i64) -> Result<(), ScriptError> {
        let [number] = self.pop_numbers()?;
        self.push(write_number(operation(number)));
        Ok(())
    }

    fn with_two(&mut self, operation: impl Fn(i64, i64) -> i64) -> Result<(), ScriptError> {
        let [first, second] = self.pop_numbers()?;
        self.push(write_number(operation(first, second)));
        Ok(())
    }
}
