//! Files that are there whole or not at all.

use std::io::{self, Write as _};
use std::path::Path;

/// How the names of files begin that are not whole yet.
const TEMPORARY: &str = ".tmp";

/// Whether a file of this name was never finished.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with(TEMPORARY)
}

/// Writes `contents` to a temporary file beside `path`, flushes it to the disk and renames it to `path`.
///
/// # Errors
/// The directory cannot be made or the file not written; what was at `path` before is still there.
pub(crate) fn write(path: &Path, contents: &[u8]) -> io::Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    fs_err::create_dir_all(directory)?;
    let mut file = tempfile::Builder::new()
        .prefix(TEMPORARY)
        .tempfile_in(directory)?;
    file.write_all(contents)?;
    persist(file, path)
}

/// Flushes a temporary file to the disk and renames it to `path`, readable by everybody.
///
/// # Errors
/// The disk is full, or the file cannot be renamed; what was at `path` before is still there.
pub(crate) fn persist(file: tempfile::NamedTempFile, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs_err::set_permissions(file.path(), std::fs::Permissions::from_mode(0o644))?;
    }
    file.as_file().sync_all().map_err(|error| named(path, &error))?;
    file.persist(path).map_err(|error| named(path, &error.error))?;
    Ok(())
}

/// An error that names the path, as those of `fs_err` do.
pub(crate) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

/// Removes a directory with all that it holds; one that is not there is no error.
///
/// # Errors
/// Something in it cannot be removed.
pub(crate) fn remove_directory(path: &Path) -> io::Result<()> {
    match fs_err::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes a file; one that is not there is no error.
///
/// # Errors
/// It cannot be removed.
pub(crate) fn remove_file(path: &Path) -> io::Result<()> {
    match fs_err::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Removes what runs that were killed have left in `directory`: everything whose name begins with `prefix`.
///
/// # Errors
/// Something cannot be removed.
pub(crate) fn sweep(directory: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        if !entry.file_name().to_string_lossy().starts_with(prefix) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            remove_directory(&entry.path())?;
        } else {
            fs_err::remove_file(entry.path())?;
        }
    }
    Ok(())
}
