//! What differs between the executables, and the version they share.

/// The version as one number: major, minor and patch with two digits each for the latter two, as `getnetworkinfo`
/// reports it.
pub const CLIENT_VERSION: u32 = 50_101;

/// The version as users read it.
pub const CLIENT_VERSION_TEXT: &str = "v5.1.1";

/// The product's name in messages.
pub const PACKAGE_NAME: &str = "Syscoin Core";

/// One executable, as `-help` and `-version` present it.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// The file's name, as `syscoin-node`.
    pub name: &'static str,
    /// What it is, as `Syscoin Core multiprocess daemon`.
    pub title: &'static str,
    /// The lines of `-help` that follow `Usage:`.
    pub usage: &'static str,
}

impl Program {
    /// The first line of `-help` and `-version`.
    pub fn version_line(&self) -> String {
        format!("{} version {CLIENT_VERSION_TEXT}", self.title)
    }
}

/// What `-version` prints.
pub fn version_text(program: &Program) -> String {
    format!(
        "{}\nCopyright (c) 2026 The multiprocess Syscoin developers\n\n\
         This is free software under the MIT licence, without warranty of any kind.\n\
         See the file LICENSE that came with it.\n",
        program.version_line()
    )
}
