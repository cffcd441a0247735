//! The chain as a whole, its headers, and its blocks by height.

use bitcoin::hashes::Hash as _;
use chain::tree::EntryId;
use serde_json::{Value, json};

use super::Site;
use super::answer::{Content, Failure};
use super::target::{self, Target};
use crate::methods::{describe_header, header_bytes};

/// How many headers are given where no number is named.
const HEADERS: &str = "5";

pub(super) fn info(site: &Site, target: &Target) -> Result<Content, Failure> {
    target.give_json(|| Ok(site.call("getblockchaininfo", Vec::new())?))
}

pub(super) fn deployments(site: &Site, target: &Target) -> Result<Content, Failure> {
    target.give_json(|| {
        let mut params = Vec::new();
        if !target.path.is_empty() {
            let hash = target::hash(&target.path)?;
            if site.node.chain.tree().find(&hash).is_none() {
                return Err(Failure::bad("Block not found"));
            }
            params.push(target.path.clone().into());
        }
        Ok(site.call("getdeploymentinfo", params)?)
    })
}

/// The name of a block and a number, either in the path, or the number in the query.
pub(super) fn block_and_count(
    parts: &[&str],
    target: &Target,
    expected: &str,
) -> Result<(String, String), Failure> {
    match parts {
        [count, block] => Ok(((*block).to_owned(), (*count).to_owned())),
        [block] => {
            let count = target.value("count")?.unwrap_or_else(|| HEADERS.to_owned());
            Ok(((*block).to_owned(), count))
        }
        _ => Err(Failure::bad(format!(
            "Invalid URI format. Expected {expected}?count=<count>"
        ))),
    }
}

/// A block of the chain and those after it, none if it is not in the chain.
pub(super) fn following(site: &Site, hash: &bitcoin::BlockHash, count: usize) -> Vec<EntryId> {
    let tree = site.node.chain.tree();
    let Some(first) = tree.find(hash).filter(|id| tree.is_active(*id)) else {
        return Vec::new();
    };
    let heights = tree.entry(first).height..;
    heights
        .map_while(|height| tree.active(height))
        .take(count)
        .collect()
}

pub(super) fn headers(site: &Site, target: &Target) -> Result<Content, Failure> {
    let parts: Vec<&str> = target.path.split('/').collect();
    let (hash, count) = block_and_count(&parts, target, "/rest/headers/<hash>.<ext>")?;
    let count = target::header_count(&count)?;
    let hash = target::hash(&hash)?;
    let ids = following(site, &hash, count);
    let node = &site.node;
    target.give(
        || {
            let mut bytes = Vec::new();
            for id in &ids {
                let header = header_bytes(node, *id);
                bytes.extend(header.map_err(|error| Failure::not_found(error.message))?);
            }
            Ok(bytes)
        },
        || {
            let tree = node.chain.tree();
            let mut headers = Vec::new();
            for id in &ids {
                headers.push(Value::Object(describe_header(&tree, *id)?));
            }
            Ok(headers.into())
        },
    )
}

pub(super) fn hash_by_height(site: &Site, target: &Target) -> Result<Content, Failure> {
    let height = target::number(&target.path).and_then(|height| u32::try_from(height).ok());
    let height = height.ok_or_else(|| {
        let is_safe = |letter: &char| letter.is_ascii_alphanumeric() || " .,;-_/:?@()".contains(*letter);
        let shown: String = target.path.chars().filter(is_safe).collect();
        Failure::bad(format!("Invalid height: {shown}"))
    })?;
    let hash = {
        let tree = site.node.chain.tree();
        let id = tree.active(height);
        id.map(|id| tree.entry(id).hash)
            .ok_or_else(|| Failure::not_found("Block height out of range"))?
    };
    match target.format {
        // As digits a hash is shown from its last byte on.
        Some(target::Format::Hex) => Ok(Content::Digits(hash.to_string())),
        _ => target.give(
            || Ok(hash.as_byte_array().to_vec()),
            || Ok(json!({ "blockhash": hash.to_string() })),
        ),
    }
}
