//! What an implementation says when it understands what it is asked for and will not or cannot do it.

/// Why something was not done, in English, for people.
///
/// It is a result like another: the call itself went well. An [`InterfaceError`](crate::InterfaceError) says that there
/// is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// One or more sentences. Never empty.
    pub text: String,
}
