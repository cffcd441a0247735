//! Objects of another process: handles that any thread may use, and the calls made through them.

mod call;
mod remote;

pub(crate) use call::Call;
pub(crate) use remote::{Interface, Remote, Runs};
