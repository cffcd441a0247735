//! What a transaction may spend and still be relayed.

use bitcoin::{Script, Transaction, TxOut};
use consensus::script::{last_push, revealed_sigops};

use super::OutputKind;

/// The most signature operations of a script that an input reveals.
const MAX_REVEALED_SIGOPS: u64 = 15;

/// Whether all outputs that a transaction spends, in the order of its inputs, ask for something usual, and scripts that
/// hashes stand for have few signature operations: upstream's `AreInputsStandard`.
#[must_use]
pub fn inputs_are_standard(transaction: &Transaction, spent: &[TxOut]) -> bool {
    let mut inputs = transaction.input.iter().zip(spent);
    inputs.all(|(input, output)| match OutputKind::of(&output.script_pubkey) {
        OutputKind::Other | OutputKind::WitnessUnknown => false,
        OutputKind::ScriptHash => revealed_script(&input.script_sig)
            .is_some_and(|script| revealed_sigops(script) <= MAX_REVEALED_SIGOPS),
        _ => true,
    })
}

/// The script that an input reveals to spend what a script's hash stands for.
pub(super) fn revealed_script(script_sig: &Script) -> Option<&Script> {
    if script_sig.is_empty() {
        return None;
    }
    last_push(script_sig)
}

#[cfg(test)]
mod tests {
    use bitcoin::absolute::LockTime;
    use bitcoin::script::{Builder, PushBytesBuf};
    use bitcoin::transaction::Version;
    use bitcoin::{Amount, ScriptBuf, TxIn};

    use super::*;

    fn check(output: &str, script_sig: ScriptBuf, expected: bool) {
        let transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                script_sig,
                ..TxIn::default()
            }],
            output: Vec::new(),
        };
        let spent = TxOut {
            value: Amount::ZERO,
            script_pubkey: ScriptBuf::from_hex(output).expect("it is hexadecimal"),
        };
        assert_eq!(inputs_are_standard(&transaction, &[spent]), expected, "{output}");
    }

    fn push(bytes: Vec<u8>) -> ScriptBuf {
        Builder::new()
            .push_slice(PushBytesBuf::try_from(bytes).expect("short"))
            .into_script()
    }

    #[test]
    fn unusual_coins_and_many_signatures_are_not_spent() {
        let script_hash = format!("a914{}87", "00".repeat(20));
        check(&format!("0014{}", "00".repeat(20)), ScriptBuf::new(), true);
        check("51", ScriptBuf::new(), false);
        check(&format!("5220{}", "00".repeat(32)), ScriptBuf::new(), false);
        check(&script_hash, ScriptBuf::new(), false);
        check(&script_hash, push(vec![0xac; 15]), true);
        check(&script_hash, push(vec![0xac; 16]), false);
        check(&script_hash, push(vec![0x5f, 0xae]), true);
        check(&script_hash, push(vec![0x60, 0xae]), false);
        check(&script_hash, push(vec![0xae]), false);
    }
}
