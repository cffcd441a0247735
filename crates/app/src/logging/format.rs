//! The line of an event: `time [thread] [file:line] [module] [category] message`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tracing::Level;

use crate::logging::category::Category;
use crate::logging::config::{Style, TimeStyle};

/// What happened, when, and where.
#[derive(Debug, Clone)]
pub(crate) struct Record {
    pub(crate) time: SystemTime,
    pub(crate) thread: String,
    pub(crate) level: Level,
    pub(crate) category: Option<Category>,
    pub(crate) source: Option<Source>,
    pub(crate) message: String,
}

/// A place in the source.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Source {
    pub(crate) file: &'static str,
    pub(crate) line: u32,
    pub(crate) module: &'static str,
}

/// The line with its end.
pub(crate) fn line(record: &Record, style: Style) -> String {
    let mut line = String::with_capacity(record.message.len() + 80);
    match style.time {
        TimeStyle::Absent => {}
        TimeStyle::Seconds => line.push_str(&format!("{}Z ", date_and_time(record.time))),
        TimeStyle::Microseconds => {
            let micros = since_epoch(record.time).subsec_micros();
            line.push_str(&format!("{}.{micros:06}Z ", date_and_time(record.time)));
        }
    }
    if style.thread_names {
        line.push_str(&format!("[{}] ", record.thread));
    }
    if let (true, Some(source)) = (style.source_locations, record.source) {
        line.push_str(&format!("[{}:{}] [{}] ", source.file, source.line, source.module));
    }
    push_label(&mut line, record);
    push_escaped(&mut line, record.message.trim_end_matches('\n'));
    line.push('\n');
    line
}

fn push_label(line: &mut String, record: &Record) {
    let level = match record.level {
        Level::ERROR => Some("error"),
        Level::WARN => Some("warning"),
        Level::INFO => record.category.map(|_| "info"),
        // An event of a category is a debugging event unless it says otherwise.
        Level::DEBUG => None,
        Level::TRACE => Some("trace"),
    };
    match (record.category.map(Category::name), level) {
        (Some(category), Some(level)) => line.push_str(&format!("[{category}:{level}] ")),
        (Some(label), None) | (None, Some(label)) => line.push_str(&format!("[{label}] ")),
        (None, None) => {}
    }
}

/// Control characters could move a terminal's cursor or forge a line.
fn push_escaped(line: &mut String, message: &str) {
    for character in message.chars() {
        if (character < ' ' && character != '\n') || character == '\u{7f}' {
            line.push_str(&format!("\\x{:02x}", u32::from(character)));
        } else {
            line.push(character);
        }
    }
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// `2024-01-01T00:00:00`, in UTC.
fn date_and_time(time: SystemTime) -> String {
    let seconds = since_epoch(time).as_secs();
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")
}

/// The Gregorian date this many days after 1970-01-01. Years are counted from March, so that a leap day ends one.
fn date(days: u64) -> (u64, u64, u64) {
    const DAYS_IN_400_YEARS: u64 = 146_097;
    let shifted = days + 719_468;
    let era = shifted / DAYS_IN_400_YEARS;
    let day_of_era = shifted % DAYS_IN_400_YEARS;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Style = Style {
        time: TimeStyle::Absent,
        thread_names: false,
        source_locations: false,
    };

    fn record(level: Level, category: &str, message: &str) -> Record {
        Record {
            time: UNIX_EPOCH + Duration::from_micros(1_704_067_200_000_042),
            thread: "http".to_owned(),
            level,
            category: Category::from_name(category),
            source: Some(Source {
                file: "src/a.rs",
                line: 7,
                module: "rpc::http",
            }),
            message: message.to_owned(),
        }
    }

    #[test]
    fn lines_begin_with_what_the_style_asks_for() {
        let rows = [
            (PLAIN, "[ipc] hello\n"),
            (
                Style {
                    time: TimeStyle::Seconds,
                    ..PLAIN
                },
                "2024-01-01T00:00:00Z [ipc] hello\n",
            ),
            (
                Style {
                    time: TimeStyle::Microseconds,
                    ..PLAIN
                },
                "2024-01-01T00:00:00.000042Z [ipc] hello\n",
            ),
            (
                Style {
                    thread_names: true,
                    ..PLAIN
                },
                "[http] [ipc] hello\n",
            ),
            (
                Style {
                    time: TimeStyle::Microseconds,
                    thread_names: true,
                    source_locations: true,
                },
                "2024-01-01T00:00:00.000042Z [http] [src/a.rs:7] [rpc::http] [ipc] hello\n",
            ),
        ];
        for (style, expected) in rows {
            assert_eq!(line(&record(Level::DEBUG, "ipc", "hello"), style), expected);
        }
    }

    #[test]
    fn labels_name_category_and_level() {
        let rows = [
            (Level::ERROR, "", "[error] x\n"),
            (Level::WARN, "", "[warning] x\n"),
            (Level::WARN, "net", "[net:warning] x\n"),
            (Level::INFO, "", "x\n"),
            (Level::INFO, "ipc", "[ipc:info] x\n"),
            (Level::DEBUG, "ipc", "[ipc] x\n"),
            (Level::TRACE, "ipc", "[ipc:trace] x\n"),
        ];
        for (level, category, expected) in rows {
            assert_eq!(line(&record(level, category, "x"), PLAIN), expected);
        }
    }

    #[test]
    fn control_characters_are_escaped() {
        let rows = [
            ("a\tb\x1b[31m\x7f\r", "a\\x09b\\x1b[31m\\x7f\\x0d\n"),
            ("one\ntwo\n", "one\ntwo\n"),
            ("₿🦀\u{85}", "₿🦀\u{85}\n"),
        ];
        for (message, expected) in rows {
            assert_eq!(line(&record(Level::INFO, "", message), PLAIN), expected);
        }
    }

    #[test]
    fn dates_are_gregorian() {
        let rows = [
            (0, "1970-01-01T00:00:00"),
            (951_782_399, "2000-02-28T23:59:59"),
            (951_782_400, "2000-02-29T00:00:00"),
            (1_709_164_800, "2024-02-29T00:00:00"),
            (1_735_689_599, "2024-12-31T23:59:59"),
            (4_107_542_400, "2100-03-01T00:00:00"),
            (253_402_300_799, "9999-12-31T23:59:59"),
        ];
        for (seconds, expected) in rows {
            assert_eq!(date_and_time(UNIX_EPOCH + Duration::from_secs(seconds)), expected);
        }
    }
}
