//! What is not there yet when those are made that will need it.

use std::sync::{Arc, OnceLock};

use rpc::{RpcError, code};

/// A value that is set once, while the node starts. Clones share it.
#[derive(Debug)]
pub(crate) struct Later<T>(Arc<OnceLock<T>>);

impl<T> Clone for Later<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Default for Later<T> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<T> Later<T> {
    /// Sets the value, unless it is set already.
    pub(crate) fn set(&self, value: T) {
        // Only one place starts the node.
        _ = self.0.set(value);
    }

    /// The value.
    ///
    /// # Errors
    /// The node is still starting.
    pub(crate) fn get(&self) -> Result<&T, RpcError> {
        self.0
            .get()
            .ok_or_else(|| RpcError::new(code::IN_WARMUP, "Loading block index…"))
    }
}
