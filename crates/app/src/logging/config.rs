//! What the options say about the log, and the same as pairs of text for a child process.

use std::path::{Path, PathBuf};

use crate::args::Args;
use crate::data_dir::DataDir;
use crate::logging::LogError;
use crate::logging::category::{Category, CategorySet, Levels, Verbosity, category_names};

/// The log file's name in the network's directory.
pub const LOG_FILE_NAME: &str = "debug.log";

/// How and where to log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    pub(crate) file: Option<PathBuf>,
    pub(crate) console: Console,
    pub(crate) levels: Levels,
    pub(crate) style: Style,
    pub(crate) opening: Opening,
}

/// Whether standard output shows the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Console {
    Silent,
    Shown,
}

/// What lines begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) time: TimeStyle,
    pub(crate) thread_names: bool,
    pub(crate) source_locations: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeStyle {
    Absent,
    Seconds,
    Microseconds,
}

/// What happens to a file that is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Opening {
    /// It is another run's: cut it down when it is large, and leave a gap.
    NewRun { shrink: bool },
    /// Another process of the same run writes it.
    Join,
}

impl LogConfig {
    /// Reads the options.
    ///
    /// # Errors
    /// [`LogError`] for unknown categories and levels.
    pub fn from_args(args: &Args, data_dir: &DataDir) -> Result<Self, LogError> {
        let config = Self::without_file(args)?;
        let file = (!args.is_negated("debuglogfile")).then(|| {
            data_dir
                .network()
                .join(args.path("debuglogfile").unwrap_or_else(|| LOG_FILE_NAME.into()))
        });
        let shrink = args.flag("shrinkdebugfile", config.levels.enabled == CategorySet::NONE);
        Ok(Self {
            file,
            opening: Opening::NewRun { shrink },
            ..config
        })
    }

    /// Reads the options of a process that writes its log to standard output alone.
    ///
    /// # Errors
    /// Those of [`from_args`](Self::from_args).
    pub fn without_file(args: &Args) -> Result<Self, LogError> {
        let levels = levels_from_args(args)?;
        let in_background = args.flag("daemon", false) || args.flag("daemonwait", false);
        let console = if args.flag("printtoconsole", !in_background) {
            Console::Shown
        } else {
            Console::Silent
        };
        let time = match (
            args.flag("logtimestamps", true),
            args.flag("logtimemicros", false),
        ) {
            (false, _) => TimeStyle::Absent,
            (true, false) => TimeStyle::Seconds,
            (true, true) => TimeStyle::Microseconds,
        };
        Ok(Self {
            file: None,
            console,
            levels,
            style: Style {
                time,
                thread_names: args.flag("logthreadnames", false),
                source_locations: args.flag("logsourcelocations", false),
            },
            opening: Opening::Join,
        })
    }

    /// The log file.
    pub fn path(&self) -> Option<&Path> {
        self.file.as_deref()
    }

    /// The same as option names with values, for a child process that joins this log.
    pub fn to_settings(&self) -> Vec<(String, String)> {
        let flag = |on: bool| if on { "1" } else { "0" }.to_owned();
        let (timestamps, micros) = match self.style.time {
            TimeStyle::Absent => (false, false),
            TimeStyle::Seconds => (true, false),
            TimeStyle::Microseconds => (true, true),
        };
        let mut settings = vec![
            ("printtoconsole", flag(self.console == Console::Shown)),
            ("logtimestamps", flag(timestamps)),
            ("logtimemicros", flag(micros)),
            ("logthreadnames", flag(self.style.thread_names)),
            ("logsourcelocations", flag(self.style.source_locations)),
            ("loglevel", self.levels.verbosity.name().to_owned()),
        ];
        if let Some(file) = &self.file {
            settings.push(("debuglogfile", encode_path(file)));
        }
        let enabled = Category::all().filter(|category| self.levels.enabled.contains(*category));
        settings.extend(enabled.map(|category| ("debug", category.name().to_owned())));
        settings.extend(
            self.levels.exceptions.iter().map(|(category, verbosity)| {
                ("loglevel", format!("{}:{}", category.name(), verbosity.name()))
            }),
        );
        settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    /// Reads [`to_settings`](Self::to_settings); what is absent has the option's default, and no file is written.
    ///
    /// # Errors
    /// [`LogError`] for unknown names, categories and levels.
    pub fn from_settings(settings: &[(String, String)]) -> Result<Self, LogError> {
        let mut config = Self {
            file: None,
            console: Console::Silent,
            levels: Levels::default(),
            style: Style {
                time: TimeStyle::Seconds,
                thread_names: false,
                source_locations: false,
            },
            opening: Opening::Join,
        };
        let mut micros = false;
        for (name, value) in settings {
            let on = value == "1";
            match name.as_str() {
                "printtoconsole" => config.console = if on { Console::Shown } else { Console::Silent },
                "logtimestamps" if !on => config.style.time = TimeStyle::Absent,
                "logtimestamps" => {}
                "logtimemicros" => micros = on,
                "logthreadnames" => config.style.thread_names = on,
                "logsourcelocations" => config.style.source_locations = on,
                "loglevel" => config.levels.set_from_option(value)?,
                "debuglogfile" => config.file = Some(decode_path(value)),
                "debug" => config.levels.enabled = config.levels.enabled.with(selected("-debug", value)?),
                _ => return Err(LogError::UnknownSetting { name: name.clone() }),
            }
        }
        if micros && config.style.time == TimeStyle::Seconds {
            config.style.time = TimeStyle::Microseconds;
        }
        Ok(config)
    }
}

fn levels_from_args(args: &Args) -> Result<Levels, LogError> {
    let mut levels = Levels::default();
    for value in args.texts("loglevel") {
        levels.set_from_option(&value)?;
    }
    let debug = args.texts("debug");
    if !debug.iter().any(|value| value == "0" || value == "none") {
        for value in &debug {
            levels.enabled = levels.enabled.with(selected("-debug", value)?);
        }
    }
    for value in args.texts("debugexclude") {
        levels.enabled = levels.enabled.without(selected("-debugexclude", &value)?);
    }
    Ok(levels)
}

fn selected(option: &'static str, value: &str) -> Result<CategorySet, LogError> {
    CategorySet::from_selector(value).ok_or_else(|| LogError::UnsupportedCategory {
        option,
        value: value.to_owned(),
    })
}

impl Levels {
    /// Takes a value of `-loglevel`.
    fn set_from_option(&mut self, value: &str) -> Result<(), LogError> {
        let Some((category, verbosity)) = value.split_once(':') else {
            let unsupported = || LogError::UnsupportedLevel {
                value: value.to_owned(),
            };
            self.verbosity = Verbosity::from_name(value).ok_or_else(unsupported)?;
            return Ok(());
        };
        let known = Category::from_name(category).zip(Verbosity::from_name(verbosity));
        let (category, verbosity) = known.ok_or_else(|| LogError::UnsupportedCategoryLevel {
            value: value.to_owned(),
            categories: category_names().join(", "),
        })?;
        self.exceptions.insert(category, verbosity);
        Ok(())
    }
}

/// Percent signs and bytes that are not Unicode as `%xx`, so that any path survives as text.
#[cfg(unix)]
fn encode_path(path: &Path) -> String {
    use std::os::unix::ffi::OsStrExt as _;
    let mut text = String::new();
    for chunk in path.as_os_str().as_bytes().utf8_chunks() {
        text.push_str(&chunk.valid().replace('%', "%25"));
        text.extend(chunk.invalid().iter().map(|byte| format!("%{byte:02x}")));
    }
    text
}

#[cfg(unix)]
fn decode_path(text: &str) -> PathBuf {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let escaped = after.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        match escaped.and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &after[2..];
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    crate::os_text::from_file_bytes(&bytes).into()
}

#[cfg(windows)]
fn encode_path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

#[cfg(windows)]
fn decode_path(text: &str) -> PathBuf {
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{OptionTable, general_options};

    fn config(options: &[&str]) -> Result<LogConfig, LogError> {
        let directory = tempfile::tempdir().unwrap();
        let datadir = format!("-datadir={}", directory.path().display());
        let argv = ["syscoind", &datadir, "-regtest"]
            .into_iter()
            .chain(options.iter().copied());
        let table = OptionTable::new().add(general_options());
        let args = Args::parse(table, argv.map(Into::into)).unwrap();
        LogConfig::from_args(&args, &DataDir::resolve(&args).unwrap())
    }

    fn enabled(options: &[&str]) -> Vec<&'static str> {
        let config = config(options).unwrap();
        Category::all()
            .filter(|category| config.levels.enabled.contains(*category))
            .map(Category::name)
            .collect()
    }

    #[test]
    fn categories_are_selected_and_excluded() {
        let rows: [(&[&str], &[&str]); 7] = [
            (&[], &[]),
            (&["-debug=net", "-debug=ipc"], &["ipc", "net"]),
            (&["-debug=net", "-debug=0"], &[]),
            (&["-debug=none", "-debug=net"], &[]),
            (&["-debug=net", "-nodebug"], &[]),
            (&["-debug=net", "-nodebug", "-debug=ipc"], &["ipc"]),
            (&["-debug=net", "-debug=ipc", "-debugexclude=net"], &["ipc"]),
        ];
        for (options, expected) in rows {
            assert_eq!(enabled(options), expected, "{options:?}");
        }
        for all in ["-debug", "-debug=1", "-debug=all"] {
            assert_eq!(enabled(&[all]), category_names(), "{all}");
        }
        assert!(!enabled(&["-debug", "-debugexclude=rand"]).contains(&"rand"));
        assert!(enabled(&["-debug", "-debugexclude=1"]).is_empty());
    }

    #[test]
    fn unknown_categories_and_levels_are_errors() {
        let rows = [
            ("-debug=abc", "Unsupported logging category -debug=abc."),
            (
                "-debugexclude=abc",
                "Unsupported logging category -debugexclude=abc.",
            ),
            (
                "-loglevel=abc",
                "Unsupported global logging level -loglevel=abc. Valid values: info, debug, trace.",
            ),
            (
                "-loglevel=error",
                "Unsupported global logging level -loglevel=error. Valid values: info, debug, trace.",
            ),
            (
                "-loglevel=net:abc",
                "Unsupported category-specific logging level -loglevel=net:abc. Expected \
                 -loglevel=<category>:<loglevel>. Valid categories: addrman, bench",
            ),
            (
                "-loglevel=net:debug:x",
                "Unsupported category-specific logging level -loglevel=net:debug:x.",
            ),
        ];
        for (option, expected) in rows {
            let error = config(&[option]).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn settings_lead_back_to_the_configuration() {
        let rows: [&[&str]; 4] = [
            &[],
            &["-nodebuglogfile", "-noprinttoconsole", "-nologtimestamps"],
            &[
                "-debug=net",
                "-debug=ipc",
                "-loglevel=trace",
                "-loglevel=net:info",
                "-logtimemicros",
            ],
            &[
                "-debug",
                "-debuglogfile=/tmp/₿ 100%41/🦀.log",
                "-logthreadnames",
                "-logsourcelocations",
            ],
        ];
        for options in rows {
            let config = config(options).unwrap();
            let joined = LogConfig::from_settings(&config.to_settings()).unwrap();
            assert_eq!(
                joined,
                LogConfig {
                    opening: Opening::Join,
                    ..config
                },
                "{options:?}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn paths_that_are_not_unicode_survive_as_text() {
        use std::os::unix::ffi::OsStrExt as _;
        let path = Path::new(std::ffi::OsStr::from_bytes(b"/tmp/%\xff\xe2\x82%4"));
        assert_eq!(decode_path(&encode_path(path)), path);
    }

    #[test]
    fn unknown_settings_are_errors() {
        let settings = [("colour".to_owned(), "1".to_owned())];
        assert!(matches!(
            LogConfig::from_settings(&settings),
            Err(LogError::UnknownSetting { .. })
        ));
    }

    #[test]
    fn a_daemon_in_the_background_is_silent() {
        assert_eq!(config(&[]).unwrap().console, Console::Shown);
        assert_eq!(config(&["-printtoconsole=0"]).unwrap().console, Console::Silent);
    }
}
