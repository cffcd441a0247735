//! `fee_estimates.dat`: what is known of fees from one run to the next.

use std::io::{self, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use app::{Args, OptionCategory, OptionSpec};
use fs_err as fs;
use mempool::Event;
use mempool::estimator::FeeEstimator;

use super::Pool;
use crate::replace::replace;

/// What is older tells nothing of the present.
const MAX_FILE_AGE: Duration = Duration::from_secs(60 * 60 * 60);

const FILE_NAME: &str = "fee_estimates.dat";

/// The options about fees' estimates.
pub(super) fn options() -> Vec<OptionSpec> {
    vec![
        OptionSpec::new(
            "acceptstalefeeestimates",
            OptionCategory::DebugTest,
            "Read what was known of fees however long ago that was; otherwise what is older than 60 hours is not read \
             (regtest only; default: 0).",
        )
        .debug_only(),
    ]
}

/// Whether old estimates are read too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stale {
    Accepted,
    Refused,
}

/// What is known of fees, and where that is kept.
#[derive(Debug)]
pub(crate) struct Fees {
    estimator: FeeEstimator,
    path: PathBuf,
}

impl Fees {
    /// What is known in this data directory. None if the node sees no transactions from others (`-blocksonly`).
    pub(crate) fn open(args: &Args, directory: &Path) -> Option<Self> {
        if args.flag("blocksonly", false) {
            return None;
        }
        let stale = match args.flag("acceptstalefeeestimates", false) {
            true => Stale::Accepted,
            false => Stale::Refused,
        };
        let path = directory.join(FILE_NAME);
        let estimator = read(&path, stale).unwrap_or_default();
        Some(Self { estimator, path })
    }

    pub(super) fn follow(&mut self, events: &[Event], block: Option<u32>) {
        self.estimator.follow(events, block);
    }
}

/// What the file says, where it can be believed.
fn read(path: &Path, stale: Stale) -> Option<FeeEstimator> {
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) => {
            match error.kind() {
                io::ErrorKind::NotFound => {
                    tracing::info!("{} is not found. Continue anyway.", path.display());
                }
                _ => tracing::warn!("Failed to read estimates: {error}. Continue anyway."),
            }
            return None;
        }
    };
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let age = modified.map(|modified| SystemTime::now().duration_since(modified).unwrap_or_default());
    if let Ok(age) = age
        && age > MAX_FILE_AGE
        && stale == Stale::Refused
    {
        tracing::warn!(
            "Fee estimation file {} too old (age={} > {} hours) and will not be used to avoid serving stale estimates.",
            path.display(),
            age.as_secs() / 3600,
            MAX_FILE_AGE.as_secs() / 3600
        );
        return None;
    }
    match FeeEstimator::read(&mut BufReader::new(file)) {
        Ok(estimator) => Some(estimator),
        Err(error) => {
            let path = path.display();
            tracing::warn!("Failed to read estimates from {path}: {error}. Continue anyway.");
            None
        }
    }
}

/// Why estimates are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Occasion {
    /// From time to time.
    Regular,
    /// The node stops, and will know nothing of the transactions that wait.
    Stop,
}

impl Pool {
    /// Asks what is known of fees. None if nothing is followed.
    pub(crate) fn ask_fees<T>(&self, ask: impl FnOnce(&FeeEstimator) -> T) -> Option<T> {
        self.lock().fees.as_ref().map(|fees| ask(&fees.estimator))
    }

    /// Writes what is known of fees to its file, which is there as a whole or as it was. That it cannot be written is no
    /// reason to stop.
    pub(crate) fn write_fees(&self, occasion: Occasion) {
        let mut bytes = Vec::new();
        let (path, written) = {
            let mut inner = self.lock();
            let Some(fees) = &mut inner.fees else { return };
            if occasion == Occasion::Stop {
                fees.estimator.forget_all();
            }
            (fees.path.clone(), fees.estimator.write(&mut bytes))
        };
        match written.and_then(|()| replace(&path, |writer| writer.write_all(&bytes))) {
            Ok(()) => tracing::info!("Flushed fee estimates to {FILE_NAME}."),
            Err(error) => tracing::warn!("Failed to write fee estimates: {error}. Continue anyway."),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn estimates_are_read_unless_they_are_old_or_damaged() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(FILE_NAME);
        assert!(read(&path, Stale::Refused).is_none(), "there is no file");
        let mut bytes = Vec::new();
        FeeEstimator::default().write(&mut bytes).unwrap();
        let write = |bytes: &[u8]| replace(&path, |writer| writer.write_all(bytes)).unwrap();
        write(&bytes);
        assert!(read(&path, Stale::Refused).is_some());
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        let set_age = |age| file.set_modified(SystemTime::now() - age).unwrap();
        set_age(MAX_FILE_AGE - Duration::from_secs(60));
        assert!(read(&path, Stale::Refused).is_some());
        set_age(MAX_FILE_AGE + Duration::from_secs(1));
        assert!(read(&path, Stale::Refused).is_none());
        assert!(read(&path, Stale::Accepted).is_some());
        write(&bytes[..bytes.len() / 2]);
        assert!(read(&path, Stale::Accepted).is_none());
    }
}
