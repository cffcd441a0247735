//! Commands that add outputs.

use bitcoin::hex::FromHex as _;
use bitcoin::opcodes::all::{OP_CHECKMULTISIG, OP_RETURN};
use bitcoin::script::{Builder, PushBytesBuf};
use bitcoin::{Amount, PublicKey, ScriptBuf, TxOut};
use consensus::limits::MAX_SCRIPT_SIZE;
use encoding::amount::parse_money;
use encoding::assembly::parse_script;
use encoding::{Address, MAX_KEYS_OF_MULTISIG};

use super::Workbench;
use super::fields::trimmed_number;
use crate::error::TxError;

/// The longest script that a hash may stand for (BIP 16).
const MAX_REDEEM_SCRIPT: usize = 520;

fn amount(text: &str) -> Result<Amount, TxError> {
    parse_money(text)
        .map(Amount::from_sat)
        .ok_or(TxError::OutputValue)
}

fn public_key(text: &str) -> Result<PublicKey, TxError> {
    text.parse().map_err(|_| TxError::OutputPublicKey)
}

impl Workbench {
    fn add(&mut self, value: Amount, script_pubkey: ScriptBuf) {
        self.transaction.output.push(TxOut { value, script_pubkey });
    }
}

/// How an output pays to what it pays to.
#[derive(Clone, Copy, Default)]
struct Flags {
    for_witness: bool,
    by_script_hash: bool,
}

impl Flags {
    fn read(text: Option<&&str>) -> Self {
        let has = |flag| text.is_some_and(|text| text.contains(flag));
        Self {
            for_witness: has('W'),
            by_script_hash: has('S'),
        }
    }

    /// The script that pays to the hash of this one, if it should.
    fn wrap(self, script: ScriptBuf) -> Result<ScriptBuf, TxError> {
        if !self.by_script_hash {
            return Ok(script);
        }
        if script.len() > MAX_REDEEM_SCRIPT {
            return Err(TxError::RedeemScriptSize(script.len()));
        }
        Ok(Address::of_script_hash(&script).script())
    }

    fn check(self, keys: &[PublicKey]) -> Result<(), TxError> {
        if self.for_witness && keys.iter().any(|key| !key.compressed) {
            return Err(TxError::Uncompressed);
        }
        Ok(())
    }
}

pub(super) fn to_address(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let parts: Vec<&str> = value.split(':').collect();
    let [value, address] = parts[..] else {
        return Err(TxError::OutputSeparators);
    };
    let value = amount(value)?;
    let address = Address::decode(address, workbench.chain()).map_err(|_| TxError::OutputAddress)?;
    workbench.add(value, address.script());
    Ok(())
}

pub(super) fn to_key(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let parts: Vec<&str> = value.split(':').collect();
    let (2..=3, [value, key, ..]) = (parts.len(), &parts[..]) else {
        return Err(TxError::OutputSeparators);
    };
    let value = amount(value)?;
    let key = public_key(key)?;
    let flags = Flags::read(parts.get(2));
    flags.check(&[key])?;
    let script = if flags.for_witness {
        Address::of_witness_public_key(&key.to_bytes()).script()
    } else {
        ScriptBuf::new_p2pk(&key)
    };
    let script = flags.wrap(script)?;
    workbench.add(value, script);
    Ok(())
}

pub(super) fn to_several_keys(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let parts: Vec<&str> = value.split(':').collect();
    let [value, required, total, rest @ ..] = &parts[..] else {
        return Err(TxError::MultisigParameters);
    };
    let value = amount(value)?;
    let number = trimmed_number;
    let required = number(required).ok_or_else(|| TxError::MultisigRequired((*required).to_owned()))?;
    let total = number(total).ok_or_else(|| TxError::MultisigTotal((*total).to_owned()))?;
    let count = total as usize;
    if rest.len() < count {
        return Err(TxError::MultisigKeys);
    }
    if required < 1 || required > total || count > MAX_KEYS_OF_MULTISIG {
        return Err(TxError::MultisigMismatch { required, total });
    }
    let (keys, rest) = rest.split_at(count);
    let keys = keys
        .iter()
        .map(|key| public_key(key))
        .collect::<Result<Vec<_>, _>>()?;
    let flags = match rest {
        [] => Flags::default(),
        [flags] => Flags::read(Some(flags)),
        _ => return Err(TxError::MultisigRest),
    };
    flags.check(&keys)?;
    let builder = Builder::new().push_int(i64::from(required));
    let mut script = keys
        .iter()
        .fold(builder, Builder::push_key)
        .push_int(i64::from(total))
        .push_opcode(OP_CHECKMULTISIG)
        .into_script();
    if flags.for_witness {
        script = Address::of_witness_script_hash(&script).script();
    }
    let script = flags.wrap(script)?;
    workbench.add(value, script);
    Ok(())
}

pub(super) fn to_script(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let parts: Vec<&str> = value.split(':').collect();
    let [value, script, ..] = &parts[..] else {
        return Err(TxError::OutputSeparator);
    };
    let value = amount(value)?;
    let mut script = parse_script(script)?;
    if script.len() > MAX_SCRIPT_SIZE {
        return Err(TxError::ScriptSize(script.len()));
    }
    let flags = Flags::read(parts.get(2).filter(|_| parts.len() == 3));
    if flags.for_witness {
        script = Address::of_witness_script_hash(&script).script();
    }
    let script = flags.wrap(script)?;
    workbench.add(value, script);
    Ok(())
}

pub(super) fn of_data(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let (value, data) = match value.split_once(':') {
        Some(("", _)) => return Err(TxError::OutputValueMissing),
        Some((value, data)) => (amount(value)?, data),
        None => (Amount::ZERO, value),
    };
    let data = Vec::from_hex(data).ok().filter(|data| !data.is_empty());
    let data = data.and_then(|data| PushBytesBuf::try_from(data).ok());
    let data = data.ok_or(TxError::OutputData)?;
    let script = Builder::new()
        .push_opcode(OP_RETURN)
        .push_slice(data)
        .into_script();
    workbench.add(value, script);
    Ok(())
}
