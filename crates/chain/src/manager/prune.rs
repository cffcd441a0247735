//! Removing files of blocks that are not needed any more.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use consensus::Network;

use super::{ChainError, ChainstateManager, Pruning};
use crate::files::{FileInfo, FileSizes};
use crate::index::{Flag, IndexBatch};

/// So many blocks are kept before the tip, for reorganisations and for peers.
pub(super) const KEPT_BLOCKS: u32 = 288;

/// So many bytes before what `-prune` allows files are removed already: those that grow next take a chunk of blocks and one
/// of undo data at once.
const NEXT_GROWTH: u64 = (16 + 1) << 20;

/// What `-prune` allows at least, in bytes.
const LEAST_LIMIT: u64 = 550 << 20;

/// So many blocks are kept before the one that somebody has followed the chain to, for small reorganisations.
const KEPT_FOR_FOLLOWERS: u32 = 11;

impl ChainstateManager {
    /// Removes the files all of whose blocks are at this height or below, and far enough below the tip
    /// (`pruneblockchain`).
    ///
    /// # Errors
    /// [`ChainError`] if the chain cannot be read or written.
    pub fn prune(&self, height: u32) -> Result<(), ChainError> {
        let _writer = self.write();
        let infos = self.files.infos();
        let files = self.removable(&infos, height).map(|(number, _)| number);
        self.remove_files(files.collect())
    }

    /// The height that the best chain must have before anything of it is removed.
    #[must_use]
    pub fn prune_after(&self) -> u32 {
        first_height(self.params().network, self.config.sizes)
    }

    /// Says up to which height somebody has followed the chain, who needs the blocks after it and a few before.
    pub fn keep_for(&self, follower: &'static str, height: u32) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.insert(follower, height);
    }

    /// Lets those that have followed the chain to a block that is gone need what they need to follow it from before there.
    pub(super) fn followers_return_to(&self, height: u32) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        for (follower, followed) in followers.iter_mut().filter(|(_, followed)| **followed > height) {
            *followed = height;
            tracing::debug!(target: "prune", "{follower} prune lock moved back to {height}");
        }
    }

    /// Says that somebody does not follow the chain any more.
    pub(super) fn keep_no_more_for(&self, follower: &'static str) {
        let mut followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.remove(follower);
    }

    /// Removes the oldest files while there could soon be more bytes than `-prune` allows, if they have grown since this was
    /// last looked at. The writer's lock must be held.
    pub(super) fn prune_if_large(&self) -> Result<(), ChainError> {
        let Pruning::Above(limit) = self.config.pruning else {
            return Ok(());
        };
        if self.is_rebuilding() || !self.files.take_growth() {
            return Ok(());
        }
        let tip = {
            let tree = self.tree();
            tree.tip().map_or(0, |tip| tree.entry(tip).height)
        };
        if tip <= self.prune_after() {
            return Ok(());
        }
        let limit = match self.background().is_some() {
            // Both chains have their share.
            true => LEAST_LIMIT.max(limit / 2),
            false => limit,
        };
        let infos = self.files.infos();
        let total = infos.iter().map(bytes).sum();
        let more = match self.is_initial_block_download() {
            true => FurtherRoom::Tenth,
            false => FurtherRoom::None,
        };
        let mut excess = Excess::new(total, limit, more);
        let files = self.removable(&infos, u32::MAX);
        let files = files.take_while(|(_, info)| excess.take(bytes(info)));
        self.remove_files(files.map(|(number, _)| number).collect())
    }

    /// The files that may be removed, by their numbers.
    fn removable<'a>(
        &self,
        infos: &'a [FileInfo],
        height: u32,
    ) -> impl Iterator<Item = (u32, &'a FileInfo)> + use<'a> {
        let tree = self.tree();
        let tip = tree.tip().map_or(0, |tip| tree.entry(tip).height);
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut last = height.min(tip.saturating_sub(KEPT_BLOCKS));
        if let Some((follower, followed)) = followers.iter().min_by_key(|(_, height)| **height) {
            let limit = followed.saturating_sub(KEPT_FOR_FOLLOWERS);
            tracing::debug!(target: "prune", "{follower} limited pruning to height {limit}");
            last = last.min(limit);
        }
        // Blocks are still added to the last one.
        let end = self.files.last_file();
        (0..end)
            .zip(infos)
            .filter(move |(_, info)| info.size > 0 && info.last_height <= last && last > 0)
    }

    /// The index forgets the blocks before their files are removed: what is left over if that is cut off is found and
    /// removed at the next start.
    fn remove_files(&self, files: BTreeSet<u32>) -> Result<(), ChainError> {
        if files.is_empty() {
            return Ok(());
        }
        // Coins that are up to a block whose undo data goes would be of no use after a crash.
        self.flush_with_writer()?;
        let mut tree = self.tree_mut();
        let gone: Vec<_> = tree
            .iter()
            .filter(|(_, entry)| {
                entry
                    .position
                    .is_some_and(|position| files.contains(&position.file))
            })
            .map(|(id, _)| id)
            .collect();
        for id in gone {
            tree.pruned(id);
        }
        drop(tree);
        self.index.write(&IndexBatch {
            flags: vec![(Flag::Pruned, true)],
            ..IndexBatch::default()
        })?;
        self.is_pruned.store(true, Ordering::Relaxed);
        self.write_index()?;
        for number in files {
            self.files.remove(number)?;
            tracing::info!("Prune: deleted blk/rev ({number:05})");
        }
        self.write_index()
    }
}

/// How much is removed beyond what must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FurtherRoom {
    None,
    /// A tenth of what `-prune` allows: while old blocks come, files grow fast, and the coins are written each time that any
    /// are removed.
    Tenth,
}

/// How many bytes of files are to be removed.
struct Excess {
    /// The files that are left.
    total: u64,
    /// Files are removed until there are fewer.
    enough: u64,
}

impl Excess {
    /// Of files of so many bytes, of which `-prune` allows `limit`.
    fn new(total: u64, limit: u64, more: FurtherRoom) -> Self {
        let enough = limit.saturating_sub(NEXT_GROWTH);
        Self {
            total,
            enough: match more {
                FurtherRoom::Tenth if total >= enough => enough.saturating_sub(limit / 10),
                _ => enough,
            },
        }
    }

    /// Whether a file of so many bytes is to be removed too.
    fn take(&mut self, bytes: u64) -> bool {
        let is_needed = self.total >= self.enough;
        if is_needed {
            self.total -= bytes;
        }
        is_needed
    }
}

/// The height that a chain must have before anything of it is removed.
fn first_height(network: Network, sizes: FileSizes) -> u32 {
    match (network, sizes) {
        (Network::Main, _) => 100_000,
        (Network::Regtest, FileSizes::Small) => 100,
        (Network::Test | Network::Signet | Network::Regtest, _) => 1_000,
    }
}

fn bytes(info: &FileInfo) -> u64 {
    u64::from(info.size) + u64::from(info.undo_size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_removed_when_the_next_growth_would_not_be_allowed() {
        const MIB: u64 = 1 << 20;
        let check = |total, more, expected| {
            let mut excess = Excess::new(total, 600 * MIB, more);
            let n_removed = (0..6).take_while(|_| excess.take(100 * MIB)).count();
            assert_eq!(n_removed, expected, "{total} {more:?}");
        };
        for (total, expected) in [
            (583 * MIB - 1, 0),
            (583 * MIB, 1),
            (600 * MIB, 1),
            (683 * MIB - 1, 1),
            (683 * MIB, 2),
        ] {
            check(total, FurtherRoom::None, expected);
        }
        for (total, expected) in [
            (583 * MIB - 1, 0),
            (583 * MIB, 1),
            (623 * MIB - 1, 1),
            (623 * MIB, 2),
        ] {
            check(total, FurtherRoom::Tenth, expected);
        }
    }

    #[test]
    fn young_chains_are_kept_whole() {
        for (network, sizes, expected) in [
            (Network::Main, FileSizes::Normal, 100_000),
            (Network::Main, FileSizes::Small, 100_000),
            (Network::Test, FileSizes::Normal, 1_000),
            (Network::Signet, FileSizes::Normal, 1_000),
            (Network::Regtest, FileSizes::Normal, 1_000),
            (Network::Regtest, FileSizes::Small, 100),
        ] {
            assert_eq!(first_height(network, sizes), expected, "{network} {sizes:?}");
        }
    }
}
