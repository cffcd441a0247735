//! Transactions that no block has yet: which ones a node keeps, and which ones a miner should take.
//!
//! Owns policy, the pool with its orders, acceptance, fee estimation and the formats of `mempool.dat` and
//! `fee_estimates.dat`. Opens no file, asks no clock and has no thread: callers pass readers, writers and the time, and
//! what is to be known of the chain is asked through [`ChainView`].

pub mod accept;
mod bump;
mod config;
mod dump;
pub mod estimator;
mod event;
mod fee_rate;
mod mining;
pub mod policy;
mod pool;
mod reorg;
mod view;

pub use config::{Config, Limits};
pub use dump::{Dump, DumpError, DumpedTransaction};
pub use event::{Event, EventKind, RemovalReason};
pub use fee_rate::FeeRate;
pub use mining::{Selected, SelectionLimits};
pub use pool::{Entry, Mempool, Prioritised, Totals};
pub use reorg::{DisconnectedTransactions, Fate};
pub use view::{ChainReadError, ChainView, Tip};
