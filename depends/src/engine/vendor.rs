//! Copying the sources of several hosts into a directory, from which another machine builds without a network.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Engine, EngineError};
use crate::atomic;
use crate::digest::Digest;
use crate::fetch::{FetchError, Fetched};
use crate::observer::{Event, Phase};

/// The list of digests in the directory, as `sha256sum` reads it.
pub const SUMS: &str = "SHA256SUMS";

/// What [`Engine::vendor`] put into the directory.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Vendored {
    /// The files that were copied.
    pub copied: Vec<String>,
    /// The files that were there before.
    pub present: Vec<String>,
    /// The size of all of them, in bytes.
    pub n_bytes: u64,
}

/// Why sources are not put into a directory.
#[derive(Debug, thiserror::Error, miette::Diagnostic)]
pub enum VendorError {
    /// The directory has another file of that name.
    #[error("{} is another file than the source: it has the digest {actual}, not {expected}", path.display())]
    #[diagnostic(help("nothing was written; remove the file, or name another directory"))]
    Different {
        /// The file.
        path: PathBuf,
        /// The recipe's digest.
        expected: Digest,
        /// The file's.
        actual: Digest,
    },
    /// The list of digests says otherwise of a file that is not there.
    #[error("{} gives {file} the digest {listed}, and the recipe {expected}", path.display())]
    #[diagnostic(help("nothing was written; remove the line, or name another directory"))]
    Listed {
        /// The list.
        path: PathBuf,
        /// The file.
        file: String,
        /// The list's digest.
        listed: Digest,
        /// The recipe's.
        expected: Digest,
    },
    /// The list of digests has a line that is none of `sha256sum`'s.
    #[error("{}: {line:?} is no line of digest and file name", path.display())]
    Malformed {
        /// The list.
        path: PathBuf,
        /// The line.
        line: String,
    },
    /// The source is a directory, which is no file to copy.
    #[error("the source of {package} is the directory {}", path.display())]
    #[diagnostic(help("give its recipe a route to an archive"))]
    Tree {
        /// The package.
        package: String,
        /// The directory.
        path: PathBuf,
    },
}

/// A source file that is to be copied.
struct Wanted {
    file: String,
    from: PathBuf,
    sha256: Digest,
}

impl Engine {
    /// Fetches the sources that a build for any of `hosts` needs, and copies them into `directory` under their names,
    /// with a list of their digests. What the list says of other files there stays.
    ///
    /// # Errors
    /// A source cannot be had, or the directory has a different file under the name of one: nothing is written then.
    pub fn vendor(&self, directory: &Path, hosts: &[&str]) -> Result<Vendored, EngineError> {
        let wanted = self.fetch_all(hosts)?;
        let mut sums = read_sums(&directory.join(SUMS))?;
        let mut vendored = Vendored::default();
        let mut missing = Vec::new();
        for wanted in wanted {
            let path = directory.join(&wanted.file);
            let expected = wanted.sha256;
            vendored.n_bytes += fs_err::metadata(&wanted.from)?.len();
            match present(&path)? {
                Some(actual) if actual == expected => {
                    vendored.present.push(wanted.file.clone());
                }
                Some(actual) => {
                    return Err(VendorError::Different {
                        path,
                        expected,
                        actual,
                    }
                    .into());
                }
                None => {
                    if let Some(&listed) = sums.get(&wanted.file).filter(|listed| **listed != expected) {
                        let path = directory.join(SUMS);
                        let file = wanted.file;
                        return Err(VendorError::Listed {
                            path,
                            file,
                            listed,
                            expected,
                        }
                        .into());
                    }
                    vendored.copied.push(wanted.file.clone());
                    missing.push(wanted);
                    continue;
                }
            }
            sums.insert(wanted.file, expected);
        }
        fs_err::create_dir_all(directory)?;
        for wanted in missing {
            copy(&wanted, directory)?;
            sums.insert(wanted.file, wanted.sha256);
        }
        let text: String = sums
            .iter()
            .map(|(file, digest)| format!("{digest}  {file}\n"))
            .collect();
        if fs_err::read_to_string(directory.join(SUMS)).ok().as_ref() != Some(&text) {
            atomic::write(&directory.join(SUMS), text.as_bytes())?;
        }
        Ok(vendored)
    }

    /// One file of each source, in the order of the packages.
    fn fetch_all(&self, hosts: &[&str]) -> Result<Vec<Wanted>, EngineError> {
        let fetcher = self.fetcher();
        let mut failed: Vec<(String, FetchError)> = Vec::new();
        let mut wanted = Vec::new();
        for name in self.packages_for(hosts)? {
            let Some(recipe) = self.recipes.get(&name) else {
                continue;
            };
            self.observer.notice(&Event::Phase {
                package: &name,
                phase: Phase::Fetch,
            });
            match fetcher.fetch(&name, &recipe.source, recipe.directory(), &*self.observer) {
                Ok(Fetched::Archive { path, archive }) => {
                    let archive = &recipe.source.archives[archive];
                    wanted.push(Wanted {
                        file: archive.file.clone(),
                        from: path,
                        sha256: archive.sha256,
                    });
                }
                Ok(Fetched::Tree(path)) => return Err(VendorError::Tree { package: name, path }.into()),
                Err(error) => failed.push((name, error)),
            }
        }
        // Packages may share a source file.
        wanted.sort_by(|left, right| left.file.cmp(&right.file));
        wanted.dedup_by(|left, right| left.file == right.file);
        if failed.is_empty() {
            Ok(wanted)
        } else {
            Err(EngineError::Sources(failed))
        }
    }
}

/// The digest of the file at `path`, unless there is none.
fn present(path: &Path) -> io::Result<Option<Digest>> {
    if fs_err::symlink_metadata(path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
        return Ok(None);
    }
    Digest::of_file(path).map(Some)
}

/// Copies a file and verifies the copy before it gets its name.
fn copy(wanted: &Wanted, directory: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{}.", wanted.file))
        .tempfile_in(directory)?;
    io::copy(&mut fs_err::File::open(&wanted.from)?, file.as_file_mut())?;
    let path = directory.join(&wanted.file);
    if Digest::of_file(file.path())? != wanted.sha256 {
        let message = format!(
            "{} changed while it was copied to {}",
            wanted.from.display(),
            path.display()
        );
        return Err(io::Error::other(message));
    }
    atomic::persist(file, &path)
}

/// The digests in a list that may not be there.
fn read_sums(path: &Path) -> Result<BTreeMap<String, Digest>, EngineError> {
    let text = match fs_err::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeMap::new()),
        text => text?,
    };
    text.lines()
        .map(|line| {
            let parsed = line
                .split_once("  ")
                .and_then(|(digest, file)| Some((file.to_owned(), digest.parse().ok()?)));
            let malformed = || VendorError::Malformed {
                path: path.to_owned(),
                line: line.to_owned(),
            };
            Ok(parsed.ok_or_else(malformed)?)
        })
        .collect()
}
