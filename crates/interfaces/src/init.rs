//! The interface that all others are made from.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{Chain, Echo, InterfaceError, LocalEcho, Mining, Node, Rpc, WalletLoader};

/// Makes the other interfaces. Each process offers one; an executable is what its `Init` composes.
///
/// An object lives until the last reference to it is dropped. Dropping never blocks, also where the object lives in
/// another process.
#[async_trait]
pub trait Init: Send + Sync {
    /// Makes an [`Echo`] of the caller's own.
    ///
    /// # Errors
    /// [`InterfaceError::Spawn`] where the object needs a process that cannot be started, and whatever a remote call
    /// can fail with.
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError>;

    /// Makes a [`Mining`] of the caller's own.
    ///
    /// # Errors
    /// [`InterfaceError::Unsupported`] where the process has no chain, [`InterfaceError::NotAllowed`] where the
    /// connection may not mine, and those of [`make_echo`](Self::make_echo).
    async fn make_mining(&self) -> Result<Arc<dyn Mining>, InterfaceError> {
        Err(InterfaceError::unsupported("Init.makeMining"))
    }

    /// Makes an [`Rpc`] of the caller's own.
    ///
    /// # Errors
    /// [`InterfaceError::Unsupported`] where the process has no RPC methods, [`InterfaceError::NotAllowed`] where the
    /// connection may not call them, and those of [`make_echo`](Self::make_echo).
    async fn make_rpc(&self) -> Result<Arc<dyn Rpc>, InterfaceError> {
        Err(InterfaceError::unsupported("Init.makeRpc"))
    }

    /// Makes a [`Chain`] of the caller's own.
    ///
    /// # Errors
    /// [`InterfaceError::Unsupported`] where the process has no chain, [`InterfaceError::NotAllowed`] where the
    /// connection may not have it, and those of [`make_echo`](Self::make_echo).
    async fn make_chain(&self) -> Result<Arc<dyn Chain>, InterfaceError> {
        Err(InterfaceError::unsupported("Init.makeChain"))
    }

    /// Makes a [`Node`] of the caller's own, whose life the caller is in charge of.
    ///
    /// # Errors
    /// [`InterfaceError::Unsupported`] where the process is no node, [`InterfaceError::NotAllowed`] where the
    /// connection may not have it, and those of [`make_echo`](Self::make_echo).
    async fn make_node(&self) -> Result<Arc<dyn Node>, InterfaceError> {
        Err(InterfaceError::unsupported("Init.makeNode"))
    }

    /// Makes a [`WalletLoader`] of the caller's own, whose wallets follow `chain`.
    ///
    /// # Errors
    /// [`InterfaceError::Unsupported`] where the process has no wallets, [`InterfaceError::NotAllowed`] where the
    /// connection may not have them, and those of [`make_echo`](Self::make_echo).
    async fn make_wallet_loader(
        &self,
        chain: Arc<dyn Chain>,
    ) -> Result<Arc<dyn WalletLoader>, InterfaceError> {
        drop(chain);
        Err(InterfaceError::unsupported("Init.makeWalletLoader"))
    }
}

/// The [`Init`] whose objects all live in the caller's own process.
#[derive(Debug, Default, Clone, Copy)]
pub struct LocalInit;

#[async_trait]
impl Init for LocalInit {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(LocalEcho))
    }
}
