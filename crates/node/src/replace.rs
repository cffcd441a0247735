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
    let mut writer = BufWriter::new(fs::File::create(&new)?);
    write(&mut writer)?;
    writer.flush()?;
    writer.get_ref().sync_all()?;
    drop(writer);
    fs::rename(&new, path)
}
