//! Numbers, amounts and durations.

use std::time::Duration;

use bitcoin::Amount;
use interfaces::{FeeRate, UnixTime};

use super::{Scalar, invalid};

macro_rules! unchanged {
    ($($scalar:ty)*) => {$(
        impl Scalar<$scalar> for $scalar {
            fn read(wire: $scalar) -> capnp::Result<Self> {
                Ok(wire)
            }

            fn write(self) -> capnp::Result<$scalar> {
                Ok(self)
            }
        }
    )*};
}

macro_rules! in_range {
    ($($scalar:ty as $wire:ty,)*) => {$(
        impl Scalar<$wire> for $scalar {
            fn read(wire: $wire) -> capnp::Result<Self> {
                Self::try_from(wire).map_err(|_| invalid(format_args!("{wire} is out of range")))
            }

            fn write(self) -> capnp::Result<$wire> {
                <$wire>::try_from(self).map_err(|_| invalid(format_args!("{self} is out of range")))
            }
        }
    )*};
}

unchanged!(bool i8 i16 i32 i64 u8 u16 u32 u64 f64);

in_range! {
    u32 as i32,
    u32 as i64,
    u64 as i64,
    u16 as u32,
    usize as u64,
}

impl Scalar<i64> for Amount {
    fn read(wire: i64) -> capnp::Result<Self> {
        Scalar::read(wire).map(Self::from_sat)
    }

    fn write(self) -> capnp::Result<i64> {
        self.to_sat().write()
    }
}

impl Scalar<u64> for FeeRate {
    fn read(wire: u64) -> capnp::Result<Self> {
        Ok(Self::from_sat_per_kvb(wire))
    }

    fn write(self) -> capnp::Result<u64> {
        Ok(self.sat_per_kvb())
    }
}

impl Scalar<i64> for UnixTime {
    fn read(wire: i64) -> capnp::Result<Self> {
        Ok(Self::from_seconds(wire))
    }

    fn write(self) -> capnp::Result<i64> {
        Ok(self.seconds())
    }
}

/// Milliseconds.
impl Scalar<f64> for Duration {
    fn read(wire: f64) -> capnp::Result<Self> {
        Self::try_from_secs_f64(wire / 1_000.0)
            .map_err(|error| invalid(format_args!("{wire} ms is no duration: {error}")))
    }

    fn write(self) -> capnp::Result<f64> {
        Ok(self.as_secs_f64() * 1_000.0)
    }
}

/// Milliseconds; what no clock will ever show is for ever.
impl Scalar<f64> for Option<Duration> {
    fn read(wire: f64) -> capnp::Result<Self> {
        if wire >= Duration::MAX.as_secs_f64() * 1_000.0 {
            return Ok(None);
        }
        <Duration as Scalar<f64>>::read(wire).map(Some)
    }

    fn write(self) -> capnp::Result<f64> {
        self.map_or(Ok(f64::MAX), Scalar::<f64>::write)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Amount, Duration, Scalar};

    #[test]
    fn timeouts_beyond_all_clocks_are_for_ever_and_others_that_are_none_are_refused() {
        type Timeout = Option<Duration>;
        let rows = [
            (0.0, Some(Duration::ZERO)),
            (0.5, Some(Duration::from_micros(500))),
            (1e15, Some(Duration::from_secs(1_000_000_000_000))),
            (f64::MAX, None),
            (f64::INFINITY, None),
        ];
        for (wire, expected) in rows {
            assert_eq!(<Timeout as Scalar<f64>>::read(wire).unwrap(), expected, "{wire}");
        }
        for wire in [-1.0, f64::NAN, f64::NEG_INFINITY] {
            assert!(<Timeout as Scalar<f64>>::read(wire).is_err(), "{wire}");
        }
    }

    #[test]
    fn numbers_that_the_other_type_cannot_hold_are_refused() {
        assert!(<u32 as Scalar<i32>>::read(-1).is_err());
        assert!(<u32 as Scalar<i32>>::write(1 << 31).is_err());
        assert!(<Amount as Scalar<i64>>::read(-1).is_err());
        assert!(<Amount as Scalar<i64>>::write(Amount::MAX).is_err());
    }

    proptest! {
        #[test]
        fn whole_milliseconds_of_a_century_come_back_unchanged(milliseconds in 0_u64..3_155_760_000_000) {
            let duration = Duration::from_millis(milliseconds);
            let wire = <Duration as Scalar<f64>>::write(duration).unwrap();
            let back = <Duration as Scalar<f64>>::read(wire).unwrap();
            prop_assert!(back.abs_diff(duration) < Duration::from_micros(1), "{back:?}");
        }

        #[test]
        fn any_timeout_is_read_without_a_panic(bits in any::<u64>()) {
            let _ = <Option<Duration> as Scalar<f64>>::read(f64::from_bits(bits));
        }
    }
}
