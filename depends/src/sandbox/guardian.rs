//! The processes that stand between the engine and a program of a build, so that none of the program's descendants
//! outlives the engine or the program.
//!
//! The guardian is the engine's child. It waits for the program and passes on how it ended; it ends the program and its
//! descendants when the engine asks for that with SIGTERM, or dies. Where there are namespaces, the program's first
//! process is another that does nothing but wait: when it ends, the system ends all the others of the namespace.
#![expect(unsafe_code, reason = "forks and waits have no safe form")]

use std::io;
use std::mem::MaybeUninit;
use std::ptr;

/// What the guardian ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// The first process of a namespace, and with it all others.
    Namespace,
    /// The processes of a group. A process that leaves the group escapes.
    Group,
}

/// Splits the process in two. The first stays as the guardian and never returns; the second returns, having been
/// `prepare`d by the first.
pub(super) fn watch_over(
    engine: i32,
    guard: Guard,
    prepare: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    end_with_parent(libc::SIGTERM)?;
    // SAFETY: there are no pointers.
    if unsafe { libc::getppid() } != engine {
        exit(1);
    }
    prepare()?;
    // Another user's identity may have cleared it.
    end_with_parent(libc::SIGTERM)?;
    let before = block_signals();
    // SAFETY: this process has one thread, and its child goes on like itself.
    let watched = unsafe { libc::fork() };
    match watched {
        -1 => Err(io::Error::last_os_error()),
        0 => {
            // SAFETY: the set was filled by the system.
            unsafe { libc::sigprocmask(libc::SIG_SETMASK, &raw const before, ptr::null_mut()) };
            end_with_parent(libc::SIGKILL)?;
            if guard == Guard::Group {
                // SAFETY: there are no pointers.
                unsafe { libc::setpgid(0, 0) };
            }
            Ok(())
        }
        _ => guard_until_end(watched, guard),
    }
}

/// Splits the first process of a namespace in two: it stays and waits for all others, and never returns; the second
/// returns.
pub(super) fn become_init() -> io::Result<()> {
    // SAFETY: this process has one thread, and its child goes on like itself.
    let program = unsafe { libc::fork() };
    match program {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(()),
        _ => {
            close_all();
            loop {
                let mut status = 0;
                // SAFETY: the status is written to a place of its type.
                let ended = unsafe { libc::waitpid(-1, &raw mut status, 0) };
                if ended == program || ended < 0 && !is_interrupted() {
                    exit(code(status));
                }
            }
        }
    }
}

fn guard_until_end(watched: libc::pid_t, guard: Guard) -> ! {
    if guard == Guard::Group {
        // Whoever ends the engine's whole group must not end the guardian before it has done its work.
        // SAFETY: there are no pointers.
        unsafe { libc::setpgid(0, 0) };
        // The child does the same; whichever comes first.
        // SAFETY: there are no pointers.
        unsafe { libc::setpgid(watched, watched) };
    }
    close_all();
    let mut awaited = MaybeUninit::uninit();
    // SAFETY: the set is initialised by the first call and read afterwards.
    let awaited = unsafe {
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
        libc::sigemptyset(awaited.as_mut_ptr());
        libc::sigaddset(awaited.as_mut_ptr(), libc::SIGCHLD);
        libc::sigaddset(awaited.as_mut_ptr(), libc::SIGTERM);
        awaited.assume_init()
    };
    let end = || {
        let target = match guard {
            Guard::Namespace => watched,
            Guard::Group => -watched,
        };
        // SAFETY: there are no pointers. The number is still the child's, which has not been waited for.
        unsafe { libc::kill(target, libc::SIGKILL) };
    };
    loop {
        let mut status = 0;
        // SAFETY: the status is written to a place of its type.
        let ended = unsafe { libc::waitpid(watched, &raw mut status, libc::WNOHANG) };
        if ended != 0 {
            if guard == Guard::Group {
                // What the program left in the background goes with it.
                // SAFETY: there are no pointers.
                unsafe { libc::kill(-watched, libc::SIGKILL) };
            }
            exit(if ended == watched { code(status) } else { 1 });
        }
        // SAFETY: the set is initialised, and no details are asked for.
        let signal = unsafe { libc::sigwaitinfo(&raw const awaited, ptr::null_mut()) };
        if signal == libc::SIGTERM {
            end();
        }
    }
}

/// Has the system send `signal` to this process when its parent ends.
fn end_with_parent(signal: libc::c_int) -> io::Result<()> {
    // SAFETY: the option takes a number.
    if unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, signal) } == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// Blocks all signals and returns those that were blocked before.
fn block_signals() -> libc::sigset_t {
    let mut before = MaybeUninit::uninit();
    let mut all = MaybeUninit::uninit();
    // SAFETY: both sets are written by the system before they are read.
    unsafe {
        libc::sigfillset(all.as_mut_ptr());
        libc::sigprocmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
        before.assume_init()
    }
}

/// Closes all files, so that nobody waits for the end of a pipe that only this process still holds.
fn close_all() {
    // SAFETY: nothing in this process uses a file any more.
    let closed = unsafe { libc::syscall(libc::SYS_close_range, 0, libc::c_uint::MAX, 0) };
    if closed != 0 {
        for file in 0..4096 {
            // SAFETY: as above.
            unsafe { libc::close(file) };
        }
    }
}

fn is_interrupted() -> bool {
    io::Error::last_os_error().raw_os_error() == Some(libc::EINTR)
}

/// The exit code that stands for how a process ended, as shells give it.
fn code(status: libc::c_int) -> libc::c_int {
    if libc::WIFEXITED(status) {
        libc::WEXITSTATUS(status)
    } else {
        128 + libc::WTERMSIG(status)
    }
}

fn exit(code: libc::c_int) -> ! {
    // SAFETY: it does not return, and runs nothing of the engine's.
    unsafe { libc::_exit(code) }
}
