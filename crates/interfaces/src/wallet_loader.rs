//! What a node and a user interface ask of a wallet process.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use crate::{Handler, InterfaceError, Refusal, Secret, Wallet};

/// A process's wallets: its life as a client of a chain, and the wallets by name.
///
/// A name is a path below the directory of wallets, in the words of `loadwallet`; the empty one is the default wallet.
///
/// # Errors
/// Each method fails with whatever a remote call can fail with.
#[async_trait]
pub trait WalletLoader: Send + Sync {
    /// Adds the wallet's RPC methods to the node's.
    async fn register_rpcs(&self) -> Result<(), InterfaceError>;

    /// Checks the directory, and the wallets that are to be loaded.
    async fn verify(&self) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Loads the wallets that the settings name.
    async fn load(&self) -> Result<Result<(), Refusal>, InterfaceError>;

    /// Starts what is done now and then.
    async fn start(&self) -> Result<(), InterfaceError>;

    /// Puts everything on disk.
    async fn flush(&self) -> Result<(), InterfaceError>;

    /// Unloads all wallets. Nothing but dropping follows.
    async fn stop(&self) -> Result<(), InterfaceError>;

    /// Makes a wallet, and loads it. An empty passphrase leaves it without encryption.
    async fn create_wallet(
        &self,
        name: String,
        passphrase: Secret,
        flags: WalletFlags,
    ) -> Result<Result<LoadedWallet, Refusal>, InterfaceError>;

    /// Loads a wallet, also at later starts.
    async fn load_wallet(&self, name: String) -> Result<Result<LoadedWallet, Refusal>, InterfaceError>;

    /// Makes a wallet from the backup at `path`, on the machine that the wallets are on, and loads it.
    async fn restore_wallet(
        &self,
        path: String,
        name: String,
    ) -> Result<Result<LoadedWallet, Refusal>, InterfaceError>;

    /// The directory of wallets, as an absolute path.
    async fn get_wallet_dir(&self) -> Result<String, InterfaceError>;

    /// The wallets in it, loaded or not.
    async fn list_wallet_dir(&self) -> Result<Vec<WalletFile>, InterfaceError>;

    /// The wallets that are loaded.
    async fn get_wallets(&self) -> Result<Vec<Arc<dyn Wallet>>, InterfaceError>;

    /// Tells `listener` of each wallet that is loaded from now on, whoever asked for it, until the handler is dropped.
    async fn handle_load_wallet(
        &self,
        listener: Arc<dyn LoadWalletListener>,
    ) -> Result<Arc<dyn Handler>, InterfaceError>;
}

/// Hears of wallets that are loaded.
#[async_trait]
pub trait LoadWalletListener: Send + Sync {
    /// `wallet` is loaded.
    ///
    /// # Errors
    /// Whatever a remote call can fail with. An error ends the subscription.
    async fn wallet_loaded(&self, wallet: Arc<dyn Wallet>) -> Result<(), InterfaceError>;
}

/// A wallet that was loaded, and what people should know about it.
pub struct LoadedWallet {
    /// The wallet.
    pub wallet: Arc<dyn Wallet>,
    /// Sentences. Empty where all is well.
    pub warnings: Vec<String>,
}

impl fmt::Debug for LoadedWallet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("LoadedWallet")
            .field("warnings", &self.warnings)
            .finish_non_exhaustive()
    }
}

/// A wallet in the directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalletFile {
    /// Its name.
    pub name: String,
    /// The database's format: `sqlite`, or `bdb`, which cannot be loaded.
    pub format: String,
}

/// What a new wallet is like. The default is the usual one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WalletFlags {
    /// It has no private keys, and never will.
    pub disable_private_keys: bool,
    /// It has no keys yet.
    pub blank: bool,
    /// It does not spend from addresses that were used before together with others.
    pub avoid_reuse: bool,
    /// Its private keys are on an external signer.
    pub external_signer: bool,
}
