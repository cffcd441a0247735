//! How much room there is on the disk: a node that has little does not start, and one that runs stops while it still can
//! write what it has in memory.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::schedule::Every;
use crate::state::Node;

/// The least room, in bytes.
const LEAST: u64 = 50 << 20;

/// How often a node looks.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5 * 60);

/// There is little room. The text is Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
#[error("Disk space is low for \"{path}\"", path = .0.display())]
pub(crate) struct LowDiskSpace(PathBuf);

/// Whether there is room at a place, which need not be there yet.
pub(crate) fn check(place: &Path) -> Result<(), LowDiskSpace> {
    match free(place) {
        Some(free) if free < LEAST => Err(LowDiskSpace(place.to_owned())),
        _ => Ok(()),
    }
}

/// Stops the node when there is little room for its blocks.
pub(crate) async fn watch(node: Node, mut often: Every) {
    loop {
        often.next().await;
        let Ok(node) = node.get() else { return };
        if check(&node.chain.config().blocks).is_err() {
            tracing::error!("Shutting down due to lack of disk space!");
            node.shutdown.request();
            return;
        }
    }
}

/// The bytes that this user may still write there, if the system tells.
#[cfg(unix)]
fn free(place: &Path) -> Option<u64> {
    let there = place.ancestors().find(|place| place.exists())?;
    let disk = rustix::fs::statvfs(there).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Nothing is known here.
#[cfg(not(unix))]
fn free(_place: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_that_are_not_there_yet_are_on_a_disk_too() {
        let directory = tempfile::tempdir().unwrap();
        let absent = directory.path().join("a/b");
        assert_eq!(free(&absent).is_some(), free(directory.path()).is_some());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_place_without_room_is_named() {
        // Nothing can be written to this file system, whoever asks.
        let error = check(Path::new("/proc")).unwrap_err();
        assert_eq!(error.to_string(), "Disk space is low for \"/proc\"");
    }
}
