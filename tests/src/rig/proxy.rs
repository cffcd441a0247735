//! JSON-RPC over HTTP as the client library does that rigs have used from the beginning.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Answer;
use crate::{Connection, Reply, Response, basic};

/// A client with one connection, which is opened anew when the server has closed it meanwhile.
#[derive(Debug)]
pub(crate) struct Proxy {
    port: u16,
    authorization: String,
    connection: Option<Connection>,
    calls: u64,
}

impl Proxy {
    /// A client with these credentials.
    pub(crate) fn new(port: u16, credentials: &str) -> Self {
        Self {
            port,
            authorization: basic(credentials),
            connection: None,
            calls: 0,
        }
    }

    /// Calls a method.
    pub(crate) fn call(&mut self, method: &str, params: &Value) -> Result<Answer> {
        let request = self.request(method, params);
        let response = self.post(&request.to_string())?;
        let reply = Reply::parse(&response)?;
        check(&request, &reply)?;
        Ok(match reply.error {
            Some(error) => Err(error),
            None => Ok(reply.result),
        })
    }

    /// Calls several methods at once, and gives the answers in the order of the calls.
    pub(crate) fn batch(&mut self, calls: &[(&str, Value)]) -> Result<Vec<Answer>> {
        let requests: Vec<Value> = calls
            .iter()
            .map(|(method, params)| self.request(method, params))
            .collect();
        let response = self.post(&Value::from(requests.clone()).to_string())?;
        ensure!(
            response.status == 200,
            "a batch has failed as a whole: {response:?}"
        );
        let documents: Value = serde_json::from_str(&response.body)?;
        let documents = documents.as_array().context("no list of answers")?;
        ensure!(
            documents.len() == requests.len(),
            "{} answers to {} calls",
            documents.len(),
            requests.len()
        );
        let answers = requests.iter().zip(documents).map(|(request, document)| {
            let reply = Reply::from_document(200, document)?;
            ensure!(reply.id == request["id"], "{reply:?} answers {request}");
            Ok(match reply.error {
                Some(error) => Err(error),
                None => Ok(reply.result),
            })
        });
        answers.collect()
    }

    fn request(&mut self, method: &str, params: &Value) -> Value {
        self.calls += 1;
        json!({ "version": "1.1", "method": method, "params": params, "id": self.calls })
    }

    fn post(&mut self, body: &str) -> Result<Response> {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: identity\r\nUser-Agent: AuthServiceProxy/0.1\r\n\
             Authorization: {}\r\nContent-type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.authorization,
            body.len()
        );
        if let Some(mut connection) = self.connection.take()
            && let Ok(response) = connection.exchange(request.as_bytes())
        {
            self.connection = Some(connection);
            return Ok(response);
        }
        let mut connection = Connection::open(self.port)?;
        let response = connection.exchange(request.as_bytes())?;
        self.connection = Some(connection);
        Ok(response)
    }
}

/// The status goes with the error, and the answer with the request.
fn check(request: &Value, reply: &Reply) -> Result<()> {
    let status = match reply.error.as_ref().map(|error| error.code) {
        None => 200,
        Some(-32600) => 400,
        Some(-32601) => 404,
        Some(_) => 500,
    };
    ensure!(reply.status == status, "status {} of {reply:?}", reply.status);
    ensure!(reply.id == request["id"], "{reply:?} answers {request}");
    Ok(())
}
