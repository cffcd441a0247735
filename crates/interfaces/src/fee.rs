//! Fees by size, and how they were come by.

/// Satoshis for 1,000 virtual bytes, the unit of the node's options and of its estimates.
///
/// It is a type of its own because crate `bitcoin` counts satoshis for 1,000 weight units, which cannot hold one
/// satoshi for 1,000 virtual bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FeeRate(u64);

impl FeeRate {
    /// `satoshis` for each 1,000 virtual bytes.
    #[must_use]
    pub const fn from_sat_per_kvb(satoshis: u64) -> Self {
        Self(satoshis)
    }

    /// Satoshis for each 1,000 virtual bytes.
    #[must_use]
    pub const fn sat_per_kvb(self) -> u64 {
        self.0
    }
}

/// How careful an estimate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeEstimateMode {
    /// Whatever the node takes for best.
    Unset,
    /// Follows a falling market at once.
    Economical,
    /// Follows a falling market late, so as not to be wrong in a rising one.
    Conservative,
}

/// Why a fee is what it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FeeReason {
    /// There is no fee: nothing could be estimated.
    None,
    /// An estimate for half of the target.
    HalfEstimate,
    /// An estimate for the target.
    FullEstimate,
    /// An estimate for twice the target.
    DoubleEstimate,
    /// The highest of the estimates for longer times.
    Conservative,
    /// The mempool takes nothing below it.
    MempoolMin,
    /// The caller chose it.
    Chosen,
    /// `-fallbackfee`, for want of an estimate.
    Fallback,
    /// `-mintxfee` or what nodes relay.
    Required,
}

/// What a transaction should pay to be confirmed in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeeEstimate {
    /// The rate; `None` where the node has not seen enough blocks to tell.
    pub fee_rate: Option<FeeRate>,
    /// The blocks that the rate is for, which may be more than were asked for.
    pub target_blocks: u32,
    /// How the rate was come by.
    pub reason: FeeReason,
}
