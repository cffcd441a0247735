//! What a wallet tells its user interface.

use async_trait::async_trait;
use bitcoin::Txid;

use super::AddressEntry;
use crate::InterfaceError;

/// Hears of what happens in a wallet, one event at a time. An error ends the subscription.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with.
#[async_trait]
pub trait WalletEvents: Send + Sync {
    /// The wallet is about to go. References to it should be dropped.
    async fn unload(&self) -> Result<(), InterfaceError>;

    /// `title` is `percent` done, from 0 to 100, which ends it.
    async fn show_progress(&self, title: String, percent: u8) -> Result<(), InterfaceError>;

    /// The wallet was locked, unlocked or encrypted.
    async fn status_changed(&self) -> Result<(), InterfaceError>;

    /// An address in the book.
    async fn address_book_changed(
        &self,
        entry: AddressEntry,
        change: ChangeKind,
    ) -> Result<(), InterfaceError>;

    /// A transaction of the wallet.
    async fn transaction_changed(&self, txid: Txid, change: ChangeKind) -> Result<(), InterfaceError>;

    /// [`can_get_addresses`](super::Wallet::can_get_addresses) may have changed.
    async fn can_get_addresses_changed(&self) -> Result<(), InterfaceError>;
}

/// What happened to something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeKind {
    /// It is new.
    New,
    /// It has changed.
    Updated,
    /// It is gone.
    Deleted,
}
