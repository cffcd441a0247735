//! `-addrinfo`: how many addresses the node knows, by network.

use serde_json::{Value, json};

use crate::command::Session;
use crate::error::CliError;
use crate::reply::{Outcome, Reply};

const NETWORKS: [&str; 5] = ["ipv4", "ipv6", "onion", "i2p", "cjdns"];

pub(super) async fn run(session: &Session<'_>, words: &[String]) -> Result<Outcome, CliError> {
    if !words.is_empty() {
        return Err(CliError::NoArguments { option: "-addrinfo" });
    }
    let reply = session.call("getnodeaddresses", json!([0])).await?;
    Ok(if reply.is_error() {
        reply
    } else {
        Reply::success(count(&reply.result))
    }
    .outcome())
}

fn count(addresses: &Value) -> Value {
    let addresses = addresses.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut known = serde_json::Map::new();
    let mut total = 0;
    for network in NETWORKS {
        let count = addresses
            .iter()
            .filter(|address| address["network"] == network)
            .count();
        total += count;
        known.insert(network.to_owned(), count.into());
    }
    known.insert("total".to_owned(), total.into());
    json!({ "addresses_known": known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_counted_by_network() {
        let addresses =
            json!([{"network": "ipv4"}, {"network": "ipv4"}, {"network": "i2p"}, {"network": "moon"}]);
        let expected = r#"{"addresses_known":{"ipv4":2,"ipv6":0,"onion":0,"i2p":1,"cjdns":0,"total":3}}"#;
        assert_eq!(count(&addresses).to_string(), expected);
    }
}
