//! Which witnesses are relayed.

use bitcoin::{Script, Transaction, TxOut, Witness};

use super::inputs::revealed_script;

/// The longest script of a witness of version 0.
const MAX_SCRIPT: usize = 3600;

/// The most elements beside the script in a witness of version 0.
const MAX_ELEMENTS: usize = 100;

/// The longest element beside the script, in bytes.
const MAX_ELEMENT: usize = 80;

/// What the last element begins with if it is the annex (BIP 341).
const ANNEX: u8 = 0x50;

/// The version of leaves of taproot that means something (BIP 342).
const TAPSCRIPT: u8 = 0xc0;

/// The bits of the first byte of a control block that say the version.
const LEAF_MASK: u8 = 0xfe;

/// Whether the witnesses of a transaction, whose spent outputs are in the order of its inputs, are for what they are given
/// to and not larger than usual: upstream's `IsWitnessStandard`.
#[must_use]
pub fn witnesses_are_standard(transaction: &Transaction, spent: &[TxOut]) -> bool {
    let mut inputs = transaction.input.iter().zip(spent);
    inputs.all(|(input, output)| {
        if input.witness.is_empty() {
            return true;
        }
        let script = output.script_pubkey.as_script();
        if !script.is_p2sh() {
            return witness_is_standard(&input.witness, script, script.is_p2tr());
        }
        revealed_script(&input.script_sig)
            .is_some_and(|program| witness_is_standard(&input.witness, program, false))
    })
}

fn witness_is_standard(witness: &Witness, program: &Script, is_taproot: bool) -> bool {
    if !program.is_witness_program() {
        return false;
    }
    let elements: Vec<&[u8]> = witness.iter().collect();
    if program.is_p2wsh() {
        return elements.split_last().is_some_and(|(script, rest)| {
            script.len() <= MAX_SCRIPT && rest.len() <= MAX_ELEMENTS && are_short(rest)
        });
    }
    !is_taproot || taproot_is_standard(&elements)
}

fn taproot_is_standard(elements: &[&[u8]]) -> bool {
    match elements {
        [_, .., annex] if annex.first() == Some(&ANNEX) => false,
        [rest @ .., _script, control] => match control.first() {
            None => false,
            Some(first) => first & LEAF_MASK != TAPSCRIPT || are_short(rest),
        },
        [_signature] => true,
        [] => false,
    }
}

fn are_short(elements: &[&[u8]]) -> bool {
    elements.iter().all(|element| element.len() <= MAX_ELEMENT)
}

#[cfg(test)]
mod tests {
    use bitcoin::absolute::LockTime;
    use bitcoin::transaction::Version;
    use bitcoin::{Amount, ScriptBuf, TxIn};

    use super::*;

    fn check(output: &str, script_sig: &str, witness: &[Vec<u8>], expected: bool) {
        let script = |hex| ScriptBuf::from_hex(hex).expect("it is hexadecimal");
        let transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn {
                script_sig: script(script_sig),
                witness: Witness::from_slice(witness),
                ..TxIn::default()
            }],
            output: Vec::new(),
        };
        let spent = TxOut {
            value: Amount::ZERO,
            script_pubkey: script(output),
        };
        assert_eq!(
            witnesses_are_standard(&transaction, &[spent]),
            expected,
            "{output}"
        );
    }

    #[test]
    fn witnesses_are_for_witness_programs_and_not_too_large() {
        let program = format!("0020{}", "00".repeat(32));
        let nested = format!("a914{}87", "00".repeat(20));
        let with = |count: usize, size: usize, script: usize| {
            let mut elements = vec![vec![0; size]; count];
            elements.push(vec![0; script]);
            elements
        };
        check("51", "", &[], true);
        check("51", "", &[vec![1]], false);
        check(&program, "", &with(100, 80, 3600), true);
        check(&program, "", &with(101, 80, 3600), false);
        check(&program, "", &with(100, 81, 3600), false);
        check(&program, "", &with(100, 80, 3601), false);
        check(&nested, &format!("22{program}"), &with(100, 80, 3600), true);
        check(&nested, &format!("22{program}"), &with(100, 81, 3600), false);
        check(&nested, "", &with(1, 1, 1), false);
    }

    #[test]
    fn taproot_has_short_elements_and_no_annex() {
        let program = format!("5120{}", "00".repeat(32));
        check(&program, "", &[vec![0; 64]], true);
        check(&program, "", &[vec![0; 64], vec![ANNEX]], false);
        check(&program, "", &[vec![0; 80], vec![], vec![0xc1]], true);
        check(&program, "", &[vec![0; 81], vec![], vec![0xc1]], false);
        check(&program, "", &[vec![0; 81], vec![], vec![0xc2]], true);
        check(&program, "", &[vec![0; 1], vec![], vec![]], false);
    }
}
