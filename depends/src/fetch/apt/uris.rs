//! What `apt-get --print-uris` says of a source package's files.

use crate::digest::Digest;
use crate::fetch::{Mismatch, RouteError};

/// Where apt would get a file from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) uri: String,
    pub(super) file: String,
    /// The archive's own word for the file's digest, if it gives this kind.
    pub(super) sha256: Option<Digest>,
}

impl Location {
    pub(super) fn is_http(&self) -> bool {
        self.uri.starts_with("http://") || self.uri.starts_with("https://")
    }
}

/// Reads lines of the form `'URI' FILE SIZE SHA256:DIGEST`, and passes over others.
pub(super) fn parse(output: &str) -> Vec<Location> {
    output
        .lines()
        .filter_map(|line| {
            let (uri, rest) = line.strip_prefix('\'')?.split_once("' ")?;
            let mut words = rest.split_whitespace();
            let file = words.next()?;
            let sha256 = words
                .nth(1)
                .and_then(|hash| hash.strip_prefix("SHA256:"))
                .and_then(|digits| digits.parse().ok());
            Some(Location {
                uri: uri.to_owned(),
                file: file.to_owned(),
                sha256,
            })
        })
        .collect()
}

/// The location of `file`, unless it is known beforehand to be another file than the one that is expected.
pub(super) fn find(
    locations: &[Location],
    file: &str,
    expected: Option<Digest>,
) -> Result<Location, RouteError> {
    let location = locations
        .iter()
        .find(|location| location.file == file)
        .ok_or_else(|| RouteError::NotListed {
            file: file.to_owned(),
            listed: locations.iter().map(|location| location.file.clone()).collect(),
        })?;
    match (location.sha256, expected) {
        (Some(actual), Some(expected)) if actual != expected => Err(RouteError::Mismatch(Mismatch {
            place: location.uri.clone(),
            expected,
            actual,
            hint: Some("as Debian lists it; nothing was transferred".to_owned()),
        })),
        _ => Ok(location.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_found_among_what_else_apt_says() {
        let digest = Digest::of(b"content");
        let output = format!(
            "Reading package lists...\nNOTICE: 'p' packaging is maintained in\nNeed to get 9 B.\n\
             'http://mirror/p_1.orig.tar.gz' p_1.orig.tar.gz 9 SHA256:{digest}\n\
             'http://mirror/p_1%2b.dsc' p_1+.dsc 9 MD5Sum:00\n"
        );
        let locations = parse(&output);
        let files: Vec<&str> = locations.iter().map(|location| location.file.as_str()).collect();
        assert_eq!(files, ["p_1.orig.tar.gz", "p_1+.dsc"]);
        let found = find(&locations, "p_1.orig.tar.gz", Some(digest)).unwrap();
        assert_eq!(found.uri, "http://mirror/p_1.orig.tar.gz");
        assert!(find(&locations, "p_1+.dsc", Some(digest)).is_ok());
        for (file, expected) in [
            (
                "p_1.orig.tar.xz",
                "the source package has no p_1.orig.tar.xz, but p_1.orig.tar.gz, p_1+.dsc",
            ),
            (
                "p_1.orig.tar.gz",
                "http://mirror/p_1.orig.tar.gz has the wrong digest",
            ),
        ] {
            let error = find(&locations, file, Some(Digest::of(b"other")))
                .unwrap_err()
                .to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
