//! Two columns of text.

use std::fmt;

/// Lines with a left part and an explanation, which begins in the same column for all.
#[derive(Debug, Default)]
pub(super) struct Sections {
    lines: Vec<(String, String)>,
    /// Width of the widest left part.
    width: usize,
}

impl Sections {
    /// Adds a line.
    pub(super) fn push(&mut self, left: String, right: String) {
        self.width = self.width.max(left.chars().count());
        self.lines.push((left, right));
    }

    /// Removes the comma that the last line ends with: nothing follows it.
    pub(super) fn drop_comma(&mut self) {
        if let Some((left, _)) = self.lines.last_mut()
            && left.ends_with(',')
        {
            left.pop();
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }
}

impl fmt::Display for Sections {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let column = self.width + 4;
        for (left, right) in &self.lines {
            if right.is_empty() {
                writeln!(formatter, "{left}")?;
                continue;
            }
            for (index, line) in right.lines().enumerate() {
                let left = if index == 0 { left.as_str() } else { "" };
                writeln!(
                    formatter,
                    "{left:column$}{}",
                    if index == 0 { line } else { line.trim_start() }
                )?;
            }
        }
        Ok(())
    }
}
