//! What a program's process does between its creation and the program's start: it leaves for namespaces of its own,
//! puts together the file system that it will see, takes on the rules, and is put under guard.
//!
//! All of it happens in a copy of the engine's process in which only one thread lives on. Everything that needs memory
//! is prepared before; from here on there are system calls alone.
#![expect(
    unsafe_code,
    reason = "namespaces, mounts and what happens between fork and exec have no safe form"
)]

use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::ptr;

use landlock::RulesetCreated;

use super::guardian::{self, Guard};
use super::rules::rules;
use super::steps::{Access, Step, USER, steps};
use super::view::View;
use super::{Isolation, Room};
use crate::recipe::Escapes;

/// Everything that the entering of one program needs.
#[derive(Debug)]
pub(crate) struct Entry {
    namespaces: Option<Namespaces>,
    rules: Option<RulesetCreated>,
}

/// The namespaces of a program, and the file system in them.
#[derive(Debug)]
struct Namespaces {
    flags: libc::c_int,
    steps: Vec<Step>,
    root: CString,
    directory: CString,
    user_map: String,
    group_map: String,
}

impl Entry {
    /// Prepares the entering of a program that runs in `directory` and writes to `log`.
    pub(super) fn new(
        isolation: Isolation,
        view: &View,
        room: Room<'_>,
        escapes: &Escapes,
        directory: &Path,
        log: &File,
    ) -> io::Result<Self> {
        let namespaces = match isolation {
            Isolation::Namespaces => Some(Namespaces::new(view, room, escapes, directory)?),
            Isolation::Landlock | Isolation::None => None,
        };
        let rules = match isolation {
            Isolation::Namespaces | Isolation::Landlock => Some(rules(isolation, view, room, escapes, log)?),
            Isolation::None => None,
        };
        Ok(Self { namespaces, rules })
    }

    /// Lets `command` enter when it is started. Whatever else is to happen before its start is registered already. One
    /// `on_terminal` stays in the terminal's group of processes, where no guardian of a group can be.
    pub(crate) fn apply(self, command: &mut Command, on_terminal: bool) {
        let Self {
            namespaces,
            mut rules,
        } = self;
        let engine = rustix::process::getpid().as_raw_pid();
        let enter = move || {
            let guard = match &namespaces {
                Some(_) => Guard::Namespace,
                None => Guard::Group,
            };
            if guard == Guard::Namespace || !on_terminal {
                let leave = || namespaces.as_ref().map_or(Ok(()), Namespaces::leave);
                guardian::watch_over(engine, guard, leave)?;
            }
            if let Some(namespaces) = &namespaces {
                namespaces.settle()?;
                guardian::become_init()?;
            }
            if let Some(rules) = rules.take() {
                rules
                    .restrict_self()
                    .map_err(|_| io::Error::from_raw_os_error(libc::EPERM))?;
            }
            Ok(())
        };
        // SAFETY: the closure runs in the child of a fork. It makes system calls and touches only what it owns; it
        // takes no lock that another thread may have held when the process was copied.
        unsafe { command.pre_exec(enter) };
    }
}

impl Namespaces {
    fn new(view: &View, room: Room<'_>, escapes: &Escapes, directory: &Path) -> io::Result<Self> {
        let root = room.directory.join("root");
        fs_err::create_dir_all(&root)?;
        let network = if escapes.network.is_some() {
            0
        } else {
            libc::CLONE_NEWNET
        };
        let text = |path: &Path| CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from);
        let user = rustix::process::geteuid().as_raw();
        let group = rustix::process::getegid().as_raw();
        Ok(Self {
            flags: libc::CLONE_NEWUSER
                | libc::CLONE_NEWNS
                | libc::CLONE_NEWPID
                | libc::CLONE_NEWIPC
                | libc::CLONE_NEWUTS
                | network,
            steps: steps(&root, view, room, escapes)?,
            root: text(&root)?,
            directory: text(&room.seen(directory))?,
            user_map: format!("{USER} {user} 1\n"),
            group_map: format!("{USER} {group} 1\n"),
        })
    }

    /// Leaves the engine's namespaces. The next fork is the first process of the new ones.
    fn leave(&self) -> io::Result<()> {
        // SAFETY: there are no pointers.
        check(unsafe { libc::unshare(self.flags) })?;
        write(c"/proc/self/setgroups", b"deny")?;
        write(c"/proc/self/uid_map", self.user_map.as_bytes())?;
        write(c"/proc/self/gid_map", self.group_map.as_bytes())
    }

    /// Puts the file system together and goes there. The first process of the namespaces does that.
    fn settle(&self) -> io::Result<()> {
        mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
        for step in &self.steps {
            step.take()?;
        }
        change_directory(&self.root)?;
        // SAFETY: both are texts that end with a zero. The old root ends up on top of the new one.
        let moved = unsafe { libc::syscall(libc::SYS_pivot_root, c".".as_ptr(), c".".as_ptr()) };
        check(if moved == 0 { 0 } else { -1 })?;
        // SAFETY: the text ends with a zero.
        check(unsafe { libc::umount2(c".".as_ptr(), libc::MNT_DETACH) })?;
        let name = c"localhost";
        // SAFETY: the name has this length.
        check(unsafe { libc::sethostname(name.as_ptr(), name.count_bytes()) })?;
        change_directory(&self.directory)
    }
}

impl Step {
    fn take(&self) -> io::Result<()> {
        match self {
            Self::Directory(path) => {
                // SAFETY: the text ends with a zero. What is there already may stay.
                unsafe { libc::mkdir(path.as_ptr(), 0o755) };
                Ok(())
            }
            Self::Link { target, at } => {
                // SAFETY: both texts end with a zero.
                check(unsafe { libc::symlink(target.as_ptr(), at.as_ptr()) })
            }
            Self::File { at, text } => create(at, text),
            Self::Memory(at) => mount(
                Some(c"tmpfs"),
                at,
                Some(c"tmpfs"),
                libc::MS_NOSUID | libc::MS_NODEV,
                Some(c"mode=0755"),
            ),
            Self::Processes(at) => mount(
                Some(c"proc"),
                at,
                Some(c"proc"),
                libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC,
                None,
            ),
            Self::Layers { options, at } => mount(
                Some(c"overlay"),
                at,
                Some(c"overlay"),
                libc::MS_RDONLY | libc::MS_NOSUID | libc::MS_NODEV,
                Some(options),
            ),
            Self::Bind { from, at, access } => {
                let depth = match access {
                    Access::ReadOnly => libc::MS_REC,
                    Access::ReadWrite => 0,
                };
                mount(Some(from), at, None, libc::MS_BIND | depth, None)?;
                match access {
                    Access::ReadOnly => read_only(at, libc::AT_RECURSIVE),
                    Access::ReadWrite => Ok(()),
                }
            }
            Self::Seal(at) => read_only(at, 0),
        }
    }
}

fn mount(
    from: Option<&CStr>,
    at: &CStr,
    kind: Option<&CStr>,
    flags: libc::c_ulong,
    options: Option<&CStr>,
) -> io::Result<()> {
    let pointer = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: each pointer is null or to a text that ends with a zero.
    check(unsafe {
        libc::mount(
            pointer(from),
            at.as_ptr(),
            pointer(kind),
            flags,
            pointer(options).cast(),
        )
    })
}

/// Lets nothing be written through the mount at `at`; with `AT_RECURSIVE`, nor through those below it.
fn read_only(at: &CStr, flags: libc::c_int) -> io::Result<()> {
    let attributes = libc::mount_attr {
        attr_set: libc::MOUNT_ATTR_RDONLY,
        attr_clr: 0,
        propagation: 0,
        userns_fd: 0,
    };
    // SAFETY: the text ends with a zero, and the size is that of the attributes.
    let result = unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            libc::AT_FDCWD,
            at.as_ptr(),
            flags,
            &raw const attributes,
            size_of::<libc::mount_attr>(),
        )
    };
    check(if result == 0 { 0 } else { -1 })
}

fn change_directory(path: &CStr) -> io::Result<()> {
    // SAFETY: the text ends with a zero.
    check(unsafe { libc::chdir(path.as_ptr()) })
}

fn create(path: &CStr, text: &[u8]) -> io::Result<()> {
    put(path, text, libc::O_WRONLY | libc::O_CREAT)
}

fn write(path: &CStr, text: &[u8]) -> io::Result<()> {
    put(path, text, libc::O_WRONLY)
}

fn put(path: &CStr, text: &[u8], flags: libc::c_int) -> io::Result<()> {
    // SAFETY: the text ends with a zero.
    let file = unsafe { libc::open(path.as_ptr(), flags | libc::O_CLOEXEC, 0o644 as libc::c_uint) };
    check(file)?;
    // SAFETY: the file is open, and the text has this length.
    let written = unsafe { libc::write(file, text.as_ptr().cast(), text.len()) };
    let result = if usize::try_from(written) == Ok(text.len()) {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    };
    // SAFETY: the file is open and nobody else's.
    unsafe { libc::close(file) };
    result
}

fn check(result: libc::c_int) -> io::Result<()> {
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(())
    }
}
