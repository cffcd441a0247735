//! The day on which an authorisation ends.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

const SECONDS_A_DAY: u64 = 24 * 60 * 60;

/// A day of the calendar, in UTC, written `YYYY-MM-DD`, from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text that is no day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a day is written as YYYY-MM-DD")]
pub struct InvalidDate;

impl Date {
    /// Whether the day is over.
    pub(crate) fn is_over(self, now: SystemTime) -> bool {
        let end = Duration::from_secs((self.days_since_1970() + 1) * SECONDS_A_DAY);
        now >= SystemTime::UNIX_EPOCH + end
    }

    fn days_since_1970(self) -> u64 {
        let years = (1970..self.year).map(|year| if is_leap(year) { 366 } else { 365 });
        let months = (1..self.month).map(|month| u64::from(days_in(self.year, month)));
        years.sum::<u64>() + months.sum::<u64>() + u64::from(self.day) - 1
    }
}

fn is_leap(year: u16) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

fn days_in(year: u16, month: u8) -> u8 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl FromStr for Date {
    type Err = InvalidDate;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let shape = |(index, byte): (usize, u8)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        };
        if text.len() != 10 || !text.bytes().enumerate().all(shape) {
            return Err(InvalidDate);
        }
        let number = |part: &str| part.parse::<u16>().map_err(|_| InvalidDate);
        let small = |part: &str| part.parse::<u8>().map_err(|_| InvalidDate);
        let (year, month, day) = (number(&text[..4])?, small(&text[5..7])?, small(&text[8..])?);
        if year < 1970 || !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
            return Err(InvalidDate);
        }
        Ok(Self { year, month, day })
    }
}

impl fmt::Display for Date {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { year, month, day } = self;
        write!(formatter, "{year:04}-{month:02}-{day:02}")
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use proptest::prelude::*;

    use super::{Date, InvalidDate};

    #[test]
    fn a_day_is_over_when_the_next_one_begins() {
        // The last second of each day, as `date -u -d … +%s` tells it.
        let rows = [
            ("1970-01-01", 86_399),
            ("2000-02-29", 951_868_799),
            ("2026-11-29", 1_795_996_799),
            ("2100-03-01", 4_107_628_799),
            ("9999-12-31", 253_402_300_799),
        ];
        for (text, last) in rows {
            let date: Date = text.parse().unwrap();
            let last = SystemTime::UNIX_EPOCH + Duration::from_secs(last);
            assert!(!date.is_over(last), "{text}");
            assert!(date.is_over(last + Duration::from_secs(1)), "{text}");
            assert_eq!(date.to_string(), text);
        }
    }

    #[test]
    fn what_no_calendar_has_is_refused() {
        let rows = [
            "",
            "2026",
            "2026-1-1",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-02-29",
            "2100-02-29",
            "1969-12-31",
            "2026-04-31",
            "2026/01/01",
            "2026-01-01 ",
            "+026-01-01",
            "२026-01",
        ];
        for text in rows {
            assert_eq!(text.parse::<Date>(), Err(InvalidDate), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_a_day_or_refused(text in "[0-9]{4}-[0-1][0-9]-[0-3][0-9]|.{0,12}") {
            if let Ok(date) = text.parse::<Date>() {
                prop_assert_eq!(date.to_string(), text);
            }
        }
    }
}
