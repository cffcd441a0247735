//! Files that are written anew.

use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use fs_err as fs;

/// Writes a file anew, which is there as a whole or as it was, whatever happens meanwhile.
pub(crate) fn replace(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>,
) -> io::Result<()> {
    // Another writer of the same file would write into the same new one.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _writing = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let new = {
        let mut new = path.as_os_str().to_owned();
        new.push(".new");
        PathBuf::from(new)
    };
    let replaced = fill(&new, write).and_then(|()| fs::rename(&new, path));
    if replaced.is_err() {
        // On a full disk it would take what room there is.
        _ = fs::remove_file(&new);
    }
    replaced
}

fn fill(new: &Path, write: impl FnOnce(&mut BufWriter<fs::File>) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(fs::File::create(new)?);
    write(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn a_file_that_many_write_is_always_that_of_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("peers.dat");
        let whole = |byte: u8| vec![byte; 100_000];
        let begin = Barrier::new(4);
        std::thread::scope(|scope| {
            for number in 0..4 {
                let (path, begin) = (&path, &begin);
                scope.spawn(move || {
                    begin.wait();
                    for _ in 0..20 {
                        // In pieces, so that another writer has an occasion.
                        let write = |writer: &mut BufWriter<fs::File>| {
                            whole(number)
                                .chunks(1000)
                                .try_for_each(|piece| writer.write_all(piece))
                        };
                        replace(path, write).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!((0..4).any(|number| found == whole(number)));
                    }
                });
            }
        });
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_cannot_be_written_is_as_before_and_nothing_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("peers.dat");
        replace(&path, |writer| writer.write_all(b"before")).unwrap();
        let failed = replace(&path, |writer| {
            writer.write_all(&[7; 100_000])?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(fs::read(&path).unwrap(), b"before");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}
