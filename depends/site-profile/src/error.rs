//! Why a profile cannot be used, each with what to do about it.

use std::path::PathBuf;

/// A profile that cannot be read or used.
#[derive(Debug, thiserror::Error)]
pub enum ProfileError {
    /// The file cannot be opened or read.
    #[error(
        "cannot read the site profile {}\n  help: run `cargo xtask depends` to make one, or set CONFIG_SITE to the share/config.site.toml of a prefix",
        path.display()
    )]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The file is no TOML, or not of this schema.
    #[error("{} is not a site profile: {reason}\n  help: {help}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, with line and column where they are known.
        reason: String,
        /// What to do.
        help: &'static str,
    },
    /// The file is the one for the configure scripts of other trees.
    #[error(
        "{} is for configure scripts, and is not the site profile\n  help: set CONFIG_SITE to {}",
        path.display(), profile.display()
    )]
    ForConfigureScripts {
        /// The file.
        path: PathBuf,
        /// Where the profile of the same prefix lies.
        profile: PathBuf,
    },
    /// The file is of another version of the schema.
    #[error(
        "{} has schema version {found}, this workspace reads version {expected}\n  help: run `cargo xtask depends` with this checkout to write it anew",
        path.display()
    )]
    OtherSchema {
        /// The file.
        path: PathBuf,
        /// The version in the file.
        found: u32,
        /// The version that this crate reads.
        expected: u32,
    },
    /// The file was copied out of the prefix that it describes.
    #[error(
        "{} describes the prefix {}, where it is not\n  help: move the whole prefix, and set CONFIG_SITE to its share/config.site.toml",
        path.display(), prefix.display()
    )]
    OutsidePrefix {
        /// The file.
        path: PathBuf,
        /// Where the prefix would be.
        prefix: PathBuf,
    },
    /// The profile does not name the tool.
    #[error("the site profile {} names no tool {tool}\n  help: run `cargo xtask configure` to see what it offers", path.display())]
    ToolUnknown {
        /// The tool.
        tool: String,
        /// The profile.
        path: PathBuf,
    },
    /// The profile names the tool, but the program is not there.
    #[error("{}, which the site profile {} names as its {tool}, is not there\n  help: install it, or run `cargo xtask depends` again", program.display(), path.display())]
    ToolMissing {
        /// The tool.
        tool: String,
        /// The program that was looked for.
        program: PathBuf,
        /// The profile.
        path: PathBuf,
    },
}
