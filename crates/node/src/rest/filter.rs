//! Compact filters of blocks (BIP 158).

use bitcoin::consensus::Encodable as _;
use bitcoin::hashes::Hash as _;
use bitcoin::hex::DisplayHex as _;
use chain::database::DatabaseError;
use chain::index::Validity;
use chain::indexes::{BlockId, FilterIndex};
use chain::tree::EntryId;
use serde_json::json;

use super::Site;
use super::answer::{Content, Failure};
use super::chain::{block_and_count, following};
use super::target::{self, Target};

/// The kind of filters, as BIP 158 numbers it.
const BASIC: u8 = 0;

/// The index of a kind of filters.
fn index<'a>(site: &'a Site, kind: &str) -> Result<&'a FilterIndex, Failure> {
    if kind != "basic" {
        return Err(Failure::bad(format!("Unknown filtertype {kind}")));
    }
    let index = site.node.indexes.filters.as_ref();
    index.ok_or_else(|| Failure::bad(format!("Index is not enabled for filtertype {kind}")))
}

fn unreadable(site: &Site, error: DatabaseError) -> Failure {
    site.node.fail(&error.into()).into()
}

fn block_id(site: &Site, id: EntryId) -> BlockId {
    let tree = site.node.chain.tree();
    let entry = tree.entry(id);
    BlockId {
        height: entry.height,
        hash: entry.hash,
    }
}

/// There is no filter, though there should be one.
fn missing(is_current: bool) -> Failure {
    Failure::not_found(match is_current {
        false => "Filter not found. Block filters are still in the process of being indexed.",
        true => "Filter not found. This error is unexpected and indicates index corruption.",
    })
}

pub(super) fn filter(site: &Site, target: &Target) -> Result<Content, Failure> {
    let parts: Vec<&str> = target.path.split('/').collect();
    let [kind, block] = parts[..] else {
        return Err(Failure::bad(
            "Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>",
        ));
    };
    let hash = target::hash(block)?;
    let index = index(site, kind)?;
    let (id, was_connected) = {
        let tree = site.node.chain.tree();
        let id = tree
            .find(&hash)
            .ok_or_else(|| Failure::not_found(format!("{block} not found")))?;
        let entry = tree.entry(id);
        (id, entry.is_sound() && entry.validity == Validity::Scripts)
    };
    let is_current = site.node.indexes.sync(&site.node, index)?;
    let found = index.filter(&block_id(site, id));
    let found = found.map_err(|error| unreadable(site, error))?;
    let Some(filter) = found else {
        return Err(match was_connected {
            false => Failure::not_found("Filter not found. Block was not connected to active chain."),
            true => missing(is_current),
        });
    };
    target.give(
        || {
            let mut bytes = vec![BASIC];
            bytes.extend(hash.as_byte_array());
            filter
                .consensus_encode(&mut bytes)
                .expect("writing to memory does not fail");
            Ok(bytes)
        },
        || Ok(json!({ "filter": filter.to_lower_hex_string() })),
    )
}

pub(super) fn headers(site: &Site, target: &Target) -> Result<Content, Failure> {
    let expected = "/rest/blockfilterheaders/<filtertype>/<blockhash>.<ext>";
    let parts: Vec<&str> = target.path.split('/').collect();
    let (kind, rest) = parts.split_first().unwrap_or((&"", &[]));
    let (block, count) = block_and_count(rest, target, expected)?;
    let count = target::header_count(&count)?;
    let hash = target::hash(&block)?;
    let index = index(site, kind)?;
    let ids = following(site, &hash, count);
    let is_current = site.node.indexes.sync(&site.node, index)?;
    let mut headers = Vec::new();
    for id in ids {
        let record = index.record(&block_id(site, id));
        let record = record.map_err(|error| unreadable(site, error))?;
        headers.push(record.ok_or_else(|| missing(is_current))?.header);
    }
    target.give(
        || {
            let bytes = headers.iter().flat_map(|header| header.to_byte_array());
            Ok(bytes.collect())
        },
        || Ok(headers.iter().map(ToString::to_string).collect()),
    )
}
