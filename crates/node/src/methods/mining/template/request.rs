//! What a client asks `getblocktemplate` for.

use std::collections::BTreeSet;

use rpc::{RpcError, code};
use serde_json::Value;

use super::poll::Watched;
use crate::values;

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// What the next block is made of.
    Template {
        /// The rules that the client knows.
        rules: BTreeSet<String>,
        /// Whether to wait first.
        long_poll: Option<LongPoll>,
    },
    /// Whether the block with these bytes, in digits, would be taken.
    Proposal(String),
}

/// Until when a client wants to wait.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LongPoll {
    /// Until templates are other ones than this one.
    Since(Watched),
    /// Until they are other ones than now.
    SinceNow,
}

/// Reads it.
pub(super) fn read(value: &Value) -> Result<Request, RpcError> {
    let request = values::object(value)?;
    let invalid_mode = || RpcError::invalid_parameter("Invalid mode");
    let is_proposal = match values::member(request, "mode") {
        Value::Null => false,
        Value::String(mode) if mode == "template" => false,
        Value::String(mode) if mode == "proposal" => true,
        _ => return Err(invalid_mode()),
    };
    if is_proposal {
        let data = values::member(request, "data").as_str();
        let data =
            data.ok_or_else(|| RpcError::new(code::TYPE_ERROR, "Missing data String key for proposal"))?;
        return Ok(Request::Proposal(data.to_owned()));
    }
    let rules = match values::member(request, "rules") {
        Value::Array(rules) => rules
            .iter()
            .map(|rule| values::text(rule).map(str::to_owned))
            .collect::<Result<_, _>>()?,
        _ => BTreeSet::new(),
    };
    let long_poll = match values::member(request, "longpollid") {
        Value::Null => None,
        Value::String(id) => Some(LongPoll::Since(read_id(id)?)),
        _ => Some(LongPoll::SinceNow),
    };
    Ok(Request::Template { rules, long_poll })
}

/// Reads a template's id: the tip's hash, and the state of the pool behind it.
fn read_id(id: &str) -> Result<Watched, RpcError> {
    let (hash, rest) = id.split_at_checked(64).unwrap_or((id, ""));
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    Ok(Watched {
        tip: values::hash(&hash.into(), "longpollid")?,
        // What is no number stands for a state that the pool is not in.
        updates: rest[..digits].parse().unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const HASH: &str = "000000000000000000000000000000000000000000000000000000000000002a";

    fn check(value: &Value, expected: Result<Request, &str>) {
        let expected = expected.map_err(str::to_owned);
        assert_eq!(
            read(value).map_err(|error| error.to_string()),
            expected,
            "{value}"
        );
    }

    fn template(rules: &[&str], long_poll: Option<LongPoll>) -> Request {
        Request::Template {
            rules: rules.iter().map(|rule| (*rule).to_owned()).collect(),
            long_poll,
        }
    }

    fn since(updates: u64) -> Option<LongPoll> {
        let tip = HASH.parse().unwrap();
        Some(LongPoll::Since(Watched { tip, updates }))
    }

    #[test]
    fn requests_are_read_as_upstream_does() {
        check(&json!({}), Ok(template(&[], None)));
        check(
            &json!({ "mode": "template", "rules": ["segwit", "x", "segwit"], "other": 1 }),
            Ok(template(&["segwit", "x"], None)),
        );
        check(
            &json!({ "mode": null, "rules": "segwit" }),
            Ok(template(&[], None)),
        );
        check(
            &json!({ "longpollid": 1 }),
            Ok(template(&[], Some(LongPoll::SinceNow))),
        );
        for (rest, updates) in [("17", 17), ("", 0), ("x", 0), ("3x", 3)] {
            let id = format!("{HASH}{rest}");
            check(&json!({ "longpollid": id }), Ok(template(&[], since(updates))));
        }
        check(
            &json!({ "mode": "proposal", "data": "00", "rules": [1] }),
            Ok(Request::Proposal("00".to_owned())),
        );
    }

    #[test]
    fn requests_that_cannot_be_read_are_refused_in_upstreams_words() {
        for (value, expected) in [
            (json!({ "mode": "x" }), "Invalid mode (-8)"),
            (json!({ "mode": 1 }), "Invalid mode (-8)"),
            (
                json!({ "mode": "proposal" }),
                "Missing data String key for proposal (-3)",
            ),
            (
                json!({ "mode": "proposal", "data": 1 }),
                "Missing data String key for proposal (-3)",
            ),
            (
                json!({ "rules": ["segwit", 1] }),
                "JSON value of type number is not of expected type string (-3)",
            ),
            (
                json!({ "longpollid": "0123" }),
                "longpollid must be of length 64 (not 4, for '0123') (-8)",
            ),
        ] {
            check(&value, Err(expected));
        }
    }

    proptest! {
        #[test]
        fn ids_are_read_or_refused_whatever_they_are(id in "\\PC{0,100}", updates: u64) {
            _ = read_id(&id);
            let read = read_id(&format!("{HASH}{updates}"));
            prop_assert_eq!(read.map(|watched| watched.updates), Ok(updates));
        }
    }
}
