//! `install`: builds, then copies executables and papers below a prefix, and with multiprocess what clients of the node
//! are made with.

mod clients;

use std::path::{Path, PathBuf};

use miette::{IntoDiagnostic as _, Result};

use crate::arguments::InstallArguments;
use crate::executables::MULTIPROCESS;
use crate::{build, publish, workspace};

/// What is installed besides the executables.
const PAPERS: [&str; 2] = ["README.md", "LICENSE"];
/// Where it is installed.
const DOCUMENTS: &str = "share/doc/multiprocess-syscoin";

/// Builds and installs, and names each file.
///
/// # Errors
/// The build fails, or a file cannot be written.
pub(crate) fn run(arguments: &InstallArguments) -> Result<()> {
    let built = build::build(&arguments.build)?;
    let current = std::env::current_dir().into_diagnostic()?;
    let prefix = staged(
        std::env::var_os("DESTDIR").map(PathBuf::from),
        &current.join(&arguments.prefix),
    );
    let executables = built
        .names
        .iter()
        .map(|name| (built.directory.join(name), prefix.join("bin").join(name)));
    let papers = PAPERS
        .iter()
        .map(|name| (workspace::root().join(name), prefix.join(DOCUMENTS).join(name)));
    for (from, to) in executables.chain(papers) {
        publish::copy(&from, &to).into_diagnostic()?;
        println!("installed {}", to.display());
    }
    if built.features.is_on(MULTIPROCESS) {
        for file in clients::install(&prefix).into_diagnostic()? {
            println!("installed {}", file.display());
        }
    }
    Ok(())
}

/// The prefix below the directory that a packager stages into.
fn staged(destination: Option<PathBuf>, prefix: &Path) -> PathBuf {
    match destination.filter(|path| !path.as_os_str().is_empty()) {
        Some(destination) => destination.join(prefix.strip_prefix("/").unwrap_or(prefix)),
        None => prefix.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packagers_directory_goes_before_the_prefix() {
        for (destination, expected) in [(None, "/usr"), (Some(""), "/usr"), (Some("/stage"), "/stage/usr")] {
            assert_eq!(
                staged(destination.map(PathBuf::from), Path::new("/usr")),
                Path::new(expected)
            );
        }
    }
}
