//! `debug.log`, read while the node writes it.

use std::path::PathBuf;

use anyhow::Result;
use fs_err as fs;

use crate::wait_until;

/// A log file, which need not exist yet.
#[derive(Clone, Debug)]
pub struct Log {
    path: PathBuf,
}

/// A line of it: `time [group] [group] … message`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The time stamp as written.
    pub time: String,
    /// What stands in the square brackets between time and message.
    pub groups: Vec<String>,
    /// The rest.
    pub message: String,
}

impl Log {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// All that it holds so far; nothing when the file is not there.
    ///
    /// # Errors
    /// When the file cannot be read or is not UTF-8.
    pub fn text(&self) -> Result<String> {
        match fs::read_to_string(&self.path) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
            text => Ok(text?),
        }
    }

    /// Its complete lines so far, blank ones left out.
    ///
    /// # Errors
    /// As [`Log::text`].
    pub fn lines(&self) -> Result<Vec<LogLine>> {
        let text = self.text()?;
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        Ok(complete
            .lines()
            .filter(|line| !line.is_empty())
            .map(LogLine::parse)
            .collect())
    }

    /// Waits for a line with `part` in its message and gives it.
    ///
    /// # Errors
    /// When it does not come in time, with the log so far.
    pub fn wait_for(&self, part: &str) -> Result<LogLine> {
        self.wait_for_line(part, |line| line.message.contains(part))
    }

    /// Waits for a line that `is_wanted` and gives it.
    ///
    /// # Errors
    /// When it does not come in time, with the log so far.
    pub fn wait_for_line(&self, what: &str, is_wanted: impl Fn(&LogLine) -> bool) -> Result<LogLine> {
        let found = wait_until(&format!("log line: {what}"), || {
            Ok(self.lines()?.into_iter().find(|line| is_wanted(line)))
        });
        found.map_err(|error| error.context(format!("the log:\n{}", self.text().unwrap_or_default())))
    }
}

impl LogLine {
    /// Takes a line apart.
    #[must_use]
    pub fn parse(line: &str) -> Self {
        let (time, mut rest) = line.split_once(' ').unwrap_or((line, ""));
        let mut groups = Vec::new();
        while let Some((group, after)) = rest.strip_prefix('[').and_then(|rest| rest.split_once("] ")) {
            groups.push(group.to_owned());
            rest = after;
        }
        Self {
            time: time.to_owned(),
            groups,
            message: rest.to_owned(),
        }
    }
}
