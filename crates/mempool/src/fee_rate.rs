//! What is paid for so many bytes.

use std::fmt;

use consensus::limits::COIN;

/// Units for a thousand virtual bytes. Below zero only where fees were made so with `prioritisetransaction`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct FeeRate(i64);

impl FeeRate {
    /// Nothing is paid.
    pub const ZERO: Self = Self(0);

    /// So many units for a thousand virtual bytes.
    #[must_use]
    pub const fn per_kvb(units: i64) -> Self {
        Self(units)
    }

    /// The rate of a fee in units for a size in virtual bytes, rounded towards zero; zero where there is no size.
    #[must_use]
    pub fn of(fee: impl Into<i128>, size: u64) -> Self {
        match size {
            0 => Self::ZERO,
            _ => Self(saturate(fee.into().saturating_mul(1000) / i128::from(size))),
        }
    }

    /// Units for a thousand virtual bytes.
    #[must_use]
    pub const fn units(self) -> i64 {
        self.0
    }

    /// The fee in units for a size in virtual bytes, rounded up, and never zero where neither rate nor size is.
    #[must_use]
    pub fn fee(self, size: u64) -> i64 {
        let product = i128::from(self.0) * i128::from(size);
        match product {
            0 => 0,
            1.. => saturate((product + 999) / 1000),
            _ => saturate((product / 1000).min(-1)),
        }
    }

    /// Both rates together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

fn saturate(number: i128) -> i64 {
    i64::try_from(number).unwrap_or(if number < 0 { i64::MIN } else { i64::MAX })
}

/// As upstream's logs and reject reasons show it.
impl fmt::Display for FeeRate {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coin = COIN.cast_signed();
        write!(
            formatter,
            "{}.{:08} SYS/kvB",
            self.0 / coin,
            (self.0 % coin).abs()
        )
    }
}

/// Units as coins, with two decimals or as many more as are needed.
pub(crate) fn format_money(units: i64) -> String {
    let sign = if units < 0 { "-" } else { "" };
    let units = units.unsigned_abs();
    let decimals = format!("{:08}", units % COIN);
    let length = decimals.trim_end_matches('0').len().max(2);
    format!("{sign}{}.{}", units / COIN, &decimals[..length])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fees_are_rounded_up_and_rates_down() {
        for (rate, size, fee) in [
            (1000, 0, 0),
            (1000, 1, 1),
            (1000, 121, 121),
            (123, 1, 1),
            (123, 8, 1),
            (123, 9, 2),
            (123, 999, 123),
            (0, 1000, 0),
            (-123, 8, -1),
            (-123, 9, -1),
            (-123, 999, -122),
        ] {
            assert_eq!(FeeRate::per_kvb(rate).fee(size), fee, "{rate} for {size}");
        }
        assert_eq!(FeeRate::of(27_i64, 789).units(), 34);
        assert_eq!(FeeRate::of(1_i64, 0), FeeRate::ZERO);
    }

    #[test]
    fn rates_and_amounts_are_shown_as_upstream_does() {
        assert_eq!(FeeRate::per_kvb(1000).to_string(), "0.00001000 SYS/kvB");
        assert_eq!(format_money(123_450_000), "1.2345");
        assert_eq!(format_money(-5), "-0.00000005");
        assert_eq!(format_money(0), "0.00");
    }
}
