//! The grammar of the commands that write recipes.

use clap::{ArgGroup, Args};
use depends::digest::Digest;

use crate::arguments::DependsArguments;

pub(crate) const NEW_HELP: &str = "\
  cargo xtask depends new zlib --url https://example.org/zlib-1.3.tar.gz --description 'Compression'
  cargo xtask depends new qrencode --apt qrencode --suite trixie
  cargo xtask depends new zeromq --crate zeromq-src@0.3.6+4.3.5 --root zeromq-src-0.3.6+4.3.5/vendor

The archive is fetched and looked into. What cannot be told from it says `FILL IN`, and every command refuses the
recipes until it is filled in. Then let an option select the package, in packages/selection.toml.";

/// What a first recipe is made of: the words are the name and options.
#[derive(Debug, Clone, Args)]
#[command(
    override_usage = "cargo xtask depends new NAME [NAME=VALUE]... --url URL|--apt SOURCE|--crate CRATE@VERSION"
)]
#[command(group = ArgGroup::new("origin").required(true).args(["url", "apt", "krate"]))]
pub(crate) struct NewArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// Where the archive is: https://, http:// or file://.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// The Debian source package that has it.
    #[arg(long, value_name = "SOURCE", requires = "suite")]
    pub(crate) apt: Option<String>,
    /// The Debian suite.
    #[arg(long, requires = "apt")]
    pub(crate) suite: Option<String>,
    /// The file of the source package; by default, upstream's archive.
    #[arg(long, requires = "apt")]
    pub(crate) file: Option<String>,
    /// The crate that has it, with its exact version.
    #[arg(long = "crate", value_name = "CRATE@VERSION", value_parser = crate_and_version)]
    pub(crate) krate: Option<(String, String)>,
    /// The directory in the archive that is the source; by default, the only one at its top.
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<String>,
    /// The version; by default, what the archive's name says.
    #[arg(long)]
    pub(crate) version: Option<String>,
    /// The licence, an SPDX expression; by default, what is recognised.
    #[arg(long, value_name = "SPDX")]
    pub(crate) license: Option<String>,
    /// What it is, in one line.
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,
    /// Its web site.
    #[arg(long, value_name = "URL")]
    pub(crate) homepage: Option<String>,
    /// Only print the recipe.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

pub(crate) const UPDATE_HELP: &str = "\
  cargo xtask depends update miniupnpc 2.2.9
  cargo xtask depends update zeromq 4.3.6 --crate-version 0.3.7+4.3.6

What says the version in routes and names changes, and the digests; comments and layout stay. Patches and licence files
are tried on the new source: where one does not fit, nothing is changed.";

/// Which recipe is moved, and whereto: the words are the name, the version and options.
#[derive(Debug, Clone, Args)]
#[command(override_usage = "cargo xtask depends update NAME VERSION [NAME=VALUE]...")]
pub(crate) struct UpdateArguments {
    #[command(flatten)]
    pub(crate) depends: DependsArguments,
    /// The digest that the new archive must have.
    #[arg(long, value_name = "DIGEST")]
    pub(crate) sha256: Option<Digest>,
    /// The version of the crate that carries it.
    #[arg(long, value_name = "VERSION")]
    pub(crate) crate_version: Option<String>,
    /// The Debian suite that carries it.
    #[arg(long)]
    pub(crate) suite: Option<String>,
    /// Change the recipe though something does not fit.
    #[arg(long)]
    pub(crate) force: bool,
    /// Only show what would change.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

fn crate_and_version(text: &str) -> Result<(String, String), String> {
    match text.split_once('@') {
        Some((name, version)) if !name.is_empty() && !version.is_empty() => {
            Ok((name.to_owned(), version.to_owned()))
        }
        _ => Err("a crate and its version are wanted, as in zeromq-src@0.3.6+4.3.5".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use crate::arguments::Arguments;

    #[test]
    fn a_recipe_comes_from_one_place() {
        let rows = [
            ("new x --url https://h/x-1.tar.gz LOG=1", true),
            ("new x --apt x --suite trixie", true),
            ("new x --crate x-src@0.3+1", true),
            ("new x", false),
            ("new x --apt x", false),
            ("new x --crate x-src", false),
            ("new x --url u --crate x@1", false),
            ("update x 1.2 --crate-version 3 --force", true),
            ("update x 1.2 --sha256 zz", false),
        ];
        for (line, expected) in rows {
            let words = ["xtask", "depends"].into_iter().chain(line.split(' '));
            assert_eq!(Arguments::try_parse_from(words).is_ok(), expected, "{line}");
        }
    }
}
