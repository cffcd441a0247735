//! The compilers and binary tools for a host, and what they are: their identity is part of every key.

mod inquiry;
mod memory;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;

use crate::host::{CompilerFamily, Host};
use crate::options::{Options, TOOL_OPTIONS};
use crate::tool::{MissingTool, SearchPath, install_packages};
use inquiry::Inquiry;
use memory::{Identity, Memory, Witnesses};

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

impl Toolchain {
    /// All tools, by the names that identities give them.
    pub(crate) fn tools(&self) -> [(&'static str, &Tool); 6] {
        [
            ("cc", &self.cc),
            ("cxx", &self.cxx),
            ("ar", &self.ar),
            ("ranlib", &self.ranlib),
            ("nm", &self.nm),
            ("strip", &self.strip),
        ]
    }
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
    remembered: Mutex<Memory>,
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
        let remembered = Memory::load(&memory);
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
        toolchain.identity = self.identity(host, &toolchain)?;
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

    /// The identity of a toolchain, from memory where nothing has changed since it was read.
    fn identity(&self, host: &Host, toolchain: &Toolchain) -> Result<Identity, ToolchainError> {
        let tools = toolchain.tools();
        let words = tools.iter().map(|(_, tool)| tool.words().join(" "));
        let path = self.search_path.as_os_str().to_string_lossy().into_owned();
        let question = words
            .chain([host.triplet.clone(), path])
            .collect::<Vec<_>>()
            .join("\n");
        let mut remembered = self
            .remembered
            .lock()
            .expect("no holder panics because none calls out");
        if let Some(identity) = remembered.recall(&question) {
            return Ok(identity.clone());
        }
        let mut inquiry = Inquiry {
            search_path: &self.search_path,
            witnesses: Witnesses::default(),
        };
        let identity = inquiry.identify(host, toolchain)?;
        remembered.keep(question, identity.clone(), inquiry.witnesses, &self.memory);
        Ok(identity)
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
