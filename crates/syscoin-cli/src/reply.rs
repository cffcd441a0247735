//! What the node answered, and how it is shown.

use app::json_text::pretty;
use serde_json::{Map, Value};

use crate::error::CliError;

/// Code of an error that -rpcwait waits through.
const IN_WARMUP: i64 = -28;
const INVALID_PARAMETER: i64 = -8;
const WALLET_NOT_SPECIFIED: i64 = -19;

/// One reply: a result, or an error that is not null.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reply {
    pub(crate) result: Value,
    pub(crate) error: Value,
}

/// What a run ends with.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// For standard output.
    Success { text: String },
    /// For standard error, with the process's exit status before the system cuts it down.
    Failure { text: String, status: u64 },
}

impl Reply {
    /// Reads the reply to a single request.
    pub(crate) fn from_value(value: Value) -> Result<Self, CliError> {
        match value {
            Value::Object(members) => Self::from_members(members),
            _ => Err(CliError::NotAReply),
        }
    }

    /// Reads the replies to a batch whose ids are 0, 1, 2, …, in that order, whatever order they came in.
    pub(crate) fn batch(value: Value, count: usize) -> Result<Vec<Self>, CliError> {
        // A server that refuses the whole batch answers with one error.
        if value.is_object() {
            let refusal = Self::from_value(value)?;
            return Ok(vec![refusal; count]);
        }
        let Value::Array(values) = value else {
            return Err(CliError::NotABatch);
        };
        let mut replies: Vec<Option<Self>> = vec![None; count];
        for value in values {
            let id = value
                .get("id")
                .and_then(Value::as_u64)
                .and_then(|id| usize::try_from(id).ok());
            let slot = id.and_then(|id| replies.get_mut(id)).ok_or(CliError::NotABatch)?;
            *slot = Some(Self::from_value(value)?);
        }
        replies
            .into_iter()
            .collect::<Option<Vec<Self>>>()
            .ok_or(CliError::NotABatch)
    }

    fn from_members(mut members: Map<String, Value>) -> Result<Self, CliError> {
        if members.is_empty() {
            return Err(CliError::NotAReply);
        }
        let mut take = |name| members.remove(name).unwrap_or(Value::Null);
        Ok(Self {
            result: take("result"),
            error: take("error"),
        })
    }

    /// A reply of our own making.
    pub(crate) fn success(result: Value) -> Self {
        Self {
            result,
            error: Value::Null,
        }
    }

    /// What the node says of a parameter that it cannot take.
    pub(crate) fn invalid_parameter(message: &str) -> Self {
        Self {
            result: Value::Null,
            error: serde_json::json!({ "code": INVALID_PARAMETER, "message": message }),
        }
    }

    pub(crate) fn is_error(&self) -> bool {
        !self.error.is_null()
    }

    /// Whether the node is still starting.
    pub(crate) fn is_warmup(&self) -> bool {
        self.error_code() == Some(IN_WARMUP)
    }

    fn error_code(&self) -> Option<i64> {
        self.error.get("code").and_then(Value::as_i64)
    }

    /// The reply as a user sees it.
    pub(crate) fn outcome(&self) -> Outcome {
        if !self.is_error() {
            return Outcome::Success {
                text: render(&self.result),
            };
        }
        let status = self.error_code().map_or(1, i64::unsigned_abs);
        Outcome::Failure {
            text: self.error_text(),
            status,
        }
    }

    fn error_text(&self) -> String {
        let Value::Object(error) = &self.error else {
            return format!("error: {}", self.error);
        };
        let mut text = String::new();
        if let Some(code) = error.get("code").filter(|code| !code.is_null()) {
            text.push_str(&format!("error code: {}\n", plain(code)));
        }
        if let Some(message) = error.get("message").and_then(Value::as_str) {
            text.push_str(&format!("error message:\n{message}"));
        }
        if self.error_code() == Some(WALLET_NOT_SPECIFIED) {
            text.push_str("\nTry adding \"-rpcwallet=<filename>\" option to syscoin-cli command line.");
        }
        text
    }
}

/// A request, or a member of a batch.
pub(crate) fn request(method: &str, params: Value, id: usize) -> Value {
    let members = [("method", method.into()), ("params", params), ("id", id.into())];
    Value::Object(
        members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

/// A text as it stands, and everything else as it stands in JSON.
pub(crate) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// Strings raw, nothing for null, objects and arrays over several lines.
pub(crate) fn render(value: &Value) -> String {
    match value {
        Value::Array(_) | Value::Object(_) => pretty(value, 2),
        other => plain(other),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};
    use serde_json::json;

    use super::*;

    fn check(body: &str, expected: &Expect) {
        let reply = Reply::from_value(serde_json::from_str(body).unwrap()).unwrap();
        let shown = match reply.outcome() {
            Outcome::Success { text } => text,
            Outcome::Failure { text, status } => format!("{text}\nstatus {status}"),
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn results_are_shown_as_scripts_expect() {
        check(
            r#"{"result":"raw \"text\" ₿","error":null,"id":1}"#,
            &expect![[r#"raw "text" ₿"#]],
        );
        check(r#"{"result":null,"error":null,"id":1}"#, &expect![[""]]);
        check(r#"{"result":true,"error":null,"id":1}"#, &expect![["true"]]);
        check(
            r#"{"result":0.10000000,"error":null,"id":1}"#,
            &expect![["0.10000000"]],
        );
        check(
            r#"{"result":{"z":1.50,"a":[],"o":{},"l":[1,"x",[null]]},"error":null,"id":1}"#,
            &expect![[r#"
                {
                  "z": 1.50,
                  "a": [
                  ],
                  "o": {
                  },
                  "l": [
                    1,
                    "x",
                    [
                      null
                    ]
                  ]
                }"#]],
        );
    }

    #[test]
    fn errors_are_shown_with_their_code() {
        check(
            r#"{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}"#,
            &expect![[r#"
                error code: -32601
                error message:
                Method not found
                status 32601"#]],
        );
        check(
            r#"{"result":null,"error":{"code":-19,"message":"Wallet file not specified"},"id":1}"#,
            &expect![[r#"
                error code: -19
                error message:
                Wallet file not specified
                Try adding "-rpcwallet=<filename>" option to syscoin-cli command line.
                status 19"#]],
        );
        check(
            r#"{"result":null,"error":"odd","id":1}"#,
            &expect![[r#"
                error: "odd"
                status 1"#]],
        );
    }

    #[test]
    fn batches_are_put_in_order() {
        let body = json!([{"result": "b", "error": null, "id": 1}, {"result": "a", "error": null, "id": 0}]);
        let replies = Reply::batch(body, 2).unwrap();
        assert_eq!(replies, [Reply::success("a".into()), Reply::success("b".into())]);
        for wrong in [
            json!(1),
            json!([]),
            json!([{"id": 2, "result": 1}]),
            json!([{"result": 1}, {"id": 0}]),
        ] {
            assert!(Reply::batch(wrong.clone(), 2).is_err(), "{wrong}");
        }
    }
}
