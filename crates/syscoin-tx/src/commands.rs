//! The commands, and what they work on.

mod fields;
mod outputs;
mod registers;
mod sign;

use std::collections::HashMap;

use bitcoin::Transaction;
use consensus::params::AddressParams;
use serde_json::Value;

use crate::error::TxError;

/// A transaction that is worked on, and the registers.
pub(crate) struct Workbench {
    transaction: Transaction,
    chain: AddressParams,
    registers: HashMap<String, Value>,
}

/// Carries out a command, given what follows its `=`.
type Command = fn(&mut Workbench, &str) -> Result<(), TxError>;

const COMMANDS: [(&str, Command); 14] = [
    ("delin", fields::remove_input),
    ("delout", fields::remove_output),
    ("in", fields::add_input),
    ("load", registers::load),
    ("locktime", fields::set_lock_time),
    ("nversion", fields::set_version),
    ("outaddr", outputs::to_address),
    ("outdata", outputs::of_data),
    ("outmultisig", outputs::to_several_keys),
    ("outpubkey", outputs::to_key),
    ("outscript", outputs::to_script),
    ("replaceable", fields::make_replaceable),
    ("set", registers::set),
    ("sign", sign::sign),
];

impl Workbench {
    pub(crate) fn new(transaction: Transaction, chain: AddressParams) -> Self {
        Self {
            transaction,
            chain,
            registers: HashMap::new(),
        }
    }

    pub(crate) fn transaction(&self) -> &Transaction {
        &self.transaction
    }

    pub(crate) fn chain(&self) -> &AddressParams {
        &self.chain
    }

    pub(crate) fn run(&mut self, command: &str, value: &str) -> Result<(), TxError> {
        let found = COMMANDS.iter().find(|(name, _)| *name == command);
        let (_, run) = found.ok_or(TxError::UnknownCommand)?;
        run(self, value)
    }
}
