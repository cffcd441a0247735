//! The node's RPC methods, for callers that do not come through HTTP.

use async_trait::async_trait;

use crate::InterfaceError;

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
    async fn execute_rpc(&self, request: String, uri: String, user: String)
    -> Result<String, InterfaceError>;
}
