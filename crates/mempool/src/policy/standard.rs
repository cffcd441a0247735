//! What a transaction must look like to be relayed.

use bitcoin::Transaction;
use thiserror::Error;

use super::{MAX_STANDARD_WEIGHT, OutputKind, is_dust};
use crate::config::Config;

/// The largest version.
const MAX_STANDARD_VERSION: i32 = 2;

/// The longest script of an input: 15 signatures, and a script with 15 keys.
const MAX_STANDARD_INPUT_SCRIPT: usize = 1650;

/// The most keys that an output may name.
const MAX_STANDARD_KEYS: u8 = 3;

/// Why a transaction is not relayed, shown as upstream's reject reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum NotStandard {
    /// Nobody knows what its version stands for.
    #[error("version")]
    Version,
    /// It weighs too much.
    #[error("tx-size")]
    Size,
    /// The script of an input is too long.
    #[error("scriptsig-size")]
    InputScriptSize,
    /// The script of an input does more than push.
    #[error("scriptsig-not-pushonly")]
    InputScriptNotPushOnly,
    /// An output asks for something unusual, or has too much data.
    #[error("scriptpubkey")]
    OutputScript,
    /// An output asks for several signatures without a hash, which the owner does not want.
    #[error("bare-multisig")]
    BareMultisig,
    /// An output is worth less than spending it costs.
    #[error("dust")]
    Dust,
    /// More than one output has data.
    #[error("multi-op-return")]
    SeveralData,
}

/// Checks that a transaction looks as usual: upstream's `IsStandardTx`.
///
/// # Errors
/// [`NotStandard`] with the first thing that is unusual.
pub fn check_standard(transaction: &Transaction, config: &Config) -> Result<(), NotStandard> {
    if !(1..=MAX_STANDARD_VERSION).contains(&transaction.version.0) {
        return Err(NotStandard::Version);
    }
    if transaction.weight().to_wu() > MAX_STANDARD_WEIGHT {
        return Err(NotStandard::Size);
    }
    for input in &transaction.input {
        if input.script_sig.len() > MAX_STANDARD_INPUT_SCRIPT {
            return Err(NotStandard::InputScriptSize);
        }
        if !input.script_sig.is_push_only() {
            return Err(NotStandard::InputScriptNotPushOnly);
        }
    }
    let mut with_data = 0;
    for output in &transaction.output {
        match OutputKind::of(&output.script_pubkey) {
            OutputKind::Other => return Err(NotStandard::OutputScript),
            OutputKind::Multisig { keys, .. } if keys > MAX_STANDARD_KEYS => {
                return Err(NotStandard::OutputScript);
            }
            OutputKind::Data => {
                let length = output.script_pubkey.len();
                if config.max_data_carrier.is_none_or(|most| length > most) {
                    return Err(NotStandard::OutputScript);
                }
                with_data += 1;
            }
            OutputKind::Multisig { .. } if !config.permits_bare_multisig => {
                return Err(NotStandard::BareMultisig);
            }
            _ if is_dust(output, config.dust) => return Err(NotStandard::Dust),
            _ => {}
        }
    }
    if with_data > 1 {
        return Err(NotStandard::SeveralData);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use bitcoin::absolute::LockTime;
    use bitcoin::transaction::Version;
    use bitcoin::{Amount, ScriptBuf, TxIn, TxOut, Witness};

    use super::*;

    fn output(hex: &str, units: u64) -> TxOut {
        TxOut {
            value: Amount::from_sat(units),
            script_pubkey: ScriptBuf::from_hex(hex).expect("it is hexadecimal"),
        }
    }

    fn check(change: impl FnOnce(&mut Transaction, &mut Config), expected: Result<(), &str>) {
        let mut transaction = Transaction {
            version: Version::TWO,
            lock_time: LockTime::ZERO,
            input: vec![TxIn::default()],
            output: vec![output(&format!("0014{}", "00".repeat(20)), 1000)],
        };
        let mut config = Config::default();
        change(&mut transaction, &mut config);
        let result = check_standard(&transaction, &config).map_err(|error| error.to_string());
        assert_eq!(result, expected.map_err(str::to_owned));
    }

    #[test]
    fn what_is_unusual_is_refused_in_upstreams_words() {
        let key = format!("21{}", "02".repeat(33));
        let data = format!("6a4c50{}", "00".repeat(80));
        check(|_, _| {}, Ok(()));
        check(|transaction, _| transaction.version = Version(3), Err("version"));
        check(|transaction, _| transaction.version = Version(0), Err("version"));
        check(
            |transaction, _| transaction.version = Version(142),
            Err("version"),
        );
        check(
            |transaction, _| transaction.input[0].witness = Witness::from_slice(&[vec![0; 399_600]]),
            Ok(()),
        );
        check(
            |transaction, _| transaction.input[0].witness = Witness::from_slice(&[vec![0; 400_000]]),
            Err("tx-size"),
        );
        check(
            |transaction, _| transaction.input[0].script_sig = vec![0; 1651].into(),
            Err("scriptsig-size"),
        );
        check(
            |transaction, _| transaction.input[0].script_sig = vec![0x61].into(),
            Err("scriptsig-not-pushonly"),
        );
        check(
            |transaction, _| transaction.output.push(output("51", 1000)),
            Err("scriptpubkey"),
        );
        check(|transaction, _| transaction.output.push(output(&data, 0)), Ok(()));
        check(
            |transaction, _| {
                transaction
                    .output
                    .push(output(&format!("6a4c51{}", "00".repeat(81)), 0));
            },
            Err("scriptpubkey"),
        );
        check(
            |transaction, config| {
                config.max_data_carrier = None;
                transaction.output.push(output("6a", 0));
            },
            Err("scriptpubkey"),
        );
        check(
            |transaction, _| transaction.output.extend([output("6a", 0), output("6a", 0)]),
            Err("multi-op-return"),
        );
        check(
            |transaction, _| transaction.output[0].value = Amount::from_sat(293),
            Err("dust"),
        );
        check(
            |transaction, _| transaction.output.push(output(&format!("51{key}51ae"), 1000)),
            Ok(()),
        );
        check(
            |transaction, config| {
                config.permits_bare_multisig = false;
                transaction.output.push(output(&format!("51{key}51ae"), 1000));
            },
            Err("bare-multisig"),
        );
        check(
            |transaction, _| {
                transaction
                    .output
                    .push(output(&format!("51{}54ae", key.repeat(4)), 1000));
            },
            Err("scriptpubkey"),
        );
    }
}
