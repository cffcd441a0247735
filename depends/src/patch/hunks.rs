//! Hunks: whether all of a patch's were read, and what a file becomes by them.

use std::borrow::Cow;

use diffy::{Hunk, Line};

use super::HunkMismatch;

/// Applies hunks, in their order, at exactly the lines that they name. The error comes with the number of the hunk.
pub(super) fn apply(original: &[u8], hunks: &[Hunk<'_, [u8]>]) -> Result<Vec<u8>, (usize, HunkMismatch)> {
    let lines: Vec<&[u8]> = original.split_inclusive(|&byte| byte == b'\n').collect();
    let mut result = Vec::with_capacity(lines.len());
    let mut at = 0;
    for (n_before, hunk) in hunks.iter().enumerate() {
        let in_hunk = |mismatch| (n_before + 1, mismatch);
        // An empty range names the line before it.
        let range = hunk.old_range();
        let start = if range.is_empty() {
            range.start()
        } else {
            range.start().saturating_sub(1)
        };
        let place = HunkMismatch::Place { line: start + 1 };
        let unchanged = lines.get(at..start).ok_or_else(|| in_hunk(place.clone()))?;
        result.extend_from_slice(unchanged);
        at = start;
        for line in hunk.lines() {
            let (Line::Context(expected) | Line::Delete(expected)) = *line else {
                continue;
            };
            if lines.get(at) != Some(&expected) {
                return Err(in_hunk(mismatch(&lines, hunk, at, expected)));
            }
            at += 1;
        }
        result.extend(hunk.lines().iter().filter_map(|line| match *line {
            Line::Context(line) | Line::Insert(line) => Some(line),
            Line::Delete(_) => None,
        }));
    }
    result.extend_from_slice(&lines[at..]);
    if let Some((_, before_last)) = result.split_last()
        && let Some(n_before) = before_last.iter().position(|line| !line.ends_with(b"\n"))
    {
        return Err((hunks.len(), HunkMismatch::NoLineBreak { line: n_before + 2 }));
    }
    Ok(result.concat())
}

fn mismatch(lines: &[&[u8]], hunk: &Hunk<'_, [u8]>, at: usize, expected: &[u8]) -> HunkMismatch {
    let wanted: Vec<&[u8]> = hunk
        .lines()
        .iter()
        .filter_map(|line| match *line {
            Line::Context(line) | Line::Delete(line) => Some(line),
            Line::Insert(_) => None,
        })
        .collect();
    let found_at = lines
        .windows(wanted.len().max(1))
        .position(|window| window == wanted)
        .map(|n_before| n_before + 1);
    let text = |line: &[u8]| String::from_utf8_lossy(line).trim_end_matches('\n').to_owned();
    let (line, expected) = (at + 1, text(expected));
    match lines.get(at) {
        Some(actual) => HunkMismatch::Line {
            line,
            expected,
            actual: text(actual),
            found_at,
        },
        None => HunkMismatch::End {
            line,
            expected,
            found_at,
        },
    }
}

/// Puts an empty line between a hunk that deletes a last line without a line break and the header or signature that
/// follows: `diffy` would take the latter, which begins with `-`, for one more line of the hunk.
pub(super) fn separate(patch: &[u8]) -> Cow<'_, [u8]> {
    let mut separated = Vec::new();
    let mut n_copied = 0;
    let mut at = 0;
    let mut is_after_marker = false;
    for line in patch.split_inclusive(|&byte| byte == b'\n') {
        if is_after_marker && line.starts_with(b"--") {
            separated.extend_from_slice(&patch[n_copied..at]);
            separated.push(b'\n');
            n_copied = at;
        }
        is_after_marker = line.starts_with(b"\\ ");
        at += line.len();
    }
    if n_copied == 0 {
        return Cow::Borrowed(patch);
    }
    separated.extend_from_slice(&patch[n_copied..]);
    Cow::Owned(separated)
}

/// Checks that a patch of which `n_read` hunks were read has no others, and none that is longer than its header says:
/// parsers pass over such lines as they pass over the text of a mail. The error is the line's number.
pub(super) fn check_complete(patch: &[u8], n_read: usize) -> Result<(), usize> {
    let mut n_hunks = 0;
    let (mut n_old, mut n_new) = (0_usize, 0_usize);
    let mut is_after_hunk = false;
    for (n_before, line) in patch.split(|&byte| byte == b'\n').enumerate() {
        let number = n_before + 1;
        if n_old > 0 || n_new > 0 {
            match line.first() {
                Some(b'-') => n_old = n_old.saturating_sub(1),
                Some(b'+') => n_new = n_new.saturating_sub(1),
                Some(b'\\') => {}
                _ => (n_old, n_new) = (n_old.saturating_sub(1), n_new.saturating_sub(1)),
            }
        } else if line.starts_with(b"@@ ") {
            n_hunks += 1;
            if n_hunks > n_read {
                return Err(number);
            }
            (n_old, n_new) = lengths(line).ok_or(number)?;
            is_after_hunk = true;
        } else if is_after_hunk {
            match line.first() {
                Some(b'\\') => {}
                // The next file's header, and the line before the signature of a mail.
                Some(b'-') if line.starts_with(b"--- ") || line.trim_ascii_end() == b"--" => {
                    is_after_hunk = false;
                }
                Some(b'-' | b'+' | b' ') => return Err(number),
                _ => is_after_hunk = false,
            }
        }
    }
    Ok(())
}

/// How many lines of the old and of the new file a hunk has, from `@@ -a,b +c,d @@`.
fn lengths(header: &[u8]) -> Option<(usize, usize)> {
    let mut words = str::from_utf8(header).ok()?.split(' ').skip(1);
    let mut length = |sign| {
        let range = words.next()?.strip_prefix(sign)?;
        range
            .split_once(',')
            .map_or(Some(1), |(_, length)| length.parse().ok())
    };
    Some((length('-')?, length('+')?))
}
