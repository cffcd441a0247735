//! The chains that nodes are measured with. Those that take long to make are kept.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::UNIX_EPOCH;

use miette::{IntoDiagnostic as _, Result, miette};

use super::{Size, clear, read};
use crate::bench::say;

/// Beside a chain: which program made it.
const MAKER: &str = "maker";

/// The chains, each the data directory of a node.
pub(super) struct Chains(PathBuf);

impl Chains {
    /// Makes those that are not there, or were made by another program than `driver` is now.
    pub(super) fn make(driver: &Path, size: &Size) -> Result<Self> {
        // Benchmarks land in <target directory>/<profile>/deps.
        let target = driver
            .ancestors()
            .nth(3)
            .ok_or_else(|| miette!("{} is in no target directory", driver.display()))?;
        let directory = target.join(format!("bench/{}-{}", size.reindexed, size.opened));
        let maker = maker(driver)?;
        for (name, count) in [("reindexed", size.reindexed), ("opened", size.opened)] {
            let chain = directory.join(name);
            if fs_err::read_to_string(chain.join(MAKER)).is_ok_and(|text| text == maker) {
                continue;
            }
            say(&format!("a chain of {count} blocks"));
            clear(&chain.join("regtest"))?;
            let mut command = Command::new(driver);
            command.arg("grow").arg(chain.join("regtest"));
            read(command.arg(count.to_string()))?;
            fs_err::write(chain.join(MAKER), &maker).into_diagnostic()?;
        }
        Ok(Self(directory))
    }

    pub(super) fn directory(&self) -> &Path {
        &self.0
    }

    /// An empty place for a chain that ends in a large block, which one daemon is asked for.
    pub(super) fn place_for_large(&self, daemon: &str) -> Result<PathBuf> {
        let place = self.0.join(format!("large-{daemon}/regtest"));
        clear(&place)?;
        Ok(place)
    }
}

/// Tells a program from an older one at the same place.
fn maker(driver: &Path) -> Result<String> {
    let modified = fs_err::metadata(driver)
        .and_then(|metadata| metadata.modified())
        .into_diagnostic()?;
    let since = modified.duration_since(UNIX_EPOCH).into_diagnostic()?;
    Ok(format!("{} {}\n", driver.display(), since.as_nanos()))
}
