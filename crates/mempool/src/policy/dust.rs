//! Outputs that are worth less than spending them costs.

use bitcoin::TxOut;
use consensus::script::is_unspendable;

use crate::fee_rate::FeeRate;

/// What an input is taken to have, in virtual bytes: what it spends, its script's length, a signature and a key, its
/// sequence number.
const INPUT_SIZE: u64 = 32 + 4 + 1 + 107 + 4;

/// The same where signature and key are in the witness.
const WITNESS_INPUT_SIZE: u64 = 32 + 4 + 1 + 107 / 4 + 4;

/// The least that an output must be worth, in units, not to be dust; zero where it cannot be spent at all.
#[must_use]
pub fn dust_threshold(output: &TxOut, rate: FeeRate) -> i64 {
    if is_unspendable(&output.script_pubkey) {
        return 0;
    }
    let script = &output.script_pubkey;
    let input_size = if script.is_witness_program() {
        WITNESS_INPUT_SIZE
    } else {
        INPUT_SIZE
    };
    rate.fee(output.size() as u64 + input_size)
}

/// Whether an output is worth less than spending it costs.
#[must_use]
pub fn is_dust(output: &TxOut, rate: FeeRate) -> bool {
    output.value.to_sat() < dust_threshold(output, rate).unsigned_abs()
}

#[cfg(test)]
mod tests {
    use bitcoin::{Amount, ScriptBuf};

    use super::*;

    #[test]
    fn thresholds_are_upstreams() {
        for (script, threshold) in [
            (
                ScriptBuf::from_hex(&format!("76a914{}88ac", "00".repeat(20))),
                546,
            ),
            (ScriptBuf::from_hex(&format!("a914{}87", "00".repeat(20))), 540),
            (ScriptBuf::from_hex(&format!("0014{}", "00".repeat(20))), 294),
            (ScriptBuf::from_hex(&format!("0020{}", "00".repeat(32))), 330),
            (ScriptBuf::from_hex(&format!("5120{}", "00".repeat(32))), 330),
            (ScriptBuf::from_hex("6a"), 0),
        ] {
            let mut output = TxOut {
                value: Amount::from_sat(threshold),
                script_pubkey: script.expect("it is hexadecimal"),
            };
            assert!(!is_dust(&output, FeeRate::per_kvb(3000)), "{output:?}");
            if threshold > 0 {
                output.value = Amount::from_sat(threshold - 1);
                assert!(is_dust(&output, FeeRate::per_kvb(3000)), "{output:?}");
            }
        }
    }
}
