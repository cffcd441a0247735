//! What lies in a directory.

use std::io;
use std::path::{Path, PathBuf};

/// The paths of what lies in a directory, in order; nothing in what is not there or is no directory.
///
/// # Errors
/// The directory cannot be read.
pub(crate) fn children(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs_err::read_dir(directory) {
        Ok(entries) => entries,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
            ) =>
        {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error),
    };
    let mut children = entries
        .map(|entry| Ok(entry?.path()))
        .collect::<io::Result<Vec<_>>>()?;
    children.sort();
    Ok(children)
}

/// The last component of a path, as text.
pub(crate) fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_directory_has_no_children() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        for name in ["b", "a"] {
            fs_err::write(path(name), "").unwrap();
        }
        assert_eq!(children(directory.path()).unwrap(), [path("a"), path("b")]);
        for none in [path("a"), path("absent")] {
            assert_eq!(children(&none).unwrap(), [""; 0].map(PathBuf::from));
        }
        assert_eq!(name(&path("a")), "a");
    }
}
