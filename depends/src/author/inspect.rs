//! What an unpacked source says of itself: its build system, its licence, and in a crate its manifest.

use std::io;
use std::path::Path;

use super::license::{self, Guess};

/// How the names of licences' files begin, in lower case.
const LICENSE_NAMES: [&str; 5] = ["license", "licence", "copying", "unlicense", "copyright"];

/// What a source says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Inspection {
    /// The build system, as recipes name it.
    pub(super) system: Option<&'static str>,
    /// What to know of the choice.
    pub(super) notes: Vec<String>,
    /// The licences' files.
    pub(super) license_files: Vec<String>,
    /// The licence, where it is sure.
    pub(super) license: Option<String>,
    /// What is known of the licence otherwise.
    pub(super) license_hint: String,
    /// The description in a crate's manifest.
    pub(super) description: Option<String>,
    /// The web site in a crate's manifest.
    pub(super) homepage: Option<String>,
}

/// Looks at the source in `tree`.
///
/// # Errors
/// It cannot be read.
pub(super) fn inspect(tree: &Path) -> io::Result<Inspection> {
    let mut files = Vec::new();
    for entry in fs_err::read_dir(tree)? {
        let entry = entry?;
        if entry.file_type()?.is_file()
            && let Ok(name) = entry.file_name().into_string()
        {
            files.push(name);
        }
    }
    files.sort();
    let mut inspection = Inspection::default();
    inspection.find_build_system(&files);
    inspection.find_license(tree, &files)?;
    inspection.read_manifest(tree);
    Ok(inspection)
}

impl Inspection {
    fn find_build_system(&mut self, files: &[String]) {
        let has = |name: &str| files.iter().any(|file| file == name);
        let has_make = ["GNUmakefile", "Makefile", "makefile"].into_iter().any(has);
        let known = [
            ("cmake", has("CMakeLists.txt")),
            ("autotools", has("configure")),
            ("make", has_make),
        ];
        let mut present = known.into_iter().filter(|(_, is)| *is).map(|(name, _)| name);
        self.system = present.next();
        for other in present {
            self.notes.push(format!("it can be built with {other} too"));
        }
        if self.system.is_none() && (has("configure.ac") || has("autogen.sh")) {
            let note =
                "it has no configure script: take an archive of the release, or write steps that make one";
            self.notes.push(note.to_owned());
        }
        if has("meson.build") {
            self.notes.push(match self.system {
                Some(_) => "meson, which it has too, is not supported".to_owned(),
                None => "it is built with meson, which is not supported: write steps that call it".to_owned(),
            });
        }
    }

    fn find_license(&mut self, tree: &Path, files: &[String]) -> io::Result<()> {
        let is_license = |file: &&String| {
            let lower = file.to_lowercase();
            LICENSE_NAMES.iter().any(|name| lower.starts_with(name))
        };
        self.license_files = files.iter().filter(is_license).cloned().collect();
        let mut guesses = Vec::new();
        for file in &self.license_files {
            let bytes = fs_err::read(tree.join(file))?;
            guesses.push(license::guess(&String::from_utf8_lossy(&bytes)));
        }
        match &guesses[..] {
            [Guess::One(license)] => self.license = Some((*license).to_owned()),
            [Guess::Unsure(hint)] => self.license_hint.clone_from(hint),
            [] => "it has no file of a licence at its top".clone_into(&mut self.license_hint),
            several => {
                let hints: Vec<String> = self
                    .license_files
                    .iter()
                    .zip(several)
                    .map(|(file, guess)| match guess {
                        Guess::One(license) => format!("{file}: {license}"),
                        Guess::Unsure(hint) => format!("{file}: {hint}"),
                    })
                    .collect();
                self.license_hint = hints.join("; ");
            }
        }
        Ok(())
    }

    /// Reads what a crate says of itself.
    fn read_manifest(&mut self, tree: &Path) {
        let Ok(text) = fs_err::read_to_string(tree.join("Cargo.toml")) else {
            return;
        };
        let Ok(manifest) = text.parse::<toml::Table>() else {
            return;
        };
        let field = |name: &str| {
            let value = manifest.get("package")?.get(name)?.as_str()?;
            let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
            (!line.is_empty()).then_some(line)
        };
        self.description = field("description");
        self.homepage = field("homepage").or_else(|| field("repository"));
        if let Some(license) = field("license") {
            self.license = Some(license);
        }
    }
}
