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

/// The rules of blocks that the bits stand for, and those that they stand on.
fn rules(bits: u8) -> ScriptFlags {
    let mut flags = [
        ScriptFlags::P2SH,
        ScriptFlags::DERSIG,
        ScriptFlags::NULLDUMMY,
        ScriptFlags::CHECKLOCKTIMEVERIFY,
        ScriptFlags::CHECKSEQUENCEVERIFY,
        ScriptFlags::WITNESS,
        ScriptFlags::TAPROOT,
    ]
    .into_iter()
    .enumerate()
    .filter(|(place, _)| bits >> place & 1 == 1)
    .fold(ScriptFlags::NONE, |flags, (_, flag)| flags | flag);
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

/// What the interpreter says of the input that the spend is about.
fn interpret(spend: &Spend, flags: ScriptFlags) -> Result<(), ScriptError> {
    let spending = spend.spending();
    let input = &spend.transaction.input[spend.input];
    let checker = spending.checker(spend.input).expect("an input");
    let script_pubkey = &spend.spent[spend.input].script_pubkey;
    verify_script(&input.script_sig, script_pubkey, &input.witness, flags, &checker)
}

/// Checks that the library says what the interpreter says.
fn check(spend: &Spend, flags: ScriptFlags) -> Result<(), TestCaseError> {
    let library = spend.spending().verify_consensus(spend.input, flags);
    prop_assert!(
        matches!(library, Ok(()) | Err(ConsensusScriptError::Refused)),
        "{:?}",
        library
    );
    let interpreter = interpret(spend, flags);
    prop_assert_eq!(
        interpreter.is_ok(),
        library.is_ok(),
        "{:?} of {:?}",
        interpreter,
        spend
    );
    Ok(())
}

proptest! {
    #[test]
    fn the_interpreter_and_the_library_agree(
        recipe: Recipe,
        damages in proptest::collection::vec(any::<Damage>(), 0..8),
        bits in any::<u8>(),
    ) {
        let mut spend = Spend::new(&recipe);
        check(&spend, ScriptFlags::MANDATORY)?;
        check(&spend, rules(bits))?;
        // What is relayed can be in a block.
        if interpret(&spend, ScriptFlags::STANDARD).is_ok() {
            prop_assert_eq!(interpret(&spend, ScriptFlags::MANDATORY), Ok(()));
        }
        for damage in damages {
            damage.apply(&mut spend);
            check(&spend, ScriptFlags::MANDATORY)?;
            check(&spend, rules(bits))?;
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
