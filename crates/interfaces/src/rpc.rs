//! The node's RPC methods, for callers that do not come through HTTP, and methods that other processes add to them.

use async_trait::async_trait;
pub use serde_json::Value as Json;

use crate::InterfaceError;

/// JSON text of requests and answers, which logs do not show: passphrases and keys are among what RPC methods are told
/// and tell.
pub type RpcText = String;

/// Runs requests of JSON-RPC, as the node's HTTP server does.
#[async_trait]
pub trait Rpc: Send + Sync {
    /// Runs `request`, the JSON text of one request or of a batch, and returns the JSON text of what HTTP would answer
    /// with; a batch of notifications is answered with an empty text.
    ///
    /// `uri` is the path that the request would have been sent to: `/`, or `/wallet/NAME`. `user` is who the caller
    /// says that it is. What the caller may do follows from the connection that the call came by, never from `user`.
    ///
    /// # Errors
    /// None for a request that fails: the answer says so. [`InterfaceError::NotAllowed`] where the connection may not
    /// call RPC methods, and whatever a remote call can fail with.
    async fn execute_rpc(
        &self,
        request: RpcText,
        uri: String,
        user: String,
    ) -> Result<RpcText, InterfaceError>;
}

/// A method that a process adds to the node's, as the wallet's process adds its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RpcCommand {
    /// The heading that `help` lists it below.
    pub category: String,
    /// The method's name.
    pub name: String,
    /// The names of its parameters in their order; alternatives are parted by `|`.
    pub parameters: Vec<String>,
}

/// One call of such a method.
#[derive(Debug, Clone, PartialEq)]
pub struct RpcRequest {
    /// The method's name.
    pub method: String,
    /// An array, or an object of named parameters.
    pub parameters: Json,
    /// The path that the request was sent to.
    pub uri: String,
    /// Who made the request, as the node has established it.
    pub user: String,
    /// Whether the method's help is asked for instead of its work: the result is a text then.
    pub help: bool,
}

/// The error that a method answers with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct RpcFailure {
    /// The code, as in JSON-RPC and Bitcoin Core: -32601 for a method that does not exist, say.
    pub code: i32,
    /// What went wrong, for people.
    pub message: String,
}

/// What runs a method that was added.
#[async_trait]
pub trait RpcMethod: Send + Sync {
    /// Runs the method, and returns its result or the error to answer with.
    ///
    /// # Errors
    /// Whatever a remote call can fail with.
    async fn call(&self, request: RpcRequest) -> Result<Result<Json, RpcFailure>, InterfaceError>;
}
