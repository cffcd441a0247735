//! Points in time, as blocks and wallets note them.

/// Seconds since 1970 in UTC, without leap seconds. Blocks and wallets know no finer time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixTime(i64);

impl UnixTime {
    /// `seconds` after the epoch, or before it where negative.
    #[must_use]
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds)
    }

    /// Seconds after the epoch, or before it where negative.
    #[must_use]
    pub const fn seconds(self) -> i64 {
        self.0
    }
}
