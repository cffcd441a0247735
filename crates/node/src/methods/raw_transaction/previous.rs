//! The outputs that callers say a transaction spends.

use std::collections::HashMap;

use bitcoin::{Amount, OutPoint, Script, ScriptBuf, TxOut};
use consensus::limits::MAX_MONEY;
use encoding::assembly::{Signatures, from_script};
use encoding::{Address, ScriptKind};
use rpc::{Kind, Param, RpcError, code};
use serde_json::{Map, Value};
use signing::Keys;

use crate::values::{self, OtherMembers};

/// The parameter that [`add`] reads.
pub(super) fn parameter() -> Param {
    let output = vec![
        Param::required("txid", Kind::Hex, "The id of the transaction"),
        Param::required("vout", Kind::Number, "Which of its outputs"),
        Param::required("scriptPubKey", Kind::Hex, "The output's script"),
        Param::optional(
            "redeemScript",
            Kind::Hex,
            "The script that the output's stands for; needed where it is a script's hash",
        ),
        Param::optional(
            "witnessScript",
            Kind::Hex,
            "The witness script that the output's stands for; needed where it is such a script's hash",
        ),
        Param::optional(
            "amount",
            Kind::Amount,
            "The output's amount in SYS; needed where a witness spends it",
        ),
    ];
    Param::optional(
        "prevtxs",
        Kind::Array(vec![Param::optional("", Kind::Object(output), "")]),
        "Outputs that the transaction spends and that are in no block yet",
    )
}

/// Adds the outputs of an argument, and to the keys the scripts behind their hashes.
pub(super) fn add(
    outputs: &Value,
    keys: &mut Keys,
    coins: &mut HashMap<OutPoint, TxOut>,
) -> Result<(), RpcError> {
    if outputs.is_null() {
        return Ok(());
    }
    for output in values::array(outputs)? {
        let Value::Object(output) = output else {
            return Err(unreadable(
                "expected object with {\"txid'\",\"vout\",\"scriptPubKey\"}",
            ));
        };
        let expected = [("txid", "string"), ("vout", "number"), ("scriptPubKey", "string")];
        values::check_members(output, &expected, OtherMembers::Allowed)?;
        let txid = values::hash(values::member(output, "txid"), "txid")?;
        let vout = u32::try_from(values::small_integer(values::member(output, "vout"))?)
            .map_err(|_| unreadable("vout cannot be negative"))?;
        let script = ScriptBuf::from(values::bytes(
            values::member(output, "scriptPubKey"),
            "scriptPubKey",
        )?);
        let outpoint = OutPoint { txid, vout };
        if let Some(known) = coins.get(&outpoint).filter(|coin| coin.script_pubkey != script) {
            let words = |script: &Script| from_script(script, Signatures::Raw);
            return Err(unreadable(format!(
                "Previous output scriptPubKey mismatch:\n{}\nvs:\n{}",
                words(&known.script_pubkey),
                words(&script)
            )));
        }
        let value = match output.get("amount") {
            Some(amount) => values::amount(amount)?,
            None => MAX_MONEY,
        };
        add_scripts(output, &script, keys)?;
        let coin = TxOut {
            value: Amount::from_sat(value),
            script_pubkey: script,
        };
        coins.insert(outpoint, coin);
    }
    Ok(())
}

fn unreadable(text: impl Into<String>) -> RpcError {
    RpcError::new(code::DESERIALIZATION_ERROR, text)
}

fn add_scripts(output: &Map<String, Value>, script: &Script, keys: &mut Keys) -> Result<(), RpcError> {
    let kind = ScriptKind::of(script);
    if !matches!(kind, ScriptKind::ScriptHash(_) | ScriptKind::WitnessScriptHash(_)) {
        return Ok(());
    }
    let read = |name: &'static str| {
        let value = values::member(output, name);
        if value.is_null() {
            return Ok(None);
        }
        values::check_member(name, value, "string")?;
        values::bytes(value, name).map(|bytes| Some(ScriptBuf::from(bytes)))
    };
    let refused = |text: &str| Err(RpcError::invalid_parameter(text));
    let (redeem, witness) = (read("redeemScript")?, read("witnessScript")?);
    let Some(inner) = witness.as_ref().or(redeem.as_ref()) else {
        return refused("Missing redeemScript/witnessScript");
    };
    let as_witness = Address::of_witness_script_hash(inner).script();
    keys.add_script(inner.clone());
    keys.add_script(as_witness.clone());
    if let (Some(redeem), Some(witness)) = (&redeem, &witness)
        && redeem != witness
        && *redeem != as_witness
    {
        return refused("redeemScript does not correspond to witnessScript");
    }
    let wraps = match kind {
        ScriptKind::ScriptHash(_) => {
            let wrapped = [inner, &as_witness].map(|inner| Address::of_script_hash(inner).script());
            wrapped.iter().any(|wrapped| **wrapped == *script)
        }
        _ => *as_witness == *script,
    };
    if wraps {
        Ok(())
    } else {
        refused("redeemScript/witnessScript does not match scriptPubKey")
    }
}
