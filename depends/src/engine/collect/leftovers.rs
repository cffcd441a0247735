//! What killed and failed runs have left, and sources that no recipe names.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use super::{Collected, N_KEY_DIGITS, What};
use crate::atomic;
use crate::directory::{children, name};
use crate::engine::{Engine, EngineError};
use crate::host::Host;
use crate::lock::Lock;
use crate::prefix;
use crate::sandbox;
use crate::scratch::Scratch;

impl Engine {
    pub(super) fn collect_leftovers(
        &self,
        dry_run: bool,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        for (path, n_bytes) in self.cache().sweep(dry_run)? {
            collected.add(What::Leftover, path, n_bytes);
        }
        let scratch = [
            self.layout.work.join("fetch"),
            self.layout.sandbox_root().join(sandbox::FRESH),
        ];
        let hosts = Host::all().iter();
        let unfinished = hosts.map(|host| prefix::unfinished(&self.layout.prefix(&host.triplet)));
        for common in scratch.into_iter().chain(unfinished) {
            for path in Scratch::abandoned(&common)? {
                collected.add(What::Scratch, path.clone(), size(&path)?);
                if !dry_run {
                    atomic::remove_directory(&path)?;
                }
            }
        }
        self.collect_prefixes(dry_run, collected)?;
        self.collect_builds(dry_run, collected)?;
        for path in crate::fetch::leftovers(&self.layout.sources)? {
            let n_bytes = fs_err::metadata(&path).map_or(0, |metadata| metadata.len());
            if !dry_run {
                atomic::remove_file(&path)?;
            }
            collected.add(What::Leftover, path, n_bytes);
        }
        Ok(())
    }

    /// Prefixes that were never finished.
    fn collect_prefixes(&self, dry_run: bool, collected: &mut Collected) -> Result<(), EngineError> {
        for path in children(&self.layout.base)? {
            let name = name(&path);
            let Some(host) = Host::all()
                .iter()
                .find(|host| name.starts_with(&format!(".{}-", host.triplet)))
            else {
                continue;
            };
            let lock = self.layout.lock(&format!("{}.lock", host.triplet));
            let Some(_lock) = Lock::try_acquire_existing(&lock)? else {
                continue;
            };
            if !path.is_dir() {
                continue;
            }
            collected.add(What::Scratch, path.clone(), size(&path)?);
            if !dry_run {
                atomic::remove_directory(&path)?;
            }
        }
        Ok(())
    }

    /// Directories and logs of builds that failed or were killed.
    fn collect_builds(&self, dry_run: bool, collected: &mut Collected) -> Result<(), EngineError> {
        let locks = children(&self.layout.work.join("locks"))?;
        // Whoever builds holds the lock that has the key for its name, and has made it before all else.
        let free = |name: &str| -> io::Result<Option<Lock>> {
            let Some((_, key)) = name.rsplit_once('-') else {
                return Ok(None);
            };
            let is_key = key.len() == N_KEY_DIGITS;
            let lock = locks.iter().find(|lock| {
                let file = lock.file_name().unwrap_or_default().to_string_lossy();
                is_key && file.starts_with(key)
            });
            lock.map_or(Ok(None), |lock| Lock::try_acquire_existing(lock))
        };
        for triplet in children(&self.layout.build_root())? {
            for package in children(&triplet)? {
                for path in children(&package)? {
                    let name = name(&path);
                    let Some(_lock) = free(&name)? else { continue };
                    if !path.is_dir() {
                        continue;
                    }
                    collected.add(What::Scratch, path.clone(), size(&path)?);
                    if !dry_run {
                        atomic::remove_directory(&path)?;
                    }
                }
            }
        }
        for triplet in children(&self.layout.work.join("log"))? {
            for path in children(&triplet)? {
                let stem = path
                    .file_stem()
                    .unwrap_or_default()
                    .to_string_lossy()
                    .into_owned();
                let Some(_lock) = free(&stem)? else { continue };
                if !path.is_file() {
                    continue;
                }
                collected.add(What::Log, path.clone(), size(&path)?);
                if !dry_run {
                    atomic::remove_file(&path)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn collect_sources(
        &self,
        dry_run: bool,
        collected: &mut Collected,
    ) -> Result<(), EngineError> {
        // It may serve other checkouts, whose recipes are not known here.
        if self.options.is_given("SOURCES_PATH") {
            collected.kept_sources = Some(self.layout.sources.clone());
            return Ok(());
        }
        let archives = self.recipes.iter().flat_map(|recipe| &recipe.source.archives);
        let named: BTreeSet<&str> = archives.map(|archive| archive.file.as_str()).collect();
        for path in children(&self.layout.sources)? {
            let file = name(&path);
            let is_file = fs_err::symlink_metadata(&path).is_ok_and(|metadata| metadata.is_file());
            // What is being fetched has a name that begins with a dot.
            if !is_file || file.starts_with('.') || named.contains(file.as_str()) {
                continue;
            }
            let n_bytes = size(&path)?;
            if !dry_run {
                atomic::remove_file(&path)?;
            }
            collected.add(What::Source, path, n_bytes);
        }
        Ok(())
    }
}

/// The size of a file, or of all files in a directory, in bytes. What vanishes meanwhile has none.
fn size(path: &Path) -> io::Result<u64> {
    let metadata = match fs_err::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        metadata => metadata?,
    };
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    children(path)?.iter().map(|child| size(child)).sum()
}
