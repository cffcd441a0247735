//! Texts of clients, made fit for the log.

/// Punctuation that is logged as it came.
pub(crate) const SAFE_IN_TEXT: &str = " .,;-_/:?@()";

/// Leaves letters, digits and the punctuation in `safe`, so that no client can forge lines of the log.
pub(crate) fn printable(text: &str, safe: &str) -> String {
    text.chars()
        .filter(|letter| letter.is_ascii_alphanumeric() || safe.contains(*letter))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{SAFE_IN_TEXT, printable};

    #[test]
    fn what_could_forge_a_log_line_is_left_out() {
        assert_eq!(
            printable("get\nblock\u{1b}[0m ₿(x)", SAFE_IN_TEXT),
            "getblock0m (x)"
        );
    }
}
