//! What the kernel tells about processes, on Linux.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use fs_err as fs;

/// The ids of the processes that `parent` has started and not buried yet, zombies included.
///
/// # Errors
/// When the process table cannot be read.
pub fn children(parent: u32) -> Result<Vec<u32>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        // A process may end between the listing and the look at it.
        if state_and_parent(pid).is_ok_and(|(_, found_parent)| found_parent == parent) {
            found.push(pid);
        }
    }
    Ok(found)
}

/// Whether the process exists, be it as a zombie.
#[must_use]
pub fn exists(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}")).is_ok()
}

/// The letter for what the process does: `R` running, `S` sleeping, `T` stopped, `Z` a zombie.
///
/// # Errors
/// When there is no such process.
pub fn state(pid: u32) -> Result<char> {
    Ok(state_and_parent(pid)?.0)
}

/// Whether nothing of the process is left but what its parent has not asked for: what it held open is closed, and its locks
/// are gone. A process of several threads is `Z` when the first of them has ended, which may be before the others have.
#[must_use]
pub fn has_ended(pid: u32) -> bool {
    match state(pid) {
        // The first thread stays in the list until the process is asked for.
        Ok('Z') => fs::read_dir(format!("/proc/{pid}/task")).map_or(true, |threads| threads.count() <= 1),
        Ok(_) => false,
        Err(_) => true,
    }
}

/// The arguments that the process was started with, its own name first.
///
/// # Errors
/// When there is no such process.
pub fn arguments(pid: u32) -> Result<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/cmdline"))?;
    Ok(text.split_terminator('\0').map(str::to_owned).collect())
}

/// The descriptors that the process holds: number and what it stands for, a path or such as `socket:[123]`.
///
/// # Errors
/// When there is no such process.
pub fn descriptors(pid: u32) -> Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
        let entry = entry?;
        let number = entry
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
            .context("not a number")?;
        // A descriptor may be closed between the listing and the look at it.
        if let Ok(target) = fs::read_link(entry.path()) {
            found.push((number, target));
        }
    }
    Ok(found)
}

/// The memory that the process holds at the moment, in bytes.
///
/// # Errors
/// When there is no such process.
pub fn resident(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmRSS:")
}

/// The most memory that the process held since its start, or since [`forget_peak`], in bytes.
///
/// # Errors
/// When there is no such process.
pub fn peak_resident(pid: u32) -> Result<u64> {
    status_bytes(pid, "VmHWM:")
}

/// Lets [`peak_resident`] begin anew.
///
/// # Errors
/// When there is no such process, or it is somebody else's.
pub fn forget_peak(pid: u32) -> Result<()> {
    Ok(fs::write(format!("/proc/{pid}/clear_refs"), "5")?)
}

/// How many threads the process has at the moment.
///
/// # Errors
/// When there is no such process.
pub fn threads(pid: u32) -> Result<u64> {
    Ok(status(pid, "Threads:")?.parse()?)
}

fn status_bytes(pid: u32, name: &str) -> Result<u64> {
    let value = status(pid, name)?;
    let kilobytes = value
        .strip_suffix(" kB")
        .with_context(|| format!("{name} {value}"))?;
    Ok(kilobytes.parse::<u64>()? << 10)
}

fn status(pid: u32, name: &str) -> Result<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = text.lines().find_map(|line| line.strip_prefix(name));
    Ok(value.with_context(|| format!("no {name}"))?.trim().to_owned())
}

fn state_and_parent(pid: u32) -> Result<(char, u32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The name in brackets may hold anything, brackets and spaces included.
    let mut rest = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let state = rest
        .next()
        .and_then(|state| state.chars().next())
        .context("no state")?;
    let parent = rest
        .next()
        .and_then(|parent| parent.parse().ok())
        .context("no parent")?;
    Ok((state, parent))
}
