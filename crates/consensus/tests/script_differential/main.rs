//! The interpreter and Bitcoin Core's library on spends that are made up, most of them signed, many of them damaged.
//!
//! `PROPTEST_CASES=1000000 cargo test --release -p consensus --test script_differential` looks further.

mod damage;
mod recipe;
mod signing;
mod wrapping;

use std::collections::HashSet;

use consensus::script::{ConsensusScriptError, ScriptError, ScriptFlags, verify_script};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

use crate::damage::Damage;
use crate::recipe::Recipe;
use crate::wrapping::Spend;

/// The rules of all that the bits stand for, and those that they stand on.
fn rules(bits: u32) -> ScriptFlags {
    let chosen = ALL.iter().enumerate().filter(|(place, _)| bits >> place & 1 == 1);
    let mut flags = chosen.fold(ScriptFlags::NONE, |flags, (_, flag)| flags | *flag);
    if flags.contains(ScriptFlags::CLEANSTACK) {
        flags |= ScriptFlags::WITNESS;
    }
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

const ALL: [ScriptFlags; 21] = [
    ScriptFlags::P2SH,
    ScriptFlags::STRICTENC,
    ScriptFlags::DERSIG,
    ScriptFlags::LOW_S,
    ScriptFlags::NULLDUMMY,
    ScriptFlags::SIGPUSHONLY,
    ScriptFlags::MINIMALDATA,
    ScriptFlags::DISCOURAGE_UPGRADABLE_NOPS,
    ScriptFlags::CLEANSTACK,
    ScriptFlags::CHECKLOCKTIMEVERIFY,
    ScriptFlags::CHECKSEQUENCEVERIFY,
    ScriptFlags::WITNESS,
    ScriptFlags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM,
    ScriptFlags::MINIMALIF,
    ScriptFlags::NULLFAIL,
    ScriptFlags::WITNESS_PUBKEYTYPE,
    ScriptFlags::CONST_SCRIPTCODE,
    ScriptFlags::TAPROOT,
    ScriptFlags::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION,
    ScriptFlags::DISCOURAGE_OP_SUCCESS,
    ScriptFlags::DISCOURAGE_UPGRADABLE_PUBKEYTYPE,
];

/// What the interpreter says of the input that the spend is about.
fn interpret(spend: &Spend, flags: ScriptFlags) -> Result<(), ScriptError> {
    let spending = spend.spending();
    let input = &spend.transaction.input[spend.input];
    let checker = spending.checker(spend.input).expect("an input");
    let script_pubkey = &spend.spent[spend.input].script_pubkey;
    verify_script(&input.script_sig, script_pubkey, &input.witness, flags, &checker)
}

/// Checks that the library says what the interpreter says, word for word.
fn check(spend: &Spend, rules: &[ScriptFlags]) -> Result<(), TestCaseError> {
    let spending = spend.spending();
    for flags in rules {
        let library = spending.verify_consensus(spend.input, *flags);
        let interpreter = interpret(spend, *flags).map_err(ConsensusScriptError::Refused);
        prop_assert_eq!(interpreter, library, "{:#x} of {:?}", flags.bits(), spend);
    }
    Ok(())
}

proptest! {
    #[test]
    fn the_interpreter_and_the_library_agree(
        recipe: Recipe,
        damages in proptest::collection::vec(any::<Damage>(), 0..8),
        bits in any::<u32>(),
    ) {
        let rules = [ScriptFlags::MANDATORY, ScriptFlags::STANDARD, rules(bits)];
        let mut spend = Spend::new(&recipe);
        check(&spend, &rules)?;
        // What is relayed can be in a block.
        if interpret(&spend, ScriptFlags::STANDARD).is_ok() {
            prop_assert_eq!(interpret(&spend, ScriptFlags::MANDATORY), Ok(()));
        }
        for damage in damages {
            damage.apply(&mut spend);
            check(&spend, &rules)?;
        }
    }
}

/// Agreement means little if all is refused for the same reason.
#[test]
fn spends_that_are_made_up_are_valid_or_invalid_for_many_reasons() {
    let mut runner = TestRunner::deterministic();
    let mut n_valid = 0;
    let mut reasons = HashSet::new();
    for _case in 0..2000 {
        let recipe = any::<Recipe>()
            .new_tree(&mut runner)
            .expect("nothing is rejected")
            .current();
        match interpret(&Spend::new(&recipe), ScriptFlags::MANDATORY) {
            Ok(()) => n_valid += 1,
            Err(reason) => {
                reasons.insert(reason);
            }
        }
    }
    assert!((500..1700).contains(&n_valid), "{n_valid} are valid");
    assert!(reasons.len() > 20, "{reasons:?}");
}
