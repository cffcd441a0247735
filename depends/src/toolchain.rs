//! The compilers and binary tools for a host, and what they are: their identity is part of every key.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::host::{CompilerFamily, Host};
use crate::options::{Options, TOOL_OPTIONS};
use crate::process::Program;
use crate::tool::{MissingTool, SearchPath, install_packages};

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

/// A program with the arguments that always come first, as in `CC="ccache gcc"`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tool {
    /// The program.
    pub program: PathBuf,
    /// Its first arguments.
    pub arguments: Vec<String>,
}

impl Tool {
    /// The words of the command, for a shell or a makefile.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let program = self.program.display().to_string();
        std::iter::once(program)
            .chain(self.arguments.iter().cloned())
            .collect()
    }
}

/// The compilers and binary tools for one host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// The C compiler.
    pub cc: Tool,
    /// The C++ compiler.
    pub cxx: Tool,
    /// The archiver.
    pub ar: Tool,
    /// The indexer of archives.
    pub ranlib: Tool,
    /// The lister of symbols.
    pub nm: Tool,
    /// The stripper of symbols.
    pub strip: Tool,
    /// What decides the result of compiling, by name: the digests of the contents of all programs that take part, and
    /// of what the compilers predefine.
    pub identity: BTreeMap<String, String>,
}

/// Whether a toolchain is found for the host, where options choose it, or for the machine that builds, where they do
/// not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// For packages that run on the host.
    Host,
    /// For native packages.
    Build,
}

/// Finds toolchains, and remembers across runs what the programs contain.
#[derive(Debug)]
pub struct Finder {
    search_path: SearchPath,
    memory: PathBuf,
    remembered: Mutex<BTreeMap<PathBuf, Remembered>>,
}

/// The digest of a file while it has this size, time and number.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
struct Remembered {
    size: u64,
    modified: u128,
    digest: Digest,
}

/// Why a toolchain's identity cannot be told.
#[derive(Debug, thiserror::Error)]
pub enum ToolchainError {
    /// Programs are missing.
    #[error("missing tools")]
    Missing(Vec<MissingTool>),
    /// The compiler does not answer as a compiler does.
    #[error("{} does not work as a compiler: {reason}", program.display())]
    Unusable {
        /// The compiler.
        program: PathBuf,
        /// What it answered.
        reason: String,
    },
    /// The compiler compiles for another machine than the host.
    #[error("{} does not compile for {host}: it does not define {lack}", program.display())]
    WrongMachine {
        /// The compiler.
        program: PathBuf,
        /// The host.
        host: String,
        /// What a compiler for the host defines.
        lack: &'static str,
    },
    /// A program cannot be read; the error names it.
    #[error(transparent)]
    Read(#[from] std::io::Error),
}

impl Finder {
    /// A finder that looks in `search_path` and keeps its memory in the file `memory`.
    #[must_use]
    pub fn new(search_path: SearchPath, memory: PathBuf) -> Self {
        let text = fs_err::read_to_string(&memory).unwrap_or_default();
        let remembered = serde_json::from_str(&text).unwrap_or_default();
        Self {
            search_path,
            memory,
            remembered: Mutex::new(remembered),
        }
    }

    /// The toolchain for `host`.
    ///
    /// # Errors
    /// Programs are missing, all of them named, or the compiler does not answer.
    pub fn find(&self, host: &Host, role: Role, options: &Options) -> Result<Toolchain, ToolchainError> {
        let mut missing = Vec::new();
        let mut tools: BTreeMap<&str, Tool> = BTreeMap::new();
        for kind in TOOL_OPTIONS {
            match self.find_tool(kind, host, role, options) {
                Ok(tool) => drop(tools.insert(kind, tool)),
                Err(tool) => missing.push(tool),
            }
        }
        if !missing.is_empty() {
            return Err(ToolchainError::Missing(missing));
        }
        let mut take = |kind| {
            tools
                .remove(kind)
                .expect("every kind was found because none is missing")
        };
        let mut toolchain = Toolchain {
            cc: take("CC"),
            cxx: take("CXX"),
            ar: take("AR"),
            ranlib: take("RANLIB"),
            nm: take("NM"),
            strip: take("STRIP"),
            identity: BTreeMap::new(),
        };
        toolchain.identity = self.identify(host, &toolchain)?;
        self.save();
        Ok(toolchain)
    }

    fn find_tool(&self, kind: &str, host: &Host, role: Role, options: &Options) -> Result<Tool, MissingTool> {
        let missing = |programs: Vec<String>| MissingTool {
            name: kind.to_owned(),
            programs,
            needed_by: format!("host {}", host.triplet),
            install: match (is_current(host), kind) {
                (false, _) => host.install.clone(),
                (true, "CC") => install_packages("cc"),
                (true, "CXX") => install_packages("cxx"),
                (true, _) => install_packages("binutils"),
            },
        };
        if let (Role::Host, Some(value)) = (role, chosen(kind, host, options)) {
            let mut words = value.split_whitespace().map(str::to_owned);
            let name = words.next().unwrap_or_default();
            return match self.search_path.find(&name) {
                Some(program) => Ok(Tool {
                    program,
                    arguments: words.collect(),
                }),
                None => Err(missing(vec![name])),
            };
        }
        let lto = role == Role::Host && options.switch("LTO");
        let names = candidates(kind, host, lto);
        match self.search_path.find_any(names.iter().map(String::as_str)) {
            Some(program) => Ok(Tool {
                program,
                arguments: Vec::new(),
            }),
            None => Err(missing(names)),
        }
    }

    /// Reads what takes part in compiling, byte by byte: a version's name stays the same across a distribution's
    /// updates.
    fn identify(
        &self,
        host: &Host,
        toolchain: &Toolchain,
    ) -> Result<BTreeMap<String, String>, ToolchainError> {
        let mut parts = BTreeMap::new();
        for (kind, tool) in [
            ("cc", &toolchain.cc),
            ("cxx", &toolchain.cxx),
            ("ar", &toolchain.ar),
            ("ranlib", &toolchain.ranlib),
            ("nm", &toolchain.nm),
            ("strip", &toolchain.strip),
        ] {
            let digest = self.digest(&tool.program)?;
            let words = std::iter::once(digest.to_string()).chain(tool.arguments.iter().cloned());
            parts.insert(kind.to_owned(), words.collect::<Vec<_>>().join(" "));
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
    fn predefined(&self, host: &Host, compiler: &Tool, language: &str) -> Result<String, ToolchainError> {
        let header = if language == "c++" { "cstddef" } else { "limits.h" };
        let answer = self.ask(
            compiler,
            &["-x", language, "-include", header, "-dM", "-E", "/dev/null"],
        )?;
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

    fn digest(&self, path: &Path) -> Result<Digest, ToolchainError> {
        let path = fs_err::canonicalize(path)?;
        let metadata = fs_err::metadata(&path)?;
        let modified = metadata
            .modified()
            .ok()
            .and_then(|time| time.duration_since(UNIX_EPOCH).ok())
            .map_or(0, |duration| duration.as_nanos());
        let size = metadata.len();
        let mut remembered = self
            .remembered
            .lock()
            .expect("no holder panics because none calls out");
        if let Some(known) = remembered.get(&path)
            && (known.size, known.modified) == (size, modified)
        {
            return Ok(known.digest);
        }
        let digest = Digest::of_file(&path)?;
        remembered.insert(
            path,
            Remembered {
                size,
                modified,
                digest,
            },
        );
        Ok(digest)
    }

    /// Keeps the memory for the next run. It only saves time, so that a failure is no error.
    fn save(&self) {
        let remembered = self
            .remembered
            .lock()
            .expect("no holder panics because none calls out");
        let text = serde_json::to_string(&*remembered).unwrap_or_default();
        if fs_err::read_to_string(&self.memory).is_ok_and(|saved| saved == text) {
            return;
        }
        let _ = crate::atomic::write(&self.memory, text.as_bytes());
    }
}

fn is_current(host: &Host) -> bool {
    Host::current().is_some_and(|current| current.triplet == host.triplet)
}

/// The option that chooses the tool: `CC`, then `<arch>_<system>_CC`, then `<system>_CC`.
fn chosen<'a>(kind: &str, host: &Host, options: &'a Options) -> Option<&'a str> {
    let names = [
        kind.to_owned(),
        format!("{}_{}_{kind}", host.arch, host.system),
        format!("{}_{kind}", host.system),
    ];
    names.iter().find_map(|name| options.text(name))
}

/// The names under which the tool may be found, the preferred one first.
fn candidates(kind: &str, host: &Host, lto: bool) -> Vec<String> {
    let base = match (kind, host.compiler) {
        ("CC", CompilerFamily::Gcc) => "gcc".to_owned(),
        ("CC", CompilerFamily::Clang) => "clang".to_owned(),
        ("CXX", CompilerFamily::Gcc) => "g++".to_owned(),
        ("CXX", CompilerFamily::Clang) => "clang++".to_owned(),
        _ => kind.to_lowercase(),
    };
    let is_compiler = matches!(kind, "CC" | "CXX");
    let base = if lto && !is_compiler && kind != "STRIP" && host.compiler == CompilerFamily::Gcc {
        format!("gcc-{base}")
    } else {
        base
    };
    let no_suffix = [String::new()];
    let suffixes = if is_compiler {
        &host.compiler_suffixes[..]
    } else {
        &no_suffix[..]
    };
    let mut names = Vec::new();
    if is_current(host) {
        names.push(base.clone());
    }
    for prefix in &host.compiler_prefixes {
        names.extend(suffixes.iter().map(|suffix| format!("{prefix}{base}{suffix}")));
    }
    names
}
