//! The platforms that packages are built for, read from `hosts.toml`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, LazyLock};

use cargo_platform::Cfg;
use serde::Deserialize;

/// A platform that packages are built for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Host {
    /// Its GNU triplet.
    pub triplet: String,
    /// Other names that are understood.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// Rust's name for it.
    pub rust_target: String,
    /// The processor, as Rust's `target_arch`.
    pub arch: String,
    /// The operating system, as Rust's `target_os`.
    pub os: String,
    /// The C library's flavour, as Rust's `target_env`.
    pub env: String,
    /// The family of platforms that options such as `mingw32_CC` name.
    pub system: String,
    /// The format of its objects, libraries and programs.
    pub format: BinaryFormat,
    /// The order of bytes in them.
    #[serde(default)]
    pub endianness: Endianness,
    /// What stands before the compiler's and the binary tools' names.
    pub compiler_prefixes: Vec<String>,
    /// What stands after the compiler's name.
    #[serde(default = "no_suffix")]
    pub compiler_suffixes: Vec<String>,
    /// The compiler's family.
    #[serde(default)]
    pub compiler: CompilerFamily,
    /// What carries the compiler, by package manager.
    #[serde(default)]
    pub install: BTreeMap<String, String>,
    /// What runs its programs on another machine.
    pub runner: Option<Runner>,
}

/// A program that runs programs for another machine than this one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Runner {
    /// Its names, the preferred one first.
    pub programs: Vec<String>,
    /// What stands before the program that it runs.
    #[serde(default)]
    pub arguments: Vec<String>,
    /// What its environment must have.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// The variable that names the directory in which it keeps what it remembers.
    pub home: Option<String>,
    /// The command that ends what it leaves running.
    #[serde(default)]
    pub stop: Vec<String>,
    /// What carries it, by package manager.
    #[serde(default)]
    pub install: BTreeMap<String, String>,
}

/// How a compiler's programs are called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CompilerFamily {
    /// `gcc` and `g++`.
    #[default]
    Gcc,
    /// `clang` and `clang++`.
    Clang,
}

/// The format of objects, libraries and programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BinaryFormat {
    /// ELF, of Linux and its relatives.
    Elf,
    /// COFF, and PE for programs, of Windows.
    Coff,
    /// Mach-O, of Apple's systems.
    MachO,
}

impl fmt::Display for BinaryFormat {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Elf => "ELF",
            Self::Coff => "COFF",
            Self::MachO => "Mach-O",
        })
    }
}

/// The order of bytes in a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endianness {
    /// The least significant byte first.
    #[default]
    Little,
    /// The most significant byte first.
    Big,
}

impl fmt::Display for Endianness {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Little => "little-endian",
            Self::Big => "big-endian",
        })
    }
}

fn no_suffix() -> Vec<String> {
    vec![String::new()]
}

/// A name that stands for no known platform.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, miette::Diagnostic)]
#[error("there is no host {name:?}")]
#[diagnostic(help("{help}"))]
pub struct UnknownHost {
    /// The name as it was given.
    pub name: String,
    help: String,
}

static HOSTS: LazyLock<Vec<Arc<Host>>> = LazyLock::new(|| {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct File {
        host: Vec<Host>,
    }
    let file: File = toml::from_str(include_str!("../hosts.toml"))
        .expect("hosts.toml is well-formed because a test reads all of it");
    file.host.into_iter().map(Arc::new).collect()
});

impl Host {
    /// All known platforms.
    #[must_use]
    pub fn all() -> &'static [Arc<Self>] {
        &HOSTS
    }

    /// The platform called `name`: its triplet, an alias or Rust's name.
    ///
    /// # Errors
    /// There is none; the error lists those that there are.
    pub fn find(name: &str) -> Result<Arc<Self>, UnknownHost> {
        let called = |host: &&Arc<Self>| {
            host.triplet == name || host.rust_target == name || host.aliases.iter().any(|alias| alias == name)
        };
        HOSTS.iter().find(called).cloned().ok_or_else(|| {
            let known = HOSTS
                .iter()
                .map(|host| host.triplet.as_str())
                .collect::<Vec<_>>()
                .join(", ");
            let near = crate::suggest::nearest(name, HOSTS.iter().map(|host| host.triplet.as_str()))
                .map_or_else(String::new, |near| format!("did you mean {near}? "));
            UnknownHost {
                name: name.to_owned(),
                help: format!("{near}the known hosts are {known}"),
            }
        })
    }

    /// The machine that this program runs on; `None` where it is no known platform.
    #[must_use]
    pub fn current() -> Option<Arc<Self>> {
        let env = if cfg!(target_env = "gnu") { "gnu" } else { "" };
        let same = |host: &&Arc<Self>| {
            host.arch == std::env::consts::ARCH && host.os == std::env::consts::OS && host.env == env
        };
        HOSTS.iter().find(same).cloned()
    }

    /// Whether its programs are Windows programs.
    #[must_use]
    pub fn is_windows(&self) -> bool {
        self.os == "windows"
    }

    /// What `cfg(…)` predicates know of it.
    #[must_use]
    pub fn facts(&self) -> Vec<Cfg> {
        let family = if self.is_windows() { "windows" } else { "unix" };
        let pairs = [
            ("target_os", &self.os),
            ("target_arch", &self.arch),
            ("target_env", &self.env),
        ];
        let pairs = pairs.iter().map(|(key, value)| format!("{key} = \"{value}\""));
        [family.to_owned(), format!("target_family = \"{family}\"")]
            .into_iter()
            .chain(pairs)
            .map(|fact| {
                fact.parse()
                    .expect("it is a fact because it is made of plain words")
            })
            .collect()
    }

    /// What compilers for it define, by which one for another machine is told.
    #[must_use]
    pub fn macros(&self) -> Vec<&'static str> {
        let arch = match self.arch.as_str() {
            "x86_64" => Some("__x86_64__"),
            "x86" => Some("__i386__"),
            "aarch64" => Some("__aarch64__"),
            "arm" => Some("__arm__"),
            "powerpc64" => Some("__powerpc64__"),
            "riscv32" | "riscv64" => Some("__riscv"),
            "s390x" => Some("__s390x__"),
            _ => None,
        };
        let os = match self.os.as_str() {
            "linux" => Some("__linux__"),
            "windows" => Some("_WIN32"),
            "macos" => Some("__APPLE__"),
            "android" => Some("__ANDROID__"),
            _ => None,
        };
        arch.into_iter().chain(os).collect()
    }

    /// The name that CMake gives the operating system.
    #[must_use]
    pub fn cmake_system_name(&self) -> &'static str {
        match self.os.as_str() {
            "windows" => "Windows",
            "macos" => "Darwin",
            "android" => "Android",
            _ => "Linux",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_host_is_found_by_each_of_its_names() {
        for host in Host::all() {
            for name in host.aliases.iter().chain([&host.triplet, &host.rust_target]) {
                assert_eq!(Host::find(name).unwrap().triplet, host.triplet, "{name}");
            }
            assert_eq!(host.facts().len(), 5);
            assert_eq!(host.macros().len(), 2, "{}", host.triplet);
        }
    }

    #[test]
    fn an_unknown_host_is_refused_with_the_known_ones() {
        let error = Host::find("aarch64-linux-gnuu").unwrap_err();
        let help = miette::Diagnostic::help(&error).unwrap().to_string();
        assert!(
            help.starts_with("did you mean aarch64-linux-gnu? the known hosts are x86_64-pc-linux-gnu, "),
            "{help}"
        );
    }

    #[test]
    fn this_machine_is_a_known_host() {
        assert!(Host::current().is_some());
    }
}
