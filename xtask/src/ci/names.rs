//! The step that holds the engine to knowing nothing of what it is used for: it names no coin, no node and not this
//! repository. Its address in the registry comes from the workspace's `Cargo.toml` alone.

use std::path::Path;

use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};

use super::{Context, Outcome};
use crate::workspace;

/// What no file of the engine says, in lower case, also as a part of a word.
const WORDS: [&str; 5] = ["coin", "satoshi", "blockchain", "mempool", "multiprocess"];

/// The driver, which the engine does not name either. The profile's loader does: whoever builds the workspace is told
/// what to run.
const DRIVER: &str = "xtask";

/// Where the profile's loader lies.
const LOADER: &str = "depends/site-profile";

/// What runs of the engine leave in its directory, besides the prefixes of hosts.
const LEFT: [&str; 3] = ["built", "sources", "work"];

/// Looks at every file of the engine.
pub(super) fn run(_: &Context) -> Result<Outcome> {
    let engine = workspace::root().join("depends");
    let mut complaints = Vec::new();
    let mut n_files = 0;
    for entry in fs::read_dir(&engine).into_diagnostic()? {
        let entry = entry.into_diagnostic()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_left = LEFT.contains(&name.as_str()) || name.matches('-').count() >= 2;
        if !is_left || !entry.path().is_dir() {
            n_files += look(&entry.path(), &mut complaints)?;
        }
    }
    if complaints.is_empty() {
        eprintln!("{n_files} files of the engine name nothing that they must not");
        return Ok(Outcome::Passed);
    }
    let list: String = complaints.iter().map(|line| format!("\n  {line}")).collect();
    Err(miette!("the engine names what it is to know nothing of:{list}"))
}

/// Looks at `path` and all below it, and returns how many files there are.
fn look(path: &Path, complaints: &mut Vec<String>) -> Result<usize> {
    if path.is_dir() {
        let mut n_files = 0;
        for entry in fs::read_dir(path).into_diagnostic()? {
            n_files += look(&entry.into_diagnostic()?.path(), complaints)?;
        }
        return Ok(n_files);
    }
    let place = path.strip_prefix(workspace::root()).unwrap_or(path);
    let driver = (!place.starts_with(LOADER)).then_some(DRIVER);
    let words: Vec<&str> = WORDS.into_iter().chain(driver).collect();
    let text = String::from_utf8_lossy(&fs::read(path).into_diagnostic()?).to_lowercase();
    for (line, number) in text.lines().zip(1..) {
        let named = words.iter().filter(|word| line.contains(**word));
        complaints.extend(named.map(|word| format!("{}:{number}: {word}", place.display())));
    }
    Ok(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_file_and_line_with_a_name_is_told() {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join("src/part")).unwrap();
        fs::write(directory.path().join("README.md"), "builds anything\n").unwrap();
        fs::write(
            directory.path().join("src/part/a.rs"),
            "// nothing\n// of Dogecoin's\n\n\"MULTIPROCESS\" cargo xtask\n",
        )
        .unwrap();
        let mut complaints = Vec::new();
        assert_eq!(look(directory.path(), &mut complaints).unwrap(), 2);
        let file = directory.path().join("src/part/a.rs");
        let expected = [(2, "coin"), (4, "multiprocess"), (4, "xtask")]
            .map(|(line, word)| format!("{}:{line}: {word}", file.display()));
        assert_eq!(complaints, expected);
    }
}
