//! JSON-RPC as clients written for upstream speak it.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::{Connection, Response, post};

/// A client with one kept-alive connection.
#[derive(Debug)]
pub struct RpcClient {
    port: u16,
    authorization: String,
    connection: Option<Connection>,
}

/// An answer taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The method's result, or null.
    pub result: Value,
    /// Why there is no result.
    pub error: Option<Refusal>,
    /// The id of the request that this answers.
    pub id: Value,
}

/// The error of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// JSON-RPC's or the node's error code.
    pub code: i64,
    /// What is wrong.
    pub message: String,
}

impl RpcClient {
    /// A client of the server at `port`, with the value of its `Authorization` header.
    #[must_use]
    pub fn new(port: u16, authorization: String) -> Self {
        Self {
            port,
            authorization,
            connection: None,
        }
    }

    /// Calls a method and gives its result.
    ///
    /// # Errors
    /// When the server refuses, does not answer, or answers in another form than clients expect.
    pub fn call(&mut self, method: &str, params: Value) -> Result<Value> {
        let reply = self.request(method, params)?;
        ensure!(
            reply.status == 200 && reply.error.is_none(),
            "{method} failed: {reply:?}"
        );
        Ok(reply.result)
    }

    /// Calls a method and gives the whole answer.
    ///
    /// # Errors
    /// When the server does not answer, or answers in another form than clients expect.
    pub fn request(&mut self, method: &str, params: Value) -> Result<Reply> {
        let id = json!(format!("call of {method}"));
        let mut body = json!({"version": "1.1", "id": id, "method": method});
        body["params"] = params;
        let response = self.post("/", &body.to_string())?;
        let reply = Reply::parse(&response)?;
        ensure!(reply.id == id, "the answer is to another request: {reply:?}");
        Ok(reply)
    }

    /// Sends a body to `path` and gives the answer as it came.
    ///
    /// # Errors
    /// When the server does not answer.
    pub fn post(&mut self, path: &str, body: &str) -> Result<Response> {
        let request = post(path, Some(&self.authorization), body);
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.port)?,
        };
        let response = connection.exchange(&request)?;
        self.connection = Some(connection);
        Ok(response)
    }
}

impl Reply {
    /// Takes an answer apart.
    ///
    /// # Errors
    /// When it is not a JSON document with exactly result, error and id, of which one of the first two is null.
    pub fn parse(response: &Response) -> Result<Self> {
        let content_type = response.header("content-type");
        ensure!(
            content_type == Some("application/json"),
            "content type {content_type:?} of {response:?}"
        );
        ensure!(
            response.body.ends_with('\n'),
            "no line feed at the end of {:?}",
            response.body
        );
        Self::from_document(response.status, &serde_json::from_str(&response.body)?)
    }

    /// Takes one document of an answer apart, which came with this status.
    ///
    /// # Errors
    /// As [`Reply::parse`].
    pub fn from_document(status: u16, document: &Value) -> Result<Self> {
        let object = document
            .as_object()
            .with_context(|| format!("not an object: {document}"))?;
        let keys: Vec<&str> = object.keys().map(String::as_str).collect();
        ensure!(keys == ["result", "error", "id"], "unexpected keys in {document}");
        let error = match &object["error"] {
            Value::Null => None,
            error => Some(Refusal {
                code: error["code"]
                    .as_i64()
                    .with_context(|| format!("no code in {document}"))?,
                message: error["message"]
                    .as_str()
                    .with_context(|| format!("no message in {document}"))?
                    .to_owned(),
            }),
        };
        ensure!(
            error.is_none() || object["result"].is_null(),
            "both result and error in {document}"
        );
        Ok(Self {
            status,
            result: object["result"].clone(),
            error,
            id: object["id"].clone(),
        })
    }

    /// HTTP status, error code and message of a refusal.
    ///
    /// # Errors
    /// When it is a success.
    pub fn refusal(&self) -> Result<(u16, i64, &str)> {
        let error = self
            .error
            .as_ref()
            .with_context(|| format!("expected an error, got {self:?}"))?;
        Ok((self.status, error.code, &error.message))
    }
}
