//! Transactions.

use bitcoin::Txid;
use encoding::hex::to_hex;
use encoding::json;
use encoding::transaction::to_bytes;
use rpc::code;
use serde_json::Value;

use super::Site;
use super::answer::{Content, Failure};
use super::target::Target;
use crate::methods::find_transaction;

pub(super) fn transaction(site: &Site, target: &Target) -> Result<Content, Failure> {
    let text = &target.path;
    let txid: Txid = text
        .parse()
        .map_err(|_| Failure::bad(format!("Invalid hash: {text}")))?;
    let (found, block) = find_transaction(&site.node, txid).map_err(|error| match error.code {
        code::INVALID_ADDRESS_OR_KEY => Failure::not_found(format!("{text} not found")),
        _ => error.into(),
    })?;
    let serialization = site.node.serialization();
    target.give(
        || Ok(serialization.transaction(&found)),
        || {
            let mut object = json::transaction(&found, &site.node.chain.params().address);
            if let Some(id) = block {
                let hash = site.node.chain.tree().entry(id).hash;
                object.insert("blockhash".to_owned(), hash.to_string().into());
            }
            // Here upstream leaves witnesses where they are.
            object.insert("hex".to_owned(), to_hex(&to_bytes(&found)).into());
            Ok(Value::Object(object))
        },
    )
}
