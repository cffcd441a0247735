//! The JSON-RPC 1.0 envelope: from a call's text to a [`Call`], from an outcome to a reply.

use serde::Serialize;
use serde_json::Value;

use crate::document::{Document, NotJson};
use crate::error::{RpcError, code};
use crate::method::Outcome;

/// A method's name with its parameters, not yet matched against the method's declaration.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The method's name.
    pub method: String,
    /// Its parameters.
    pub params: Params,
}

/// Parameters as the client sent them.
#[derive(Debug, Clone, PartialEq)]
pub enum Params {
    /// By position.
    Positional(Vec<Value>),
    /// By name, in order, repeated names included.
    Named(Vec<(String, Value)>),
}

/// The body of a request.
#[derive(Debug)]
pub(crate) enum Body {
    Single(Document),
    Batch(Vec<Document>),
}

impl Body {
    /// Tells a single call from a batch.
    pub(crate) fn parse(text: &str) -> Result<Self, RpcError> {
        match Document::parse(text) {
            Ok(Document::Array(calls)) => Ok(Self::Batch(calls)),
            Ok(call @ Document::Object(_)) => Ok(Self::Single(call)),
            Ok(Document::Scalar(_)) => Err(RpcError::new(code::PARSE_ERROR, "Top-level object parse error")),
            Err(NotJson) => Err(RpcError::new(code::PARSE_ERROR, "Parse error")),
        }
    }

    /// All calls in it.
    pub(crate) fn calls(&self) -> &[Document] {
        match self {
            Self::Single(call) => std::slice::from_ref(call),
            Self::Batch(calls) => calls,
        }
    }
}

/// The method that a call names, before the call is read.
pub(crate) fn method_name(call: &Document) -> Option<&str> {
    match call.member("method") {
        Some(Document::Scalar(Value::String(name))) => Some(name),
        _ => None,
    }
}

/// Reads one call; the id comes back even when the rest is refused, so that the refusal can carry it.
pub(crate) fn read_call(document: Document) -> (Value, Result<Call, RpcError>) {
    let Document::Object(mut members) = document else {
        return (Value::Null, Err(invalid("Invalid Request object")));
    };
    let mut take = |name: &str| {
        let position = members.iter().position(|(known, _)| known == name)?;
        Some(members.remove(position).1)
    };
    let id = take("id").map(Document::into_value).unwrap_or_default();
    let method = match take("method").map(Document::into_value) {
        None | Some(Value::Null) => return (id, Err(invalid("Missing method"))),
        Some(Value::String(method)) => method,
        Some(_) => return (id, Err(invalid("Method must be a string"))),
    };
    let params = match take("params") {
        None | Some(Document::Scalar(Value::Null)) => Params::Positional(Vec::new()),
        Some(Document::Array(values)) => {
            Params::Positional(values.into_iter().map(Document::into_value).collect())
        }
        Some(Document::Object(members)) => {
            let pairs = members
                .into_iter()
                .map(|(name, member)| (name, member.into_value()));
            Params::Named(pairs.collect())
        }
        Some(Document::Scalar(_)) => return (id, Err(invalid("Params must be an array or object"))),
    };
    (id, Ok(Call { method, params }))
}

/// A reply, which always has exactly these three members.
#[derive(Debug, Serialize)]
pub(crate) struct Reply {
    result: Value,
    error: Option<RpcError>,
    id: Value,
}

impl Reply {
    pub(crate) fn new(id: Value, outcome: Outcome) -> Self {
        match outcome {
            Ok(result) => Self {
                result,
                error: None,
                id,
            },
            Err(error) => Self {
                result: Value::Null,
                error: Some(error),
                id,
            },
        }
    }

    /// The error's number.
    pub(crate) fn error_code(&self) -> Option<i32> {
        self.error.as_ref().map(|error| error.code)
    }
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(code::INVALID_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse_call(text: &str) -> (Value, Result<Call, RpcError>) {
        read_call(Document::parse(text).unwrap())
    }

    #[test]
    fn a_refused_call_names_the_reason_and_keeps_the_id() {
        let rows = [
            (r#"{"id":7}"#, code::INVALID_REQUEST, "Missing method"),
            (
                r#"{"id":7,"method":null}"#,
                code::INVALID_REQUEST,
                "Missing method",
            ),
            (
                r#"{"id":7,"method":3}"#,
                code::INVALID_REQUEST,
                "Method must be a string",
            ),
            (
                r#"{"id":7,"method":"echo","params":3}"#,
                code::INVALID_REQUEST,
                "Params must be an array or object",
            ),
            (
                r#"{"id":7,"method":"echo","params":"[]"}"#,
                code::INVALID_REQUEST,
                "Params must be an array or object",
            ),
        ];
        for (text, number, message) in rows {
            assert_eq!(
                parse_call(text),
                (json!(7), Err(RpcError::new(number, message))),
                "{text}"
            );
        }
        assert_eq!(
            parse_call("5"),
            (Value::Null, Err(invalid("Invalid Request object")))
        );
    }

    #[test]
    fn absent_and_null_params_are_an_empty_array() {
        for text in [
            r#"{"method":"a"}"#,
            r#"{"method":"a","params":null}"#,
            r#"{"method":"a","params":[]}"#,
        ] {
            assert_eq!(parse_call(text).1.unwrap().params, Params::Positional(Vec::new()));
        }
    }

    #[test]
    fn a_body_that_is_neither_object_nor_array_is_a_parse_error() {
        for text in ["1", "null", "\"x\"", "true"] {
            assert_eq!(
                Body::parse(text).unwrap_err().message,
                "Top-level object parse error"
            );
        }
        for text in ["", "{", "garbage", "{}{}"] {
            let expected = RpcError::new(code::PARSE_ERROR, "Parse error");
            assert_eq!(Body::parse(text).unwrap_err(), expected);
        }
    }

    proptest! {
        #[test]
        fn any_json_params_survive_the_envelope(numbers in proptest::collection::vec(any::<i64>(), 0..8), id: u32) {
            let text = json!({ "method": "echo", "params": numbers, "id": id }).to_string();
            let (read_id, call) = parse_call(&text);
            prop_assert_eq!(read_id, json!(id));
            let values = numbers.into_iter().map(Value::from).collect();
            prop_assert_eq!(call, Ok(Call { method: "echo".to_owned(), params: Params::Positional(values) }));
        }

        #[test]
        fn any_bytes_are_answered_not_feared(text in ".{0,80}") {
            if let Ok(document) = Document::parse(&text) {
                let _ = read_call(document);
            }
            let _ = Body::parse(&text);
        }
    }
}
