//! The file system that a build sees, as the list of steps that puts it together in an empty place.
//!
//! The list is made before the program's process exists, so that the process has only system calls left to make.

use std::ffi::CString;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{CWD, FileType, Mode};

use super::view::View;
use super::{FRESH, Room};
use crate::digest::Digest;
use crate::recipe::Escapes;
use crate::scratch::Scratch;

/// The user that a build runs as, whoever runs the engine.
pub(super) const USER: u32 = 1000;

/// One step. Errors of steps that only make a place are ignored: without the place, the mount on it fails.
#[derive(Debug)]
pub(super) enum Step {
    /// Makes a directory.
    Directory(CString),
    /// Makes a symbolic link.
    Link { target: CString, at: CString },
    /// Makes a file.
    File { at: CString, text: Vec<u8> },
    /// Mounts an empty file system in memory.
    Memory(CString),
    /// Mounts the table of the build's processes.
    Processes(CString),
    /// Mounts layers of directories, for reading.
    Layers { options: CString, at: CString },
    /// Mounts what lies at `from`; what is only read, with what is mounted below it.
    Bind {
        from: CString,
        at: CString,
        access: Access,
    },
    /// Lets nothing more be written.
    Seal(CString),
}

/// Whether what is mounted may be written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    ReadOnly,
    ReadWrite,
}

/// The steps that make the file system of a build at `root`, which is an empty directory.
pub(super) fn steps(root: &Path, view: &View, room: Room<'_>, escapes: &Escapes) -> io::Result<Vec<Step>> {
    let mut list = List {
        root,
        steps: vec![Step::Memory(text(root)?)],
    };
    // What follows may lie below it.
    for place in ["/tmp", "/dev/shm"] {
        list.bind(room.temporary, Path::new(place), Access::ReadWrite)?;
    }
    let hiding = hiding_layer(view)?;
    for path in &view.system {
        match fs_err::read_link(path) {
            Ok(target) => list.link(&target, path)?,
            Err(_) => {
                let hiding = hiding
                    .as_ref()
                    .map(|layer| layer.join(path.strip_prefix("/").unwrap_or(path)))
                    .filter(|layer| layer.is_dir());
                match hiding {
                    Some(layer) => list.layers(&layer, path)?,
                    None => list.bind(path, path, Access::ReadOnly)?,
                }
            }
        }
    }
    let network = escapes.network.iter().flat_map(|_| &view.network);
    for path in view
        .tools
        .iter()
        .chain(&view.configuration)
        .chain(network)
        .chain(escapes.read.keys())
    {
        if path.exists() {
            list.bind(path, path, Access::ReadOnly)?;
        }
    }
    list.etc()?;
    list.devices()?;
    list.directory(Path::new("/proc"))?;
    list.steps.push(Step::Processes(list.inside(Path::new("/proc"))?));
    list.bind(room.directory, room.place, Access::ReadWrite)?;
    for path in room.read_only.iter().filter(|path| path.exists()) {
        list.bind(path, &room.seen(path), Access::ReadOnly)?;
    }
    list.steps.push(Step::Seal(text(root)?));
    Ok(list.steps)
}

struct List<'a> {
    root: &'a Path,
    steps: Vec<Step>,
}

impl List<'_> {
    /// Where `path` lies while the file system is put together.
    fn inside(&self, path: &Path) -> io::Result<CString> {
        text(&self.root.join(path.strip_prefix("/").unwrap_or(path)))
    }

    fn directory(&mut self, path: &Path) -> io::Result<()> {
        let mut place = PathBuf::from("/");
        for component in path.components() {
            if let Component::Normal(name) = component {
                place.push(name);
                self.steps.push(Step::Directory(self.inside(&place)?));
            }
        }
        Ok(())
    }

    fn parent(&mut self, path: &Path) -> io::Result<()> {
        path.parent().map_or(Ok(()), |parent| self.directory(parent))
    }

    fn link(&mut self, target: &Path, at: &Path) -> io::Result<()> {
        self.parent(at)?;
        let (target, at) = (text(target)?, self.inside(at)?);
        self.steps.push(Step::Link { target, at });
        Ok(())
    }

    fn file(&mut self, at: &Path, content: &str) -> io::Result<()> {
        self.parent(at)?;
        self.steps.push(Step::File {
            at: self.inside(at)?,
            text: content.as_bytes().to_vec(),
        });
        Ok(())
    }

    fn bind(&mut self, from: &Path, at: &Path, access: Access) -> io::Result<()> {
        if from.is_dir() {
            self.directory(at)?;
        } else {
            self.file(at, "")?;
        }
        self.steps.push(Step::Bind {
            from: text(from)?,
            at: self.inside(at)?,
            access,
        });
        Ok(())
    }

    fn layers(&mut self, layer: &Path, path: &Path) -> io::Result<()> {
        self.directory(path)?;
        let options = format!("lowerdir={}:{}", layer.display(), path.display());
        self.steps.push(Step::Layers {
            options: text(Path::new(&options))?,
            at: self.inside(path)?,
        });
        Ok(())
    }

    /// The users and names that programs ask for.
    fn etc(&mut self) -> io::Result<()> {
        for (path, content) in [
            (
                "/etc/passwd",
                format!("builder:x:{USER}:{USER}:builder:/nonexistent:/bin/sh\n"),
            ),
            ("/etc/group", format!("builder:x:{USER}:\n")),
            ("/etc/hosts", "127.0.0.1 localhost\n".to_owned()),
        ] {
            self.file(Path::new(path), &content)?;
        }
        Ok(())
    }

    fn devices(&mut self) -> io::Result<()> {
        for name in ["null", "zero", "full", "random", "urandom", "tty"] {
            let path = Path::new("/dev").join(name);
            if path.exists() {
                self.bind(&path, &path, Access::ReadWrite)?;
            }
        }
        for (target, name) in [
            ("/proc/self/fd", "fd"),
            ("/proc/self/fd/0", "stdin"),
            ("/proc/self/fd/1", "stdout"),
            ("/proc/self/fd/2", "stderr"),
        ] {
            self.link(Path::new(target), &Path::new("/dev").join(name))?;
        }
        Ok(())
    }
}

/// The directory that, laid over the system's, hides what the view hides: it has a whiteout, a device without number,
/// at each such path. It is made once for each list of paths.
fn hiding_layer(view: &View) -> io::Result<Option<PathBuf>> {
    if view.hidden.is_empty() {
        return Ok(None);
    }
    let mut list = Vec::new();
    for path in &view.hidden {
        list.extend_from_slice(path.as_os_str().as_bytes());
        list.push(0);
    }
    let layer = view
        .scratch
        .join(format!("hidden-{}", Digest::of(&list).short(16)));
    if layer.is_dir() {
        return Ok(Some(layer));
    }
    let fresh = Scratch::new(&view.scratch.join(FRESH), "hidden-")?;
    for path in &view.hidden {
        let place = fresh.path().join(path.strip_prefix("/").unwrap_or(path));
        if let Some(parent) = place.parent() {
            fs_err::create_dir_all(parent)?;
        }
        rustix::fs::mknodat(CWD, &place, FileType::CharacterDevice, Mode::empty(), 0)?;
    }
    match fs_err::rename(fresh.path(), &layer) {
        // Another run was faster.
        Err(_) if layer.is_dir() => {}
        result => result?,
    }
    Ok(Some(layer))
}

fn text(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from)
}
