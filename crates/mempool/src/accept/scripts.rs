//! Running the scripts of a transaction.

use bitcoin::Transaction;
use consensus::script::{Disagreement, InputScriptError, ScriptFlags, SpendingTransaction, check_inputs};

use super::candidate::Candidate;
use super::rejection::{Rejection, RejectionKind};
use crate::view::ChainView;

impl Candidate {
    /// Checks that all inputs may spend their outputs, by the rules of relay: upstream's `PolicyScriptChecks`, and its
    /// `ConsensusScriptChecks` with all rules of blocks. The chain hears of it.
    pub(super) fn check_scripts(&self, chain: &dyn ChainView) -> Result<(), Rejection> {
        let transaction = &self.entry.transaction;
        let error = match self.run(ScriptFlags::STANDARD) {
            Ok(()) => {
                chain.scripts_verified(self.entry.wtxid);
                return Ok(());
            }
            Err(error) => error,
        };
        let mut rejection = Rejection::from(error);
        if !has_witness(transaction) && self.lacks_witness() {
            rejection.kind = RejectionKind::WitnessStripped;
        }
        Err(rejection)
    }

    /// Whether all would be well if there were no witnesses to be given.
    fn lacks_witness(&self) -> bool {
        let without_stack = ScriptFlags::STANDARD.without(ScriptFlags::CLEANSTACK);
        self.run(without_stack.without(ScriptFlags::WITNESS)).is_ok() && self.run(without_stack).is_err()
    }

    fn run(&self, flags: ScriptFlags) -> Result<(), InputScriptError> {
        let spending = SpendingTransaction::new(&self.entry.transaction, &self.spent)
            .expect("there is one coin for each input");
        check_inputs(&spending, flags, &report).map_err(|(_input, error)| error)
    }
}

fn report(disagreement: &Disagreement) {
    tracing::error!("{disagreement}");
}

fn has_witness(transaction: &Transaction) -> bool {
    transaction.input.iter().any(|input| !input.witness.is_empty())
}
