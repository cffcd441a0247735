//! What an implementation says when it understands what it is asked for and will not or cannot do it.

/// Why something was not done, in English, for people. It always says something.
///
/// It is a result like another: the call itself went well. An [`InterfaceError`](crate::InterfaceError) says that there
/// is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    text: String,
}

impl Refusal {
    /// One or more sentences. Without any it is said that there are none.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        let mut text = text.into();
        if text.is_empty() {
            text.push_str("No reason was given.");
        }
        Self { text }
    }

    /// The reason, which is not empty.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn a_refusal_always_says_something() {
        for (given, text) in [("Not now.", "Not now."), ("", "No reason was given.")] {
            assert_eq!(Refusal::new(given).text(), text);
        }
    }
}
