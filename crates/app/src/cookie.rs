//! The cookie: a password for RPC that is made anew at each start and known to whoever may read the data directory.

use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::{fmt, fs};

use crate::args::Args;

/// The user that goes with the password in the file.
pub const COOKIE_USER: &str = "__cookie__";

/// The file's name in the network's directory.
pub const COOKIE_FILE_NAME: &str = ".cookie";

/// A user with a password. `Debug` does not show the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The secret.
    pub password: String,
}

/// The cookie as the server holds it; the file is removed when this is dropped.
#[derive(Debug)]
pub struct Cookie {
    path: PathBuf,
    credentials: Credentials,
}

/// The cookie could not be made or read.
#[derive(Debug, thiserror::Error)]
pub enum CookieError {
    /// The system gave no random numbers.
    #[error("no random numbers for the authentication cookie: {source}")]
    Random {
        /// Why.
        #[source]
        source: getrandom::Error,
    },
    /// The file could not be written.
    #[error("Unable to write the authentication cookie {path}: {source}", path = path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file could not be read.
    #[error("Unable to read the authentication cookie {path}: {source}", path = path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file is not `user:password`.
    #[error("the authentication cookie {path} is damaged", path = path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
}

/// Where `-rpccookiefile` puts the cookie, given the network's directory; nowhere when it is negated.
pub fn location(args: &Args, network_directory: &Path) -> Option<PathBuf> {
    if args.is_negated("rpccookiefile") {
        return None;
    }
    Some(
        network_directory.join(
            args.path("rpccookiefile")
                .unwrap_or_else(|| COOKIE_FILE_NAME.into()),
        ),
    )
}

/// Makes a new password and writes it where only the owner can read it. A client never sees a half-written file.
///
/// # Errors
/// [`CookieError`] when there are no random numbers or the file cannot be written.
pub fn write(path: impl Into<PathBuf>) -> Result<Cookie, CookieError> {
    let path = path.into();
    let mut secret = [0; 32];
    getrandom::fill(&mut secret).map_err(|source| CookieError::Random { source })?;
    let password = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let credentials = Credentials {
        user: COOKIE_USER.to_owned(),
        password,
    };
    let text = format!("{}:{}", credentials.user, credentials.password);
    match replace_private(&path, text.as_bytes()) {
        Ok(()) => Ok(Cookie { path, credentials }),
        Err(source) => Err(CookieError::Write { path, source }),
    }
}

/// Reads what [`write()`] wrote.
///
/// # Errors
/// [`CookieError`] when there is no such file or it is damaged.
pub fn read(path: &Path) -> Result<Credentials, CookieError> {
    let bytes = fs_err::read(path).map_err(|source| CookieError::Read {
        path: path.to_owned(),
        source,
    })?;
    let text = String::from_utf8(bytes).ok();
    let parts = text
        .as_deref()
        .and_then(|text| text.trim_end_matches(['\r', '\n']).split_once(':'));
    let (user, password) = parts.ok_or_else(|| CookieError::Damaged {
        path: path.to_owned(),
    })?;
    Ok(Credentials {
        user: user.to_owned(),
        password: password.to_owned(),
    })
}

impl Cookie {
    /// The user and the new password.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Cookie {
    fn drop(&mut self) {
        // What is left behind opens nothing: the next start makes a new password.
        let _ = fs_err::remove_file(&self.path);
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

fn replace_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = PathBuf::from(name);
    // One that an earlier crash left may have another owner's mode.
    match fs_err::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut file = options.open(&temporary)?;
    let written = file
        .write_all(bytes)
        .and_then(|()| file.sync_all())
        .and_then(|()| {
            drop(file);
            fs_err::rename(&temporary, path)
        });
    if written.is_err() {
        let _ = fs_err::remove_file(&temporary);
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_holds_what_the_server_accepts() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(COOKIE_FILE_NAME);
        let cookie = write(&path).unwrap();
        assert_eq!(&read(&path).unwrap(), cookie.credentials());
        let text = fs_err::read_to_string(&path).unwrap();
        let digits = text.strip_prefix("__cookie__:").unwrap();
        assert!(
            digits.len() == 64 && digits.bytes().all(|digit| digit.is_ascii_hexdigit()),
            "{text}"
        );
        assert!(!format!("{cookie:?}").contains(digits));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(
                fs_err::metadata(&path).unwrap().permissions().mode() & 0o777,
                0o600
            );
        }
        let second = write(&path).unwrap();
        assert_ne!(second.credentials(), cookie.credentials());
        drop(second);
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_leftover_temporary_file_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(COOKIE_FILE_NAME);
        fs_err::write(directory.path().join(".cookie.tmp"), "old").unwrap();
        let _cookie = write(&path).unwrap();
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn damaged_and_missing_files_are_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(COOKIE_FILE_NAME);
        assert!(read(&path).unwrap_err().to_string().contains(".cookie"));
        fs_err::write(&path, "nothing").unwrap();
        assert!(matches!(read(&path), Err(CookieError::Damaged { .. })));
    }
}
