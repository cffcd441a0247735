//! The C++ tree in `tests/trees`, built against a prefix as any other tree would be: with autoconf and with CMake.
//! The program calls into every library and prints what it called. Runs nothing that it builds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};
use site_profile::{FILE_NAME, SiteProfile};
use tempfile::TempDir;
use xshell::{Cmd, Shell};

use crate::{cargo, workspace};

/// The programs of the system that building takes, besides compilers.
pub(crate) const TOOLS: [&str; 5] = ["autoconf", "automake", "cmake", "make", "pkg-config"];

/// What would decide the result besides the prefix.
const ENVIRONMENT: [&str; 16] = [
    "CC",
    "CXX",
    "AR",
    "NM",
    "RANLIB",
    "STRIP",
    "CFLAGS",
    "CXXFLAGS",
    "CPPFLAGS",
    "LIBS",
    "PKG_CONFIG",
    "PKG_CONFIG_PATH",
    "PKG_CONFIG_LIBDIR",
    "CMAKE_PREFIX_PATH",
    "CMAKE_TOOLCHAIN_FILE",
    "CMAKE_GENERATOR",
];

/// Where a prefix lies, and what is built against it: a path that configure scripts and makefiles can use.
pub(crate) struct Workplace {
    path: PathBuf,
    _temporary: Option<TempDir>,
}

impl Workplace {
    /// The usual place, or a temporary one where the usual path has characters that a shell or make gives a meaning.
    ///
    /// # Errors
    /// The system gives no temporary directory.
    pub(crate) fn new(usual: PathBuf) -> Result<Self> {
        if is_plain(&usual) {
            return Ok(Self {
                path: usual,
                _temporary: None,
            });
        }
        let temporary = tempfile::tempdir().into_diagnostic()?;
        println!(
            "{} is no path for configure scripts and makefiles: {} takes its place",
            usual.display(),
            temporary.path().display()
        );
        Ok(Self {
            path: temporary.path().to_owned(),
            _temporary: Some(temporary),
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

fn is_plain(path: &Path) -> bool {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._+-@,".contains(letter);
    path.to_str().is_some_and(|path| path.chars().all(plain))
}

/// A program that was built against a prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Built {
    /// What built it: `autoconf` or `cmake`.
    pub(crate) system: &'static str,
    /// The program, for the prefix's host; nothing is linked into it when it starts.
    pub(crate) program: PathBuf,
}

/// Builds the tree against `prefix` with each build system, below `directory`, which is emptied first.
///
/// # Errors
/// A library is not found, or does not fit.
pub(crate) fn build(prefix: &Path, directory: &Path) -> Result<[Built; 2]> {
    if directory.exists() {
        fs::remove_dir_all(directory).into_diagnostic()?;
    }
    Ok([
        autoconf(prefix, &directory.join("autoconf"))?,
        cmake(prefix, &directory.join("cmake"))?,
    ])
}

/// Checks that a program's output names each package that the prefix has for its host, in its version.
///
/// # Errors
/// A package is missing, of another version, or not of the prefix.
pub(crate) fn check(prefix: &Path, output: &str) -> Result<()> {
    let profile = SiteProfile::load(&prefix.join("share").join(FILE_NAME)).into_diagnostic()?;
    let packages = &profile.profile().packages;
    let expected: BTreeMap<&str, &str> = packages
        .iter()
        .filter(|(name, _)| !name.starts_with("native_"))
        .map(|(name, package)| (name.as_str(), package.version.as_str()))
        .collect();
    compare(&expected, output)
}

fn compare(expected: &BTreeMap<&str, &str>, output: &str) -> Result<()> {
    let called: BTreeMap<&str, &str> = output.lines().filter_map(|line| line.split_once(' ')).collect();
    let names = |packages: &BTreeMap<&str, &str>| packages.keys().copied().collect::<Vec<_>>().join(" ");
    if !called.keys().eq(expected.keys()) {
        let (called, expected) = (names(&called), names(expected));
        return Err(miette!("the program calls {called}; the prefix has {expected}"));
    }
    for (name, version) in &called {
        // Some libraries do not tell.
        if *version != "-" && *version != expected[name] {
            return Err(miette!(
                "{name} says that it is {version}; the prefix has {}",
                expected[name]
            ));
        }
    }
    Ok(())
}

/// `autoreconf` in a copy of the tree, then `CONFIG_SITE=… configure` and `make` outside it.
fn autoconf(prefix: &Path, directory: &Path) -> Result<Built> {
    let source = directory.join("source");
    ::depends::tree::copy(&tree(), &source).into_diagnostic()?;
    let shell = shell(&source)?;
    call(&shell, "autoreconf")
        .args(["--install", "--force"])
        .run()
        .into_diagnostic()?;
    let build = directory.join("build");
    fs::create_dir_all(&build).into_diagnostic()?;
    shell.change_dir(&build);
    call(&shell, "/bin/sh")
        .arg(source.join("configure"))
        .arg("--disable-dependency-tracking")
        .env(
            site_profile::CONFIG_SITE,
            prefix.join(::depends::site::AUTOCONF_PATH),
        )
        .run()
        .into_diagnostic()?;
    call(&shell, "make").arg(jobs()).run().into_diagnostic()?;
    built("autoconf", &build)
}

/// `cmake --toolchain …`, in the way that CMake before 3.21 knows as well.
fn cmake(prefix: &Path, directory: &Path) -> Result<Built> {
    fs::create_dir_all(directory).into_diagnostic()?;
    let shell = shell(directory)?;
    let toolchain = prefix.join(::depends::site::CMAKE_PATH);
    call(&shell, "cmake")
        .arg("-S")
        .arg(tree())
        .args([
            "-B",
            ".",
            "-G",
            "Unix Makefiles",
            "-DCMAKE_BUILD_TYPE=RelWithDebInfo",
        ])
        .arg(format!("-DCMAKE_TOOLCHAIN_FILE={}", toolchain.display()))
        .run()
        .into_diagnostic()?;
    call(&shell, "cmake")
        .args(["--build", "."])
        .arg(jobs())
        .run()
        .into_diagnostic()?;
    built("cmake", directory)
}

fn built(system: &'static str, directory: &Path) -> Result<Built> {
    let program = ["trees", "trees.exe"]
        .map(|name| directory.join(name))
        .into_iter()
        .find(|program| program.is_file())
        .ok_or_else(|| miette!("no program was built in {}", directory.display()))?;
    Ok(Built { system, program })
}

fn tree() -> PathBuf {
    workspace::root().join("tests/trees")
}

fn shell(directory: &Path) -> Result<Shell> {
    let shell = Shell::new().into_diagnostic()?;
    shell.change_dir(directory);
    Ok(shell)
}

/// A program of the system. What it links is linked whole, so that a library of the system cannot serve unnoticed.
fn call<'a>(shell: &'a Shell, program: &str) -> Cmd<'a> {
    let command = cargo::outside(shell, program).env("LDFLAGS", "-static");
    ENVIRONMENT.iter().fold(command, Cmd::env_remove)
}

fn jobs() -> String {
    format!(
        "-j{}",
        std::thread::available_parallelism().map_or(1, usize::from)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_configure_scripts_cannot_use_is_no_workplace() {
        for (usual, expected) in [
            ("/home/user/check_out-1.0+x@y,z/build", true),
            ("/home/a user/build", false),
            ("/home/user/$build", false),
            ("/home/user/b;c", false),
            ("/home/user/it's", false),
            ("/home/user/₿", false),
            ("/home/user/50%", false),
        ] {
            let workplace = Workplace::new(PathBuf::from(usual)).unwrap();
            assert_eq!(workplace.path() == Path::new(usual), expected, "{usual}");
            assert!(expected || is_plain(workplace.path()), "{usual}");
        }
    }

    #[test]
    fn a_program_must_name_what_the_prefix_has_and_nothing_else() {
        let expected = BTreeMap::from([("a", "1.0"), ("b", "2.0")]);
        let rows = [
            ("a 1.0\nb 2.0\n", ""),
            ("b -\na 1.0\n", ""),
            ("a 1.0\n", "calls a; the prefix has a b"),
            ("a 1.0\nb 2.0\nc 3.0\n", "calls a b c; the prefix has a b"),
            ("a 1.0\nb 2.1\n", "b says that it is 2.1; the prefix has 2.0"),
        ];
        for (output, message) in rows {
            let found = compare(&expected, output).map_or_else(|error| error.to_string(), |()| String::new());
            assert!(
                found.ends_with(message) && found.is_empty() == message.is_empty(),
                "{output}: {found}"
            );
        }
    }
}
