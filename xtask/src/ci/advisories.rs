//! Known vulnerabilities and withdrawn versions: `cargo deny`, where it is installed.
//!
//! The database of advisories lives elsewhere and changes daily, so there is nothing to check against offline; what
//! was not checked is said, never passed. `docs/decisions/0002-licences-and-advisories.md` has the reasons.

use miette::{IntoDiagnostic as _, Result, WrapErr as _};

use super::{Context, Outcome};
use crate::cargo;

const HOW: &str =
    "cargo-deny is not installed; to check: cargo install --locked cargo-deny && cargo deny check advisories";

/// Checks, or says that nothing was checked.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let deny = || cargo::outside(&context.shell, "cargo").arg("deny");
    if deny().arg("--version").quiet().ignore_stderr().read().is_err() {
        return Ok(Outcome::NotChecked {
            reason: HOW.to_owned(),
        });
    }
    let help = "without a route to the database of advisories, leave this step out: --skip advisories";
    deny()
        .args(["check", "advisories"])
        .run()
        .into_diagnostic()
        .wrap_err(help)?;
    Ok(Outcome::Passed)
}
