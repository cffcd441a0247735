//! How much memory a transaction takes, about as upstream counts it.

use bitcoin::Transaction;

/// What a request for so much memory takes.
fn allocated(size: usize) -> usize {
    if size == 0 { 0 } else { (size + 31) & !15 }
}

/// What an entry takes beside its transaction: its own fields and its places in the orders.
const ENTRY: usize = 416;

/// What each spent output takes in the index of those.
const SPENT: usize = 112;

/// What a transaction and its inputs and outputs take each, beside their scripts.
const TRANSACTION: usize = 160;
const INPUT: usize = 104;
const OUTPUT: usize = 40;

/// Scripts up to this length are kept in their inputs and outputs.
const INLINE_SCRIPT: usize = 28;

/// What a link to a parent or child takes.
pub(super) const LINK: usize = 64;

/// What a transaction takes in the pool, links excepted.
pub(super) fn entry_usage(transaction: &Transaction) -> usize {
    let script = |length: usize| {
        if length > INLINE_SCRIPT {
            allocated(length)
        } else {
            0
        }
    };
    let inputs = transaction.input.iter().map(|input| {
        let elements: usize = input.witness.iter().map(|element| allocated(element.len())).sum();
        script(input.script_sig.len()) + allocated(input.witness.len() * 24) + elements + SPENT
    });
    let outputs = transaction
        .output
        .iter()
        .map(|output| script(output.script_pubkey.len()));
    ENTRY
        + TRANSACTION
        + allocated(transaction.input.len() * INPUT)
        + allocated(transaction.output.len() * OUTPUT)
        + inputs.sum::<usize>()
        + outputs.sum::<usize>()
}
