//! The JSON-RPC 1.0 envelope: from a call's text to a [`Call`], from an outcome to a reply.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::document::Document;
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
pub(crate) enum Body<'a> {
    Single(&'a str),
    Batch(Vec<&'a RawValue>),
}

impl<'a> Body<'a> {
    /// Tells a single call from a batch.
    pub(crate) fn parse(text: &'a str) -> Result<Self, RpcError> {
        match Document::parse(text).map_err(|_| parse_error())? {
            Document::Object(_) => Ok(Self::Single(text)),
            Document::Array(calls) => Ok(Self::Batch(calls)),
            Document::Null | Document::Scalar => {
                Err(RpcError::new(code::PARSE_ERROR, "Top-level object parse error"))
            }
        }
    }
}

/// Reads one call; the id comes back even when the rest is refused, so that the refusal can carry it.
pub(crate) fn parse_call(text: &str) -> (Value, Result<Call, RpcError>) {
    let members = match Document::parse(text) {
        Ok(Document::Object(members)) => members,
        Ok(_) => return (Value::Null, Err(invalid("Invalid Request object"))),
        Err(_) => return (Value::Null, Err(parse_error())),
    };
    let id = match members.find("id").map(value).transpose() {
        Ok(id) => id.unwrap_or(Value::Null),
        Err(error) => return (Value::Null, Err(error)),
    };
    let call = (|| {
        let method = match members.find("method").map(value).transpose()? {
            None | Some(Value::Null) => return Err(invalid("Missing method")),
            Some(Value::String(method)) => method,
            Some(_) => return Err(invalid("Method must be a string")),
        };
        let params = match members.find("params") {
            None => Params::Positional(Vec::new()),
            Some(params) => parse_params(params.get())?,
        };
        Ok(Call { method, params })
    })();
    (id, call)
}

fn parse_params(text: &str) -> Result<Params, RpcError> {
    match Document::parse(text).map_err(|_| parse_error())? {
        Document::Null => Ok(Params::Positional(Vec::new())),
        Document::Array(elements) => elements
            .into_iter()
            .map(value)
            .collect::<Result<_, _>>()
            .map(Params::Positional),
        Document::Object(members) => {
            let pairs = members.0.into_iter().map(|(name, text)| Ok((name, value(text)?)));
            pairs.collect::<Result<_, _>>().map(Params::Named)
        }
        Document::Scalar => Err(invalid("Params must be an array or object")),
    }
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

fn value(text: &RawValue) -> Result<Value, RpcError> {
    serde_json::from_str(text.get()).map_err(|_| parse_error())
}

fn parse_error() -> RpcError {
    RpcError::new(code::PARSE_ERROR, "Parse error")
}

fn invalid(message: &str) -> RpcError {
    RpcError::new(code::INVALID_REQUEST, message)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_refused_call_names_the_reason_and_keeps_the_id() {
        let deep = format!(
            r#"{{"id":7,"method":"echo","params":{}{}}}"#,
            "[".repeat(5000),
            "]".repeat(5000)
        );
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
            (deep.as_str(), code::PARSE_ERROR, "Parse error"),
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
            assert_eq!(Body::parse(text).unwrap_err(), parse_error());
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
            let _ = parse_call(&text);
            let _ = Body::parse(&text);
        }
    }
}
