//! `settings.json`: an object whose members are options that were set while a program ran. Nobody else writes it.
//!
//! Owns the file's form and how it is replaced; what its members mean to options is of [`Args`](crate::Args).

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;

use crate::json_text;

/// The file's name in the network's directory.
pub(crate) const SETTINGS_FILE_NAME: &str = "settings.json";

/// How far members are indented.
const INDENT: usize = 4;

/// The file as it was read.
#[derive(Debug, Clone)]
pub(crate) struct SettingsFile {
    path: PathBuf,
    members: BTreeMap<String, Value>,
}

/// The file is not as it must be. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub enum SettingsReadError {
    /// It cannot be read.
    #[error("{path}. Please check permissions.", path = path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// It is no JSON.
    #[error(
        "Settings file {path} does not contain valid JSON. This is probably caused by disk corruption or a crash, and \
         can be fixed by removing the file, which will reset settings to default values.",
        path = path.display()
    )]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Where and why.
        cause: serde_json::Error,
    },
    /// It is another value than an object.
    #[error("Found non-object value {value} in settings file {path}", path = path.display())]
    NotAnObject {
        /// The file.
        path: PathBuf,
        /// The value.
        value: Value,
    },
    /// Two members have the same name.
    #[error("Found duplicate key {name} in settings file {path}", path = path.display())]
    Duplicate {
        /// The file.
        path: PathBuf,
        /// The name.
        name: String,
    },
    /// An option cannot have a value that has parts of its own. (Upstream fails when it asks for the value.)
    #[error("The value of {name} in settings file {path} is neither a text, a number, true, false, null nor a list of \
             those", path = path.display())]
    Structured {
        /// The file.
        path: PathBuf,
        /// The option.
        name: String,
    },
}

/// The file cannot be written. Texts are Bitcoin Core's.
#[derive(Debug, thiserror::Error)]
pub enum SettingsWriteError {
    /// The new file cannot be made.
    #[error("Error: Unable to open settings file {path} for writing", path = path.display())]
    Open {
        /// The new file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The new file cannot be filled.
    #[error("Error: Unable to write settings file {path}: {cause}", path = path.display())]
    Write {
        /// The new file.
        path: PathBuf,
        /// Why.
        cause: io::Error,
    },
    /// The new file cannot take the old one's place.
    #[error("Failed renaming settings file {from} to {to}", from = from.display(), to = to.display())]
    Rename {
        /// The new file.
        from: PathBuf,
        /// The old one.
        to: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl SettingsWriteError {
    /// The error with the reason that the system gave, which upstream's words for some of them lack.
    #[must_use]
    pub fn with_reason(&self) -> String {
        match self {
            Self::Open { cause, .. } | Self::Rename { cause, .. } => format!("{self}: {cause}"),
            Self::Write { .. } => self.to_string(),
        }
    }
}

impl SettingsFile {
    /// Reads a file; one that is not there has no members.
    pub(crate) fn read(path: PathBuf) -> Result<Self, SettingsReadError> {
        let bytes = match fs_err::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => b"{}".to_vec(),
            Err(cause) => return Err(SettingsReadError::Unreadable { path, cause }),
        };
        let members = match parse(&bytes) {
            Ok(Document::Members(members)) => members,
            Ok(Document::Duplicate(name)) => return Err(SettingsReadError::Duplicate { path, name }),
            Ok(Document::Other(value)) => return Err(SettingsReadError::NotAnObject { path, value }),
            Err(cause) => return Err(SettingsReadError::Syntax { path, cause }),
        };
        Ok(Self { path, members })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its members by name.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.members.iter().map(|(name, value)| (name.as_str(), value))
    }

    /// The member of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// Puts a member there, or takes it away.
    pub(crate) fn set(&mut self, name: &str, value: Option<Value>) {
        match value {
            Some(value) => _ = self.members.insert(name.to_owned(), value),
            None => _ = self.members.remove(name),
        }
    }

    /// The same file without members.
    pub(crate) fn emptied(&self) -> Self {
        Self {
            path: self.path.clone(),
            members: BTreeMap::new(),
        }
    }

    /// Replaces the file, unless it has this text already.
    pub(crate) fn write(&self) -> Result<(), SettingsWriteError> {
        self.write_to(&self.path)
    }

    /// Writes what it has to another file beside it, which takes the place of one that is there.
    pub(crate) fn back_up(&self) -> Result<(), SettingsWriteError> {
        self.write_to(&with_ending(&self.path, ".bak"))
    }

    fn write_to(&self, path: &Path) -> Result<(), SettingsWriteError> {
        let text = self.to_text();
        if fs_err::read(path).is_ok_and(|bytes| bytes == text.as_bytes()) {
            return Ok(());
        }
        let new = with_ending(path, ".tmp");
        let written = write_whole(&new, &text).and_then(|()| {
            fs_err::rename(&new, path).map_err(|cause| SettingsWriteError::Rename {
                from: new.clone(),
                to: path.to_owned(),
                cause,
            })
        });
        if written.is_err() {
            // What is left of it is overwritten the next time.
            _ = fs_err::remove_file(&new);
        }
        written
    }

    fn to_text(&self) -> String {
        let members = self.members.clone().into_iter().collect();
        json_text::pretty(&Value::Object(members), INDENT) + "\n"
    }
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

fn write_whole(path: &Path, text: &str) -> Result<(), SettingsWriteError> {
    let file = fs_err::File::create(path).map_err(|cause| SettingsWriteError::Open {
        path: path.to_owned(),
        cause,
    })?;
    // Its errors name no path, because ours do.
    let mut plain = file.file();
    plain
        .write_all(text.as_bytes())
        .and_then(|()| plain.sync_all())
        .map_err(|cause| SettingsWriteError::Write {
            path: path.to_owned(),
            cause,
        })
}

/// What a file can hold.
enum Document {
    Members(BTreeMap<String, Value>),
    /// An object with two members of this name.
    Duplicate(String),
    Other(Value),
}

fn parse(bytes: &[u8]) -> Result<Document, serde_json::Error> {
    let whole: Value = serde_json::from_slice(bytes)?;
    if !whole.is_object() {
        return Ok(Document::Other(whole));
    }
    // The map above has kept the last of several members with the same name.
    serde_json::Deserializer::from_slice(bytes).deserialize_map(Members)
}

/// Collects the members of an object up to a second one of the same name.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Document;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<Access: MapAccess<'de>>(self, mut access: Access) -> Result<Document, Access::Error> {
        let mut members = BTreeMap::new();
        let mut duplicate = None;
        while let Some((name, value)) = access.next_entry::<String, Value>()? {
            if members.insert(name.clone(), value).is_some() {
                duplicate.get_or_insert(name);
            }
        }
        Ok(duplicate.map_or(Document::Members(members), Document::Duplicate))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use tempfile::TempDir;

    use super::*;

    /// A directory with a file that has this text.
    fn file(text: &str) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(SETTINGS_FILE_NAME);
        fs_err::write(&path, text).unwrap();
        (directory, path)
    }

    #[test]
    fn what_is_not_an_object_with_distinct_names_is_refused() {
        let rows = [
            (
                "",
                "Settings file FILE does not contain valid JSON. This is probably caused by",
            ),
            (
                "invalid json",
                "Settings file FILE does not contain valid JSON. This is probably caused by",
            ),
            (
                "{} {}",
                "Settings file FILE does not contain valid JSON. This is probably caused by",
            ),
            (
                "{\"a\": \"\u{0}\"}",
                "Settings file FILE does not contain valid JSON. This is probably caused by",
            ),
            (
                "\"string\"",
                "Found non-object value \"string\" in settings file FILE",
            ),
            ("[1, 2]", "Found non-object value [1,2] in settings file FILE"),
            (
                "{\"key\": 1, \"x\": 2, \"key\": 1}",
                "Found duplicate key key in settings file FILE",
            ),
        ];
        for (text, expected) in rows {
            let (_directory, path) = file(text);
            let error = SettingsFile::read(path.clone()).unwrap_err().to_string();
            let error = error.replace(&path.display().to_string(), "FILE");
            assert!(error.starts_with(expected), "{text:?}: {error}");
            assert_eq!(fs_err::read_to_string(&path).unwrap(), text);
        }
        let (directory, _path) = file("{}");
        let error = SettingsFile::read(directory.path().to_owned()).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}. Please check permissions.", directory.path().display())
        );
    }

    #[test]
    fn what_was_read_is_written_whole() {
        let (directory, path) =
            file(r#"{"z":1.50,"list":[6,"x"],"_":null,"big":123456789012345678901234567890}"#);
        SettingsFile::read(path.clone()).unwrap().write().unwrap();
        let expected = "{\n    \"_\": null,\n    \"big\": 123456789012345678901234567890,\n    \"list\": [\n        6,\n        \
                        \"x\"\n    ],\n    \"z\": 1.50\n}\n";
        assert_eq!(fs_err::read_to_string(&path).unwrap(), expected);
        assert_eq!(fs_err::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_was_not_there_is_an_empty_object() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("₿.json");
        SettingsFile::read(path.clone()).unwrap().write().unwrap();
        assert_eq!(fs_err::read_to_string(&path).unwrap(), "{\n}\n");
    }

    #[test]
    fn where_nothing_can_be_written_that_is_told() {
        let path = PathBuf::from("/nonexistent/settings.json");
        let error = SettingsFile::read(path).unwrap().write().unwrap_err();
        assert_eq!(
            error.to_string(),
            "Error: Unable to open settings file /nonexistent/settings.json.tmp for writing"
        );
    }

    proptest! {
        #[test]
        fn no_input_panics(text in "[{}\\[\\]\":,0-9a-z ]{0,40}") {
            _ = parse(text.as_bytes());
        }

        #[test]
        fn what_is_written_is_read_again(
            members in prop::collection::btree_map("[a-z_]{1,8}", "[ -~₿🦀]{0,8}", 0..6),
        ) {
            let (_directory, path) = file("{}");
            let members: BTreeMap<String, Value> =
                members.into_iter().map(|(name, text)| (name, text.into())).collect();
            let written = SettingsFile { path: path.clone(), members: members.clone() };
            written.write().unwrap();
            prop_assert_eq!(SettingsFile::read(path).unwrap().members, members);
        }
    }
}
