//! What calls come to, what they should come to, and the record of both.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::Refusal;

/// The result of a call, or why there is none.
pub type Answer = Result<Value, Refusal>;

/// What a call should come to.
#[derive(Clone, Debug)]
pub enum Wanted {
    /// This very result.
    Exactly(Value),
    /// An object with these members, and perhaps others.
    Members(&'static [&'static str]),
    /// An object with exactly these members, in any order.
    Only(&'static [&'static str]),
    /// An error with this code and message.
    Error(i64, &'static str),
    /// An error with this code, the message of which begins so.
    ErrorLike(i64, &'static str),
    /// Any result.
    Success,
}

impl Wanted {
    /// Whether an error of another kind than the node's comes of this when words of a command line stand for values.
    pub(crate) fn is_about_types(&self) -> bool {
        matches!(self, Self::Error(-3, _) | Self::ErrorLike(-3, _))
    }

    /// Holds an answer against this.
    ///
    /// # Errors
    /// When it is another one.
    pub fn check(&self, answer: &Answer) -> Result<()> {
        let is_met = match (self, answer) {
            (Self::Exactly(wanted), Ok(result)) => wanted == result,
            (Self::Members(names), Ok(result)) => names.iter().all(|name| result.get(name).is_some()),
            (Self::Only(names), Ok(result)) => result.as_object().is_some_and(|object| {
                object.len() == names.len() && names.iter().all(|name| object.contains_key(*name))
            }),
            (Self::Error(code, message), Err(error)) => {
                (error.code, error.message.as_str()) == (*code, *message)
            }
            (Self::ErrorLike(code, beginning), Err(error)) => {
                error.code == *code && error.message.starts_with(beginning)
            }
            (Self::Success, Ok(_)) => true,
            _ => false,
        };
        ensure!(is_met, "wanted {self:?}, got {answer:?}");
        Ok(())
    }
}

/// Calls with their answers, in their order.
#[derive(Debug, Default)]
pub struct Transcript {
    lines: Vec<(String, Answer)>,
}

impl Transcript {
    pub(crate) fn record(&mut self, method: &str, params: &Value, answer: Answer) {
        self.lines.push((format!("{method} {params}"), answer));
    }

    /// How many calls it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether it holds none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The same without the calls with such an answer.
    #[must_use]
    pub fn without(&self, is_left_out: impl Fn(&Answer) -> bool) -> Self {
        let lines = self.lines.iter().filter(|(_, answer)| !is_left_out(answer));
        Self {
            lines: lines.cloned().collect(),
        }
    }

    /// Holds another record of the same calls against this one.
    ///
    /// # Errors
    /// When there is a difference, with the first one.
    pub fn check_same(&self, other: &Self) -> Result<()> {
        for ((call, answer), (other_call, other_answer)) in self.lines.iter().zip(&other.lines) {
            ensure!(call == other_call, "{call} here is {other_call} there");
            ensure!(
                answer == other_answer,
                "{call}: {answer:?} here is {other_answer:?} there"
            );
        }
        ensure!(
            self.len() == other.len(),
            "{} calls here are {} there",
            self.len(),
            other.len()
        );
        Ok(())
    }
}
