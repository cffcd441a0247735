//! The grammar of the commands that keep caches, sources and recipes in order.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::arguments::DependsArguments;

pub(crate) const GC_HELP: &str = "\
Without a limit, only leftovers of killed and failed runs go. These packages always stay:
  those that the given options plan; those of every prefix in depends/; those of each --root; those in use.
Prefixes of other checkouts that share a BASE_CACHE are not known: name them with --root.

  cargo xtask depends gc MULTIPROCESS=1 --older-than 30d --max-size 2G
  cargo xtask depends gc --max-size 0 --root /srv/release/share/config.site.toml --dry-run";

/// What is collected.
#[derive(Debug, Clone, Args)]
pub(crate) struct GcArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// Remove packages that no run needed for so long: 30d, 12h, 2w, 90m.
    #[arg(long, value_name = "AGE", value_parser = age)]
    pub(crate) older_than: Option<Duration>,
    /// Remove packages, the longest unused first, until the cache is no larger: 2G, 500M, 0.
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(crate) max_size: Option<u64>,
    /// Keep the packages of this profile or prefix, or of all profiles in this directory; may be given several times.
    #[arg(long, value_name = "PATH")]
    pub(crate) root: Vec<PathBuf>,
    /// Also remove source files that no recipe names; never from a SOURCES_PATH.
    #[arg(long)]
    pub(crate) sources: bool,
    /// Only list what would go.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) const VENDOR_HELP: &str = "\
  cargo xtask depends vendor /media/sources MULTIPROCESS=1 --all-hosts

and, on a machine without a network, where the directory may be read-only:

  cargo xtask depends MULTIPROCESS=1 SOURCES_PATH=/media/sources --offline
  cargo xtask depends MULTIPROCESS=1 FALLBACK_DOWNLOAD_PATH=file:///media/sources --offline

Every copy is verified, and listed in SHA256SUMS. A different file of the same name is never replaced.";

/// Which sources are copied, and where to: the words are the directory and options.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "cargo xtask depends vendor DIR [NAME=VALUE]...")]
pub(crate) struct VendorArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// Take the sources for this host too; may be given several times. By default, for HOST alone.
    #[arg(long, value_name = "TRIPLET")]
    pub(crate) host: Vec<String>,
    /// Take the sources for all known hosts.
    #[arg(long, conflicts_with = "host")]
    pub(crate) all_hosts: bool,
}

pub(crate) const LICENSES_HELP: &str = "\
  cargo xtask depends licenses MULTIPROCESS=1
  cargo xtask depends licenses MULTIPROCESS=1 --format notices --output THIRD-PARTY-LICENSES

Texts come from the built packages; where one is not built, notices are refused and the lists say so.";

/// How licences are shown.
#[derive(Debug, Clone, Args)]
pub(crate) struct LicensesArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// What to write.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: LicensesFormat,
    /// The file to write; by default, the standard output.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

/// What licences are written as.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum LicensesFormat {
    /// A table.
    #[default]
    Text,
    /// The table, for programs.
    Json,
    /// All texts, each once, for release archives.
    Notices,
}

pub(crate) const SHELL_HELP: &str = "\
  cargo xtask depends shell capnp HOST=aarch64-linux-gnu
  cargo xtask depends shell native_capnp MULTIPROCESS=1 --phase configured -- make VERBOSE=1

The package is built as far as the phase; then a shell, or the command after `--`, runs where its own commands run, with
their environment, private prefixes and sandbox. The exit code is the command's. The directory stays.";

/// Which package is worked on by hand.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "cargo xtask depends shell PACKAGE [NAME=VALUE]... [--phase PHASE] [-- COMMAND...]"
)]
pub(crate) struct ShellArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// How far the package is built before.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) phase: ShellPhase,
    /// The command; by default, an interactive shell.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

/// The stages that leave something to work on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum ShellPhase {
    /// The source is unpacked.
    Extracted,
    /// The patches are applied, and the private prefixes are there.
    #[default]
    Preprocessed,
    /// The build system is configured.
    Configured,
    /// The package is compiled.
    Built,
    /// The results are in the staging directory.
    Staged,
    /// What is not wanted is removed.
    Postprocessed,
}

fn age(text: &str) -> Result<Duration, String> {
    let seconds = match text.strip_suffix(|unit: char| unit.is_ascii_alphabetic()) {
        None => None,
        Some(_) if text.ends_with('m') => Some(60),
        Some(_) if text.ends_with('h') => Some(60 * 60),
        Some(_) if text.ends_with('d') => Some(24 * 60 * 60),
        Some(_) if text.ends_with('w') => Some(7 * 24 * 60 * 60),
        Some(_) => None,
    };
    let number = text.get(..text.len().saturating_sub(1)).unwrap_or_default();
    let parsed = number.parse::<u64>().ok().zip(seconds);
    parsed
        .and_then(|(number, seconds)| number.checked_mul(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "a number with m, h, d or w is wanted, such as 30d".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    let shift = match text.as_bytes().last() {
        Some(b'K') => 10,
        Some(b'M') => 20,
        Some(b'G') => 30,
        Some(b'T') => 40,
        _ => 0,
    };
    let number = if shift == 0 { text } else { &text[..text.len() - 1] };
    number
        .parse::<u64>()
        .ok()
        .and_then(|number| number.checked_mul(1 << shift))
        .ok_or_else(|| "a number of bytes is wanted, with K, M, G or T for powers of 1024".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_have_units() {
        let rows = [
            ("90m", Some(90 * 60)),
            ("0d", Some(0)),
            ("2w", Some(14 * 86400)),
            ("30", None),
            ("d", None),
            ("", None),
            ("1y", None),
            ("-1d", None),
            ("1ä", None),
            ("99999999999999999w", None),
        ];
        for (text, expected) in rows {
            assert_eq!(age(text).ok(), expected.map(Duration::from_secs), "{text:?}");
        }
    }

    #[test]
    fn sizes_are_bytes_or_powers_of_1024() {
        let rows = [
            ("0", Some(0)),
            ("12", Some(12)),
            ("500M", Some(500 << 20)),
            ("2G", Some(2 << 30)),
            ("G", None),
            ("", None),
            ("1.5G", None),
            ("2g", None),
            ("99999999999T", None),
        ];
        for (text, expected) in rows {
            assert_eq!(size(text).ok(), expected, "{text:?}");
        }
    }
}
