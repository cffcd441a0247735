//! The name by which the node introduces itself to its peers, as far as options make it.

use app::{Args, program};

/// The longest name that fits into a version message.
const MAX_LENGTH: usize = 256;

/// Punctuation that a comment may hold beside letters and digits.
const SAFE: &str = " .,;-_?@";

/// A comment that cannot be part of the name.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UserAgentError {
    #[error("User Agent comment ({0}) contains unsafe characters.")]
    Unsafe(String),
    #[error(
        "Total length of network version string ({length}) exceeds maximum length ({MAX_LENGTH}). Reduce the number \
         or size of uacomments."
    )]
    TooLong { length: usize },
}

/// `/Satoshi:5.1.1(first; second)/`, with the comments of `-uacomment`.
pub(crate) fn user_agent(args: &Args) -> Result<String, UserAgentError> {
    let comments = args.texts("uacomment");
    let is_safe = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || SAFE.contains(letter))
    };
    if let Some(comment) = comments.iter().find(|comment| !is_safe(comment)) {
        return Err(UserAgentError::Unsafe(comment.clone()));
    }
    let comments = if comments.is_empty() {
        String::new()
    } else {
        format!("({})", comments.join("; "))
    };
    let name = format!(
        "/Satoshi:{}{comments}/",
        program::CLIENT_VERSION_TEXT.trim_start_matches('v')
    );
    if name.len() > MAX_LENGTH {
        return Err(UserAgentError::TooLong { length: name.len() });
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(comments: &[&str], expected: Result<&str, &str>) {
        let options = comments
            .iter()
            .map(|comment| format!("-uacomment={comment}").into());
        let table = app::OptionTable::new().add(app::options::general_options());
        let args = Args::parse(table, std::iter::once("syscoind".into()).chain(options)).unwrap();
        let result = user_agent(&args).map_err(|error| error.to_string());
        assert_eq!(result.as_deref().map_err(String::as_str), expected);
    }

    #[test]
    fn comments_stand_in_parentheses() {
        check(&[], Ok("/Satoshi:5.1.1/"));
        check(&["testnode0", "foo"], Ok("/Satoshi:5.1.1(testnode0; foo)/"));
    }

    #[test]
    fn comments_that_peers_could_misread_are_refused() {
        check(
            &["a/b"],
            Err("User Agent comment (a/b) contains unsafe characters."),
        );
        check(&["₿"], Err("User Agent comment (₿) contains unsafe characters."));
        check(
            &[&"a".repeat(256)],
            Err(
                "Total length of network version string (273) exceeds maximum length (256). Reduce the number or size \
                 of uacomments.",
            ),
        );
    }
}
