//! What is wrong with the tree, whatever its files hold: places, links, modes, the licence.

use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Component, Path, PathBuf};

use super::{Findings, Package, Rule};
use crate::archive::walk;

/// The directory in a prefix that takes the licences' texts, by package.
const LICENSES: &str = "share/licenses";

/// The directories of a prefix that compilers, build systems and people look into.
const PLACES: [&str; 5] = ["bin", "include", "lib", "libexec", "share"];

impl Package<'_> {
    pub(super) fn check_tree(&self, paths: &[PathBuf], findings: &mut Findings) -> io::Result<()> {
        let prefix = self.staged_prefix();
        for path in paths {
            let metadata = fs_err::symlink_metadata(prefix.join(path))?;
            check_place(path, metadata.is_dir(), findings);
            if metadata.is_symlink() {
                self.check_link(path, findings)?;
                continue;
            }
            if path.extension().is_some_and(|extension| extension == "la") && metadata.is_file() {
                findings.add(Rule::LibtoolArchive, path, "a file of libtool");
            }
            let mode = metadata.permissions().mode() & 0o7777;
            if mode & 0o6000 != 0 {
                let what = format!("runs as another user or group: mode {mode:04o}");
                findings.add(Rule::Mode, path, what);
            } else if mode & 0o002 != 0 && metadata.is_file() {
                findings.add(
                    Rule::Mode,
                    path,
                    format!("anybody may change it: mode {mode:04o}"),
                );
            }
        }
        Ok(())
    }

    /// What was installed beside the prefix, and would be lost in silence.
    pub(super) fn check_outside(&self, findings: &mut Findings) -> io::Result<()> {
        let inside = Path::new(self.prefix.trim_start_matches('/'));
        for path in walk(self.stage)? {
            let is_directory = fs_err::symlink_metadata(self.stage.join(&path))?.is_dir();
            if !path.starts_with(inside) && !is_directory {
                let what = format!("installed outside of the prefix, which is {}", self.prefix);
                findings.add(Rule::Place, &Path::new("/").join(path), what);
            }
        }
        Ok(())
    }

    pub(super) fn check_licence(&self, findings: &mut Findings) -> io::Result<()> {
        let directory = Path::new(LICENSES).join(self.name);
        let full = self.staged_prefix().join(&directory);
        let mut found = false;
        if full.is_dir() {
            for file in walk(&full)? {
                let metadata = fs_err::metadata(full.join(file))?;
                found |= metadata.is_file() && metadata.len() > 0;
            }
        }
        if !found {
            findings.add(Rule::Licence, &directory, "holds no text of a licence");
        }
        Ok(())
    }

    fn check_link(&self, path: &Path, findings: &mut Findings) -> io::Result<()> {
        let prefix = self.staged_prefix();
        let target = fs_err::read_link(prefix.join(path))?;
        let to = target.display();
        match resolve(path, &target) {
            None => findings.add(Rule::Link, path, format!("leads out of the package, to {to}")),
            Some(resolved) => {
                let there = |root: &Path| root.join(&resolved).symlink_metadata().is_ok();
                if !there(&prefix) && !there(self.dependencies) {
                    findings.add(Rule::Link, path, format!("leads to {to}, which is not there"));
                }
            }
        }
        Ok(())
    }
}

fn check_place(path: &Path, is_directory: bool, findings: &mut Findings) {
    let mut components = path.components();
    let (first, rest) = (components.next(), components.next());
    let known = first.is_some_and(|first| PLACES.iter().any(|place| first.as_os_str() == *place));
    let what = match (known, rest, is_directory) {
        (false, None, true) => "a directory that nothing looks into",
        (false, None, false) | (true, None, false) => "a file at the top of the prefix",
        _ => return,
    };
    findings.add(Rule::Place, path, what);
}

/// Where a link leads, relative to the prefix; `None` where that is outside.
fn resolve(link: &Path, target: &Path) -> Option<PathBuf> {
    let mut resolved: Vec<_> = link.parent()?.components().collect();
    for component in target.components() {
        match component {
            Component::Normal(_) => resolved.push(component),
            Component::CurDir => {}
            Component::ParentDir => drop(resolved.pop()?),
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(resolved.into_iter().collect())
}
