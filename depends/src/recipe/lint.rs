//! What a recipe says about the checks of the built package.

use std::ops::Range;

use serde::Deserialize;
use serde_spanned::Spanned;

use crate::lint::{Excuse, Rule};

/// The table `lint` as it is written.
#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
pub(super) struct LintFields {
    allow: Vec<ExcuseFields>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ExcuseFields {
    rule: Rule,
    path: Spanned<String>,
    why: Spanned<String>,
}

impl LintFields {
    /// The excuses, each for something and with a reason.
    ///
    /// # Errors
    /// The place of what is missing, and what it is.
    pub(super) fn resolve(self) -> Result<Vec<Excuse>, (Range<usize>, String)> {
        let resolve = |fields: ExcuseFields| {
            for (text, message) in [
                (
                    &fields.path,
                    "a rule is excused for a path in the prefix, as in \"lib/cmake/**\"",
                ),
                (&fields.why, "what is excused needs a reason"),
            ] {
                if text.get_ref().trim().is_empty() {
                    return Err((text.span(), message.to_owned()));
                }
            }
            Ok(Excuse {
                rule: fields.rule,
                path: fields.path.into_inner(),
                why: fields.why.into_inner(),
            })
        };
        self.allow.into_iter().map(resolve).collect()
    }
}
