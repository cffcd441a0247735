//! The coins that can be spent: a store of them, a cache above it, and views of what a block would make of them.
//!
//! With the coins goes what their chain knows of the NEVM.
//!
//! A [`CoinsView`] stands on a [`CoinsCache`], which stands on a [`CoinsDatabase`]. Each keeps what it changes to itself
//! until it is told to hand it down.

mod cache;
mod database;
mod layer;
mod nevm;
mod table;
mod view;

use bitcoin::OutPoint;
use thiserror::Error;

pub use cache::CoinsCache;
pub use database::{CoinsDatabase, CoinsSnapshot};
pub use view::CoinsView;

/// Whether a coin may take the place of another that is not spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overwrite {
    /// There may be such a coin.
    Possible,
    /// The caller knows that there is none: the coin need not be looked up, nor written if it is spent soon.
    Never,
}

/// A coin that was to be new, in the place of one that is not spent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the coin {0} is there already")]
pub struct CoinExists(pub OutPoint);
