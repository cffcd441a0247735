//! Putting finished files where users find them, so that nobody ever sees half of one.

use std::io;
use std::path::Path;

use fs_err as fs;

/// Copies `from` to `to` under a temporary name in the same directory and renames it; a program that runs from `to`
/// keeps the file that it was started from. The mode is copied too.
pub(crate) fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let directory = to.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(directory)?;
    let temporary = tempfile::Builder::new()
        .prefix(".incoming-")
        .tempfile_in(directory)?
        .into_temp_path();
    fs::copy(from, &temporary)?;
    temporary.persist(to)?;
    Ok(())
}

/// Writes `text` to `to` in the same way, readable by everybody whom the process's mask does not keep out.
pub(crate) fn write(text: &str, to: &Path) -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let from = directory.path().join("text");
    fs::write(&from, text)?;
    copy(&from, to)
}

/// Makes `link` lead to `target`, replacing what it led to before. Does nothing where there are no symbolic links.
pub(crate) fn link(target: &Path, link: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        if fs::read_link(link).is_ok_and(|current| current == target) {
            return Ok(());
        }
        let directory = link.parent().unwrap_or(Path::new("."));
        let temporary = tempfile::Builder::new()
            .prefix(".incoming-")
            .make_in(directory, |path| fs::os::unix::fs::symlink(target, path))?
            .into_temp_path();
        temporary.persist(link)?;
    }
    #[cfg(not(unix))]
    let _ = (target, link);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_replaces_the_file_and_leaves_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let (from, to) = (directory.path().join("from"), directory.path().join("a/to"));
        for text in ["first", "second"] {
            fs::write(&from, text).unwrap();
            copy(&from, &to).unwrap();
            assert_eq!(fs::read_to_string(&to).unwrap(), text);
            assert_eq!(fs::read_dir(to.parent().unwrap()).unwrap().count(), 1);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_is_moved_to_its_new_target() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("bin");
        for target in ["one", "one", "two"] {
            link(Path::new(target), &path).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(target));
        }
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
