//! The command that signs.

use std::collections::HashMap;

use bitcoin::hex::FromHex as _;
use bitcoin::{Amount, OutPoint, ScriptBuf, TxOut};
use consensus::limits::MAX_MONEY;
use encoding::amount::coins_from_json;
use encoding::{ScriptKind, SecretKey};
use serde_json::{Map, Value};
use signing::{InputError, Keys, SignatureHashType, sign_transaction};

use super::Workbench;
use crate::error::TxError;

pub(super) fn sign(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let hash_type = match value {
        "" => SignatureHashType::ALL,
        name => SignatureHashType::from_name(name).ok_or(TxError::HashType)?,
    };
    let mut keys = Keys::default();
    for key in workbench.register("privatekeys")? {
        let key = key.as_str().ok_or(TxError::KeyType)?;
        keys.add_secret(SecretKey::decode(key, &workbench.chain).map_err(|_| TxError::Key)?);
    }
    let mut coins = HashMap::new();
    for output in workbench.register("prevtxs")? {
        let output = output.as_object().ok_or(TxError::PreviousType)?;
        let (outpoint, coin) = previous_output(output)?;
        let kind = ScriptKind::of(&coin.script_pubkey);
        let redeem_script = output.get("redeemScript");
        if let (ScriptKind::ScriptHash(_) | ScriptKind::WitnessScriptHash(_), Some(script)) =
            (kind, redeem_script)
        {
            keys.add_script(script_of(script, "redeemScript")?);
        }
        coins.insert(outpoint, coin);
    }
    let errors = sign_transaction(&mut workbench.transaction, &keys, &coins, hash_type);
    // What is not complete may be so after another command.
    for (index, error) in errors {
        if error == InputError::MissingAmount {
            let coin = coins.get(&workbench.transaction.input[index].previous_output);
            let script = coin.map(|coin| coin.script_pubkey.to_hex_string());
            return Err(TxError::MissingAmount(script.unwrap_or_default()));
        }
    }
    Ok(())
}

impl Workbench {
    /// The elements of a register.
    fn register(&self, name: &'static str) -> Result<&[Value], TxError> {
        let register = self.registers.get(name).ok_or(TxError::Register(name))?;
        Ok(register.as_array().map(Vec::as_slice).unwrap_or_default())
    }
}

fn previous_output(output: &Map<String, Value>) -> Result<(OutPoint, TxOut), TxError> {
    let (Some(Value::String(txid)), Some(Value::Number(vout)), Some(script @ Value::String(_))) =
        (output.get("txid"), output.get("vout"), output.get("scriptPubKey"))
    else {
        return Err(TxError::PreviousMember);
    };
    let txid = txid.parse().map_err(|_| TxError::PreviousTxid(txid.clone()))?;
    let vout = vout.as_i64().and_then(|vout| i32::try_from(vout).ok());
    let vout = u32::try_from(vout.ok_or(TxError::PreviousVoutRange)?).map_err(|_| TxError::PreviousVout)?;
    let script_pubkey = script_of(script, "scriptPubKey")?;
    let value = output.get("amount").map_or(Ok(MAX_MONEY), coins_from_json)?;
    let value = Amount::from_sat(value);
    Ok((OutPoint::new(txid, vout), TxOut { value, script_pubkey }))
}

fn script_of(value: &Value, name: &'static str) -> Result<ScriptBuf, TxError> {
    let digits = value.as_str().unwrap_or_default();
    let bytes = Vec::from_hex(digits).ok().filter(|bytes| !bytes.is_empty());
    bytes.map(ScriptBuf::from).ok_or_else(|| TxError::Hex {
        name,
        text: digits.to_owned(),
    })
}
