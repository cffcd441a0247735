//! How many signature operations a transaction has.

use bitcoin::{Script, Transaction, TxIn};

use crate::limits::WITNESS_SCALE_FACTOR;
use crate::script::{Counting, count_sigops, last_push};

/// The signature operations of all scripts that a transaction shows.
#[must_use]
pub fn legacy_sigops(transaction: &Transaction) -> u64 {
    let inputs = transaction.input.iter().map(|input| input.script_sig.as_script());
    let outputs = transaction
        .output
        .iter()
        .map(|output| output.script_pubkey.as_script());
    inputs
        .chain(outputs)
        .map(|script| count_sigops(script, Counting::Legacy))
        .sum()
}

/// The cost of all signature operations of a transaction, those of scripts that it reveals included.
///
/// `spent` gives the script of the output that an input spends, by the input's place; it is not asked for a coinbase.
///
/// # Consensus
/// BIP 141 <https://bips.dev/141/>: an operation of a witness costs 1, and any other 4. BIP 16 and BIP 141 have held from
/// the first block of all chains on.
pub fn sigop_cost<'a>(transaction: &Transaction, spent: impl Fn(usize) -> &'a Script) -> u64 {
    let legacy = legacy_sigops(transaction) * WITNESS_SCALE_FACTOR;
    if transaction.is_coinbase() {
        return legacy;
    }
    let inputs = transaction.input.iter().enumerate();
    legacy
        + inputs
            .map(|(place, input)| revealed_cost(input, spent(place)))
            .sum::<u64>()
}

/// The cost of what an input reveals to spend an output with this script.
fn revealed_cost(input: &TxIn, script_pubkey: &Script) -> u64 {
    if !script_pubkey.is_p2sh() {
        return witness_sigops(input, script_pubkey);
    }
    let Some(redeem_script) = last_push(&input.script_sig) else {
        return 0;
    };
    let redeem_sigops = count_sigops(redeem_script, Counting::Accurate) * WITNESS_SCALE_FACTOR;
    redeem_sigops + witness_sigops(input, redeem_script)
}

/// The signature operations of a witness for a program of version 0; later versions count in another way.
fn witness_sigops(input: &TxIn, program: &Script) -> u64 {
    if program.is_p2wpkh() {
        return 1;
    }
    match input.witness.last() {
        Some(script) if program.is_p2wsh() => count_sigops(Script::from_bytes(script), Counting::Accurate),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use bitcoin::{OutPoint, ScriptBuf, Witness};

    use super::*;
    use crate::transaction::check::tests::transaction;

    const MULTISIG: &str = "5121000000000000000000000000000000000000000000000000000000000000000000\
                            2100000000000000000000000000000000000000000000000000000000000000000052ae";

    fn script(hex: &str) -> ScriptBuf {
        ScriptBuf::from_hex(hex).expect("hexadecimal")
    }

    fn push(script: &Script) -> ScriptBuf {
        let mut bytes = vec![u8::try_from(script.len()).expect("short")];
        bytes.extend(script.as_bytes());
        ScriptBuf::from_bytes(bytes)
    }

    /// The cost of spending an output with an input's script and witness.
    fn check(script_pubkey: &Script, script_sig: &Script, witness: &[&[u8]], cost: u64) {
        let mut transaction = transaction();
        transaction.input[0].script_sig = script_sig.to_owned();
        transaction.input[0].witness = Witness::from_slice(witness);
        assert_eq!(sigop_cost(&transaction, |_| script_pubkey), cost);
    }

    #[test]
    fn what_is_revealed_counts_by_where_it_is() {
        let multisig = script(MULTISIG);
        let empty = ScriptBuf::new();
        // Two keys of a script that is revealed cost 8.
        check(&multisig.to_p2sh(), &push(&multisig), &[], 8);
        check(&empty, &push(&multisig), &[], 0);
        // An operation among the pushes makes the input fail, and counts nothing.
        check(&multisig.to_p2sh(), &script("6151"), &[], 0);
        // Witnesses cost a quarter.
        check(&multisig.to_p2wsh(), &empty, &[&[], multisig.as_bytes()], 2);
        check(&multisig.to_p2wsh(), &empty, &[], 0);
        check(
            &multisig.to_p2wsh().to_p2sh(),
            &push(&multisig.to_p2wsh()),
            &[multisig.as_bytes()],
            2,
        );
        let key_hash = script("00140000000000000000000000000000000000000000");
        check(&key_hash, &empty, &[&[], &[]], 1);
        check(&key_hash.to_p2sh(), &push(&key_hash), &[&[], &[]], 1);
        // Taproot has a budget of its own.
        let taproot = script("51200000000000000000000000000000000000000000000000000000000000000000");
        check(&taproot, &empty, &[multisig.as_bytes()], 0);
    }

    #[test]
    fn shown_operations_cost_four() {
        let mut transaction = transaction();
        transaction.output[0].script_pubkey = script("ac52ae");
        assert_eq!(legacy_sigops(&transaction), 21);
        assert_eq!(sigop_cost(&transaction, |_| Script::new()), 84);
        transaction.input[0].previous_output = OutPoint::null();
        assert_eq!(
            sigop_cost(&transaction, |_| unreachable!("coinbases spend nothing")),
            84
        );
    }
}
