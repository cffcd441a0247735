//! The interfaces at which processes meet: object-safe async traits over owned data.
//!
//! Owns the traits, what their calls can fail with, and the implementations that need no process of their own.
//! Knows nothing of sockets, schemas or processes: a caller holds a `dyn` trait and cannot tell a local object from a
//! remote one. Nothing here does I/O.

mod block;
mod chain;
mod echo;
mod error;
mod fee;
mod handler;
mod init;
mod mining;
mod node;
mod refusal;
mod rpc;
mod secret;
#[cfg(feature = "test-suite")]
pub mod suite;
mod time;
mod wallet;
mod wallet_loader;

pub use block::BlockRef;
pub use chain::{
    BlockFilterKind, BlockInfo, BlockLocator, BlockParts, BroadcastMethod, Chain, ChainRole, Coin,
    CommonAncestor, FoundBlock, Notifications, PackageLimits, RbfState, RemovalReason, TransactionAncestry,
};
pub use echo::{Echo, LocalEcho};
pub use error::{Disconnection, InterfaceError};
pub use fee::{FeeEstimate, FeeEstimateMode, FeeRate, FeeReason};
pub use handler::Handler;
pub use init::{Init, LocalInit};
pub use mining::{
    BlockCheckOptions, BlockCreateOptions, BlockTemplate, BlockVerdict, BlockWaitOptions, CoinbaseTx, Mining,
};
pub use node::{
    Ban, BlockTip, ConnectionDirection, EventListener, LocalAddress, LogCategory, MessageStyle, Network,
    NetworkProxy, Node, NodeEvent, NodeEvents, PeerStats, StartedAt, SynchronizationState,
};
pub use refusal::Refusal;
pub use rpc::{Json, Rpc, RpcCommand, RpcFailure, RpcMethod, RpcRequest, RpcText};
pub use secret::Secret;
pub use time::UnixTime;
pub use wallet::{
    AddressEntry, AddressPurpose, BalancesAt, BumpTransaction, ChangeKind, CoinControl, Comment,
    CreatedTransaction, FilledPsbt, MinimumFee, OutputKind, OutputView, PsbtOptions, Recipient,
    SelectedInput, TxStatusAt, Wallet, WalletBalances, WalletCoin, WalletEvents, WalletTx, WalletTxDetails,
    WalletTxOut, WalletTxStatus,
};
pub use wallet_loader::{LoadWalletListener, LoadedWallet, WalletFile, WalletFlags, WalletLoader};
