//! A small file system of its own, to be filled or protected.

use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use fs_err as fs;

use crate::Program;

/// A file system in memory at a place, as long as this value lives.
#[derive(Debug)]
pub struct SmallDisk {
    place: PathBuf,
}

impl SmallDisk {
    /// Makes one of so many KiB at a directory that exists; none if this user may not, which only root may.
    ///
    /// # Errors
    /// When the program that makes it does not end.
    pub fn mount(place: &Path, kibibytes: u32) -> Result<Option<Self>> {
        let size = format!("size={kibibytes}k");
        let is_made = run("mount", &["-t", "tmpfs", "-o", &size, "tmpfs"], place)?;
        Ok(is_made.then(|| Self {
            place: place.to_owned(),
        }))
    }

    /// Gives it this size.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn resize(&self, kibibytes: u32) -> Result<()> {
        self.remount(&format!("remount,size={kibibytes}k"))
    }

    /// Lets nobody write to it, or everybody again.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn protect(&self, is_protected: bool) -> Result<()> {
        self.remount(if is_protected { "remount,ro" } else { "remount,rw" })
    }

    /// Takes all the room that is left.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn fill(&self) -> Result<()> {
        let mut file = fs::File::create(self.filler())?;
        loop {
            match file.write_all(&[1; 4096]) {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Gives the room back that [`fill`](Self::fill) took.
    ///
    /// # Errors
    /// When that cannot be done.
    pub fn clear(&self) -> Result<()> {
        Ok(fs::remove_file(self.filler())?)
    }

    fn filler(&self) -> PathBuf {
        self.place.join("filler")
    }

    fn remount(&self, options: &str) -> Result<()> {
        let is_done = run("mount", &["-o", options], &self.place)?;
        ensure!(is_done, "the file system stays as it is: {options}");
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        _ = run("umount", &[], &self.place);
    }
}

fn run(program: &str, words: &[&str], place: &Path) -> Result<bool> {
    let mut command = Command::new(program);
    command.args(words).arg(place);
    match Program::start_command(command) {
        Ok(program) => Ok(program.wait()?.status.success()),
        Err(_) => Ok(false),
    }
}
