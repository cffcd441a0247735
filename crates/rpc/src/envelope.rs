//! The JSON-RPC 1.0 envelope: from a call's text to a [`Call`], from an outcome to a reply.

use serde::Serialize;
use serde_json::Value;

use crate::document::{Document, NotJson};
use crate::error::{RpcError, code};
use crate::method::Outcome;
use crate::param::{type_name, wrong_type};

/// From how many bytes on a text is looked at as a whole.
const LONG_TEXT: usize = 1024;

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
///
/// # Errors
/// It names none, with upstream's number and text for that in a batch.
pub(crate) fn method_name(call: &Document) -> Result<&str, RpcError> {
    if !matches!(call, Document::Object(_)) {
        return Err(invalid("Invalid Request object"));
    }
    let found = match call.member("method") {
        Some(Document::Scalar(Value::String(name))) => return Ok(name),
        Some(Document::Scalar(other)) => type_name(other),
        Some(Document::Array(_)) => "array",
        Some(Document::Object(_)) => "object",
        None => "null",
    };
    Err(RpcError::new(code::PARSE_ERROR, wrong_type(found, "string")))
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

    /// The reply as JSON if its result is a long text that is written as it is, such as a block's digits. That is a
    /// look at the text and a copy of it, where the JSON library writes letter by letter.
    pub(crate) fn with_long_text(&self) -> Option<String> {
        let Self {
            result: Value::String(text),
            error: None,
            id,
        } = self
        else {
            return None;
        };
        if text.len() < LONG_TEXT || !is_plain(text) {
            return None;
        }
        let (before, between) = ("{\"result\":\"", "\",\"error\":null,\"id\":");
        let id = id.to_string();
        let mut json = String::with_capacity(before.len() + text.len() + between.len() + id.len() + 2);
        for part in [before, text, between, &id, "}"] {
            json.push_str(part);
        }
        Some(json)
    }

    /// The error's number.
    pub(crate) fn error_code(&self) -> Option<i32> {
        self.error.as_ref().map(|error| error.code)
    }
}

/// Whether no letter of a text is written in another way in JSON.
fn is_plain(text: &str) -> bool {
    // Without a way out in the middle of a piece, so that the compiler takes many bytes at a time.
    let is_plain = |piece: &[u8]| {
        piece.iter().fold(true, |is_plain, byte| {
            is_plain & (*byte >= b' ') & (*byte != b'"') & (*byte != b'\\')
        })
    };
    text.as_bytes().chunks(64).all(is_plain)
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

    #[test]
    fn short_texts_numbers_and_errors_are_left_to_the_json_library() {
        let error = || RpcError::misc("x".repeat(LONG_TEXT));
        for outcome in [Ok("abc".into()), Ok(json!(7)), Ok(json!(["a"])), Err(error())] {
            assert_eq!(Reply::new(json!(1), outcome).with_long_text(), None);
        }
    }

    proptest! {
        #[test]
        fn long_texts_are_written_as_by_the_json_library(text in ".{0,4}", place in 0..LONG_TEXT, id in ".{0,4}") {
            let (begin, end) = ("a".repeat(place), "ä".repeat(LONG_TEXT));
            let reply = Reply::new(json!(id), Ok(format!("{begin}{text}{end}").into()));
            let expected = serde_json::to_string(&reply).unwrap();
            match reply.with_long_text() {
                Some(json) => prop_assert_eq!(json, expected),
                None => prop_assert!(text.contains(['"', '\\']) || text.contains(|letter| letter < ' ')),
            }
        }

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
