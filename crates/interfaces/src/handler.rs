//! The end of a subscription.

use async_trait::async_trait;

use crate::InterfaceError;

/// Something that is called back until this is disconnected or dropped.
#[async_trait]
pub trait Handler: Send + Sync {
    /// Ends the callbacks: when it returns, none is under way and none follows. A second time it does nothing.
    ///
    /// Dropping the handler ends them too, without waiting for one that is under way.
    ///
    /// # Errors
    /// Whatever a remote call can fail with.
    async fn disconnect(&self) -> Result<(), InterfaceError>;
}
