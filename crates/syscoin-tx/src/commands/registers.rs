//! Registers: JSON by name, for the command that signs.

use super::Workbench;
use crate::error::TxError;

/// The two parts around the first colon, neither of them empty.
fn split(value: &str) -> Option<(&str, &str)> {
    value
        .split_once(':')
        .filter(|(name, rest)| !name.is_empty() && !rest.is_empty())
}

impl Workbench {
    fn set_json(&mut self, name: &str, json: &str) -> Result<(), TxError> {
        let json = serde_json::from_str(json).map_err(|_| TxError::Json(name.to_owned()))?;
        self.registers.insert(name.to_owned(), json);
        Ok(())
    }
}

pub(super) fn set(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let (name, json) = split(value).ok_or(TxError::Set)?;
    workbench.set_json(name, json)
}

pub(super) fn load(workbench: &mut Workbench, value: &str) -> Result<(), TxError> {
    let (name, file) = split(value).ok_or(TxError::Load)?;
    let json = fs_err::read(file).map_err(|_| TxError::OpenFile(file.to_owned()))?;
    workbench.set_json(name, &String::from_utf8_lossy(&json))
}
