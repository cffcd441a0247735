//! The modes of new files: a program's own, never those of whoever runs the engine.

#![expect(
    unsafe_code,
    reason = "what happens between fork and exec has no safe form, and a process has one umask for all of its threads"
)]

use std::os::unix::process::CommandExt as _;
use std::process::Command;

use rustix::fs::Mode;

/// Gives the program the usual umask, 022.
pub(super) fn apply(command: &mut Command) {
    // SAFETY: the closure makes one system call, which cannot fail, takes no lock and allocates nothing.
    unsafe {
        command.pre_exec(|| {
            rustix::process::umask(Mode::WGRP | Mode::WOTH);
            Ok(())
        });
    }
}
