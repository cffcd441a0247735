//! Asking compilers what they are: which programs take part in compiling, what these contain, and what the compilers
//! predefine.

use std::io;
use std::path::{Path, PathBuf};

use super::memory::{Identity, Witnesses};
use super::{Tool, Toolchain, ToolchainError};
use crate::digest::Digest;
use crate::host::Host;
use crate::process::Program;
use crate::tool::SearchPath;

/// The macros whose values say which compiler and which C and C++ libraries there are.
const VERSION_MACROS: [&str; 7] = [
    "__VERSION__",
    "__GLIBC__",
    "__GLIBC_MINOR__",
    "__GLIBCXX__",
    "_LIBCPP_VERSION",
    "__MINGW64_VERSION_MAJOR",
    "__MINGW64_VERSION_MINOR",
];

/// The asking about one toolchain.
pub(super) struct Inquiry<'a> {
    pub(super) search_path: &'a SearchPath,
    /// The files that were read.
    pub(super) witnesses: Witnesses,
}

impl Inquiry<'_> {
    /// Reads what takes part in compiling, byte by byte: a version's name stays the same across a distribution's
    /// updates.
    pub(super) fn identify(
        &mut self,
        host: &Host,
        toolchain: &Toolchain,
    ) -> Result<Identity, ToolchainError> {
        let mut parts = Identity::new();
        for (kind, tool) in toolchain.tools() {
            let digest = self.digest(&tool.program)?;
            let words = std::iter::once(digest.to_string()).chain(tool.arguments.iter().cloned());
            parts.insert(kind.to_owned(), words.collect::<Vec<_>>().join(" "));
            // Behind a launcher stands the compiler proper, whose answers these are.
            for program in tool
                .arguments
                .iter()
                .filter_map(|word| self.search_path.find(word))
            {
                self.witnesses.call(&program)?;
            }
        }
        for (compiler, language, passes) in [
            (&toolchain.cc, "c", &["cc1", "as", "ld", "collect2"][..]),
            (&toolchain.cxx, "c++", &["cc1plus"][..]),
        ] {
            for pass in passes {
                let answer = self.ask(compiler, &[&format!("-print-prog-name={pass}")])?;
                let named = answer.trim();
                let digest = match self.search_path.find(named) {
                    Some(program) => self.digest(&program)?.to_string(),
                    None => "absent".to_owned(),
                };
                parts.insert((*pass).to_owned(), digest);
            }
            parts.insert(
                format!("{language} macros"),
                self.predefined(host, compiler, language)?,
            );
        }
        Ok(parts)
    }

    /// What the compiler defines by itself, and with it the C and C++ libraries: a digest, and the versions in words.
    fn predefined(&mut self, host: &Host, compiler: &Tool, language: &str) -> Result<String, ToolchainError> {
        let header = if language == "c++" { "cstddef" } else { "limits.h" };
        let rules = tempfile::NamedTempFile::new()?;
        let rules_path = rules.path().display().to_string();
        let preprocess = ["-x", language, "-include", header, "-dM", "-E", "/dev/null"];
        let answer = self.ask(
            compiler,
            &[&preprocess[..], &["-MD", "-MF", &rules_path]].concat(),
        )?;
        for path in prerequisites(&fs_err::read_to_string(rules.path())?) {
            self.witnesses.call(&path)?;
        }
        let is_defined = |name: &str| {
            let definition = format!("#define {name} ");
            answer.lines().any(|line| line.starts_with(&definition))
        };
        if let Some(lack) = host.macros().into_iter().find(|name| !is_defined(name)) {
            return Err(ToolchainError::WrongMachine {
                program: compiler.program.clone(),
                host: host.triplet.clone(),
                lack,
            });
        }
        let digest = Digest::of(answer.as_bytes()).to_string();
        let versions = VERSION_MACROS.iter().filter_map(|name| {
            let value = answer.lines().find_map(|line| {
                let definition = line.strip_prefix("#define ")?;
                definition.strip_prefix(name)?.strip_prefix(' ')
            })?;
            Some(format!("{name}={value}"))
        });
        let words: Vec<String> = std::iter::once(digest).chain(versions).collect();
        Ok(words.join(" "))
    }

    /// Runs the compiler as a build does: a launcher or a wrapper finds the compiler proper on the path.
    fn ask(&self, compiler: &Tool, arguments: &[&str]) -> Result<String, ToolchainError> {
        let unusable = |reason: String| ToolchainError::Unusable {
            program: compiler.program.clone(),
            reason,
        };
        let output = Program::new(&compiler.program)
            .arguments(
                compiler
                    .arguments
                    .iter()
                    .map(String::as_str)
                    .chain(arguments.iter().copied()),
            )
            .environment("LC_ALL", "C")
            .environment("PATH", self.search_path.as_os_str())
            .output()
            .map_err(|error| unusable(error.to_string()))?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(unusable(
                String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            ))
        }
    }

    /// The digest of a program, which becomes a witness by the name that it was found by: a link may come to lead
    /// elsewhere. So does its directory: beside a compiler may appear an assembler that it prefers.
    fn digest(&mut self, path: &Path) -> io::Result<Digest> {
        self.witnesses.call(path)?;
        if let Some(directory) = path.parent() {
            self.witnesses.call(directory)?;
        }
        Digest::of_file(path)
    }
}

/// The headers that a rule for make, as compilers write it, names after the colon.
fn prerequisites(rules: &str) -> Vec<PathBuf> {
    let text = rules.split_once(": ").map_or("", |(_, after)| after);
    // A space in a name has a backslash before it, and so has the end of a line that goes on.
    let text = text.replace("\\\n", " ").replace("\\ ", "\0");
    text.split_whitespace()
        .map(|word| PathBuf::from(word.replace('\0', " ")))
        .filter(|path| path.is_absolute() && path != Path::new("/dev/null"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_read_from_rules_for_make() {
        let rules = "null.o: /dev/null /usr/include/a.h \\\n /opt/my\\ sdk/b.h \\\n /c.h\n";
        assert_eq!(
            prerequisites(rules),
            ["/usr/include/a.h", "/opt/my sdk/b.h", "/c.h"].map(PathBuf::from)
        );
        assert_eq!(prerequisites(""), [""; 0].map(PathBuf::from));
    }
}
