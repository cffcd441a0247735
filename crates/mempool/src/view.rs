//! What the pool asks the chain.

use bitcoin::{OutPoint, Wtxid};
use consensus::nevm::{NevmHash, NevmRoots};
use consensus::params::Params;
use consensus::transaction::Coin;
use thiserror::Error;

/// The chain could not be read.
#[derive(Debug, Error)]
#[error("the chain cannot be read: {0}")]
pub struct ChainReadError(#[source] pub Box<dyn std::error::Error + Send + Sync>);

/// The last block of the active chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its height.
    pub height: u32,
    /// The median time past, in seconds since 1970.
    pub median_time_past: u32,
}

/// The active chain, which must not change while the pool asks.
pub trait ChainView {
    /// A coin that is not spent by the chain.
    ///
    /// # Errors
    /// [`ChainReadError`] if reading fails.
    fn coin(&self, outpoint: &OutPoint) -> Result<Option<Coin>, ChainReadError>;

    /// What a block of the NEVM holds, if a block of the chain commits to it.
    ///
    /// # Errors
    /// [`ChainReadError`] if reading fails.
    fn nevm_roots(&self, block: &NevmHash) -> Result<Option<NevmRoots>, ChainReadError>;

    /// Whether a transaction of the NEVM made tokens in the chain.
    ///
    /// # Errors
    /// [`ChainReadError`] if reading fails.
    fn is_minted(&self, transaction: &NevmHash) -> Result<bool, ChainReadError>;

    /// The chain's rules.
    fn params(&self) -> &Params;

    /// The last block.
    fn tip(&self) -> Tip;

    /// Hears that the scripts of all inputs of a transaction allow what it spends by all rules of blocks
    /// ([`ScriptFlags::MANDATORY`](consensus::script::ScriptFlags::MANDATORY)), as their library says. A block with the
    /// transaction need not run them again.
    fn scripts_verified(&self, wtxid: Wtxid);

    /// The median time past of the block of a height, in seconds since 1970.
    fn median_time_past(&self, height: u32) -> u32;
}
