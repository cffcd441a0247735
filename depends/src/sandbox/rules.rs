//! The Landlock rules of one build.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, Compatible as _, PathBeneath, PathFd, Ruleset,
    RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
};

use super::view::View;
use super::{Isolation, Room};
use crate::recipe::Escapes;

/// The newest rights that are asked for; an older system gives those that it knows.
const RIGHTS: ABI = ABI::V4;

/// Devices that any program may use.
const DEVICES: [&str; 6] = [
    "/dev/null",
    "/dev/zero",
    "/dev/full",
    "/dev/random",
    "/dev/urandom",
    "/dev/tty",
];

/// The rules under which a program of the build runs. With namespaces, only what the build sees can be read at all,
/// and the rules concern writing.
pub(super) fn rules(
    isolation: Isolation,
    view: &View,
    room: Room<'_>,
    escapes: &Escapes,
    log: &File,
) -> io::Result<RulesetCreated> {
    let failed = |error: landlock::RulesetError| io::Error::other(error);
    let alone = isolation == Isolation::Landlock;
    let handled = if alone {
        AccessFs::from_all(RIGHTS)
    } else {
        AccessFs::from_write(RIGHTS)
    };
    let mut ruleset = Ruleset::default()
        .set_compatibility(landlock::CompatLevel::BestEffort)
        .handle_access(handled)
        .map_err(failed)?;
    // With namespaces there is no network that could be refused.
    if alone && escapes.network.is_none() {
        ruleset = ruleset
            .handle_access(AccessNet::from_all(RIGHTS))
            .map_err(failed)?;
    }
    let mut created = ruleset.create().map_err(failed)?;
    let mut allow = |path: &Path, rights: BitFlags<AccessFs>| -> io::Result<()> {
        let Ok(file) = PathFd::new(path) else {
            // What is not there needs no rule.
            return Ok(());
        };
        let rights = if path.is_dir() {
            rights
        } else {
            rights & AccessFs::from_file(RIGHTS)
        };
        (&mut created)
            .add_rule(PathBeneath::new(file, rights & handled))
            .map(drop)
            .map_err(failed)
    };
    let all = AccessFs::from_all(RIGHTS);
    let writable = room.writable.iter().map(PathBuf::as_path);
    for path in writable.chain([room.temporary]).chain(DEVICES.map(Path::new)) {
        allow(path, all)?;
    }
    if alone {
        let read = AccessFs::from_read(RIGHTS);
        for path in view.system.iter().chain(&view.tools) {
            for path in around(path, &view.hidden) {
                allow(&path, read)?;
            }
        }
        let network = escapes.network.iter().flat_map(|_| &view.network);
        for path in view
            .configuration
            .iter()
            .chain(network)
            .chain(escapes.read.keys())
        {
            allow(path, read)?;
        }
        allow(room.directory, read)?;
        allow(Path::new("/proc"), read)?;
    }
    // Programs open their own output by the names that the system has for it.
    (&mut created)
        .add_rule(PathBeneath::new(log, AccessFs::from_file(RIGHTS) & handled))
        .map_err(failed)?;
    Ok(created)
}

/// The paths that together are all of `path` but what is hidden below it.
fn around(path: &Path, hidden: &BTreeSet<PathBuf>) -> Vec<PathBuf> {
    if hidden.contains(path) {
        return Vec::new();
    }
    let holds_hidden = hidden
        .range(path.to_owned()..)
        .next()
        .is_some_and(|first| first.starts_with(path));
    let is_directory = path.symlink_metadata().is_ok_and(|metadata| metadata.is_dir());
    if !holds_hidden || !is_directory {
        return vec![path.to_owned()];
    }
    let Ok(entries) = fs_err::read_dir(path) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .flat_map(|entry| around(&entry.path(), hidden))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_hidden_is_left_out_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for file in ["include/a.h", "include/b.h", "lib/c"] {
            fs_err::create_dir_all(root.join(file).parent().unwrap()).unwrap();
            fs_err::write(root.join(file), "").unwrap();
        }
        let hidden = BTreeSet::from([root.join("include/b.h"), root.join("other")]);
        let mut paths = around(root, &hidden);
        paths.sort();
        assert_eq!(paths, [root.join("include/a.h"), root.join("lib")]);
    }
}
