//! The smallest interface, which shows that a call arrives and comes back.

use async_trait::async_trait;

use crate::InterfaceError;

/// Gives back what it is given.
#[async_trait]
pub trait Echo: Send + Sync {
    /// Returns `text` unchanged, whatever it holds.
    ///
    /// # Errors
    /// The object is remote and its process is gone.
    async fn echo(&self, text: String) -> Result<String, InterfaceError>;
}

/// The implementation of [`Echo`] in the caller's own process.
#[derive(Debug, Default, Clone, Copy)]
pub struct LocalEcho;

#[async_trait]
impl Echo for LocalEcho {
    async fn echo(&self, text: String) -> Result<String, InterfaceError> {
        Ok(text)
    }
}
