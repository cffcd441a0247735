//! The unconfirmed transactions as a whole.

use super::Site;
use super::answer::{Content, Failure};
use super::target::Target;

pub(super) fn pool(site: &Site, target: &Target) -> Result<Content, Failure> {
    match target.path.as_str() {
        "info" => target.give_json(|| Ok(site.call("getmempoolinfo", Vec::new())?)),
        "contents" => target.give_json(|| {
            let is_verbose = flag(target, "verbose", true)?;
            let has_sequence = flag(target, "mempool_sequence", false)?;
            if is_verbose && has_sequence {
                return Err(Failure::bad(
                    "Verbose results cannot contain mempool sequence values. (hint: set \"verbose=false\")",
                ));
            }
            let params = vec![is_verbose.into(), has_sequence.into()];
            Ok(site.call("getrawmempool", params)?)
        }),
        _ => Err(Failure::bad(
            "Invalid URI format. Expected /rest/mempool/<info|contents>.json",
        )),
    }
}

/// A value of the query that is true or false.
fn flag(target: &Target, name: &str, default: bool) -> Result<bool, Failure> {
    match target.value(name)?.as_deref() {
        None => Ok(default),
        Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => Err(Failure::bad(format!(
            "The \"{name}\" query parameter must be either \"true\" or \"false\"."
        ))),
    }
}
