//! What of the machine a build sees: the system's programs, the toolchain's headers and libraries, and the directories
//! of the tools that were found elsewhere.
//!
//! Headers and libraries that other packages of the system put beside the toolchain's are hidden, so that a dependency
//! that no recipe declares is not found by accident.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::directory::{children, name};
use crate::glob;

/// Directories of the system that hold programs and what these need.
const SYSTEM: [&str; 8] = [
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/nix/store",
    "/gnu/store",
];

/// Files of the system that programs need to start.
const CONFIGURATION: [&str; 4] = [
    "/etc/alternatives",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
];

/// What a build with the network needs besides.
const NETWORK: [&str; 5] = [
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/etc/ssl",
    "/etc/pki",
    "/etc/ca-certificates",
];

/// Where programs are that no option and no recipe names.
const PROGRAMS: [&str; 2] = ["/usr/bin", "/bin"];

/// What builds need of the machine.
pub(crate) struct Needs<'a> {
    /// The programs that are called.
    pub(crate) tools: &'a [PathBuf],
    /// Further directories, such as those of SDKs.
    pub(crate) directories: &'a [PathBuf],
}

/// What of the machine a build sees.
#[derive(Debug)]
pub(super) struct View {
    /// The system's directories that are there.
    pub(super) system: Vec<PathBuf>,
    /// The directories of tools that lie elsewhere.
    pub(super) tools: Vec<PathBuf>,
    /// Files of the system that are seen as they are.
    pub(super) configuration: Vec<PathBuf>,
    /// What is seen besides where a recipe lets the network in.
    pub(super) network: Vec<PathBuf>,
    /// Paths below the system's directories that are not seen.
    pub(super) hidden: BTreeSet<PathBuf>,
    /// Where the layer that hides them may be made.
    pub(super) scratch: PathBuf,
    knows_owners: bool,
}

impl View {
    pub(super) fn new(needs: &Needs<'_>, scratch: &Path) -> io::Result<Self> {
        let there = |paths: &[&str]| -> Vec<PathBuf> {
            paths
                .iter()
                .map(PathBuf::from)
                .filter(|path| path.symlink_metadata().is_ok())
                .collect()
        };
        let system = there(&SYSTEM);
        let mut tools = BTreeSet::new();
        let canonical = needs
            .tools
            .iter()
            .filter_map(|tool| fs_err::canonicalize(tool).ok());
        for tool in needs.tools.iter().cloned().chain(canonical) {
            if !lies_below(&tool, &system) {
                tools.extend(home_of(&tool));
            }
        }
        tools.extend(needs.directories.iter().cloned());
        let owned = Owned::read();
        let mut hidden = BTreeSet::new();
        for usr in ["/usr", "/usr/local"] {
            hide_foreign(Path::new(usr), owned.as_ref(), &mut hidden)?;
        }
        Ok(Self {
            system,
            tools: tools.into_iter().collect(),
            configuration: there(&CONFIGURATION),
            network: there(&NETWORK),
            hidden,
            scratch: scratch.to_owned(),
            knows_owners: owned.is_some(),
        })
    }

    /// What is not hidden although it should be.
    pub(super) fn shortfall(&self) -> Option<String> {
        (!self.knows_owners).then(|| {
            "this system does not say which headers are the toolchain's: builds see all of the system's headers"
                .to_owned()
        })
    }

    pub(super) fn hides(&self, path: &Path) -> bool {
        path.ancestors().any(|ancestor| self.hidden.contains(ancestor))
    }

    pub(super) fn search_path(&self, path: &OsStr) -> Vec<PathBuf> {
        let mut directories = Vec::new();
        let seen = std::env::split_paths(path)
            .filter(|directory| lies_below(directory, &self.system) || lies_below(directory, &self.tools));
        for directory in seen.chain(PROGRAMS.map(PathBuf::from)) {
            if directory.is_absolute() && !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        directories
    }
}

fn lies_below(path: &Path, directories: &[PathBuf]) -> bool {
    directories.iter().any(|directory| path.starts_with(directory))
}

/// The directory that a tool needs: the one that holds its `bin`, or the tool's own where that would be somebody's home
/// or the whole machine.
fn home_of(tool: &Path) -> Option<PathBuf> {
    let directory = tool.parent()?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    match directory.parent() {
        Some(above)
            if directory.file_name() == Some(OsStr::new("bin"))
                && above.parent().is_some()
                && home.as_deref() != Some(above) =>
        {
            Some(above.to_owned())
        }
        _ => Some(directory.to_owned()),
    }
}

/// Adds what lies below `usr` and is neither the toolchain's nor a program's to `hidden`.
fn hide_foreign(usr: &Path, owned: Option<&Owned>, hidden: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    let is_foreign = |path: &Path| owned.is_some_and(|owned| !owned.0.contains(path));
    let includes = usr.join("include");
    let libraries = ["lib", "lib32", "lib64"].map(|name| usr.join(name));
    for path in children(&includes)? {
        let name = name(&path);
        if is_architecture(&name) {
            hidden.extend(children(&path)?.into_iter().filter(|path| is_foreign(path)));
        } else if name != "c++" && is_foreign(&path) {
            hidden.insert(path);
        }
    }
    let mut directories = libraries.to_vec();
    for directory in &libraries {
        directories.extend(
            children(directory)?
                .into_iter()
                .filter(|path| is_architecture(&name(path)) && path.is_dir()),
        );
    }
    // Where they are links to one another, one name is enough.
    directories.retain(|directory| {
        directory
            .symlink_metadata()
            .is_ok_and(|metadata| metadata.is_dir())
    });
    for directory in directories {
        for path in children(&directory)? {
            let name = name(&path);
            let is_finder = matches!(name.as_str(), "pkgconfig" | "cmake");
            let is_library = name.ends_with(".a") || name.ends_with(".la") || is_development_link(&path);
            if is_finder || (is_library && is_foreign(&path)) {
                hidden.insert(path);
            }
        }
    }
    let finders = ["share/pkgconfig", "share/cmake"].map(|name| usr.join(name));
    hidden.extend(finders.into_iter().filter(|path| path.exists()));
    Ok(())
}

/// Whether a `.so` is there for linkers alone: a link to the library proper, or a linker's script. Libraries that
/// programs load by such a name are neither.
fn is_development_link(path: &Path) -> bool {
    if !name(path).ends_with(".so") {
        return false;
    }
    let Ok(metadata) = path.symlink_metadata() else {
        return false;
    };
    if metadata.is_symlink() {
        // One without a version is loaded by this name.
        return fs_err::read_link(path).is_ok_and(|target| name(&target).contains(".so."));
    }
    metadata.is_file() && !starts_with_elf(path)
}

fn starts_with_elf(path: &Path) -> bool {
    use std::io::Read as _;
    let mut magic = [0; 4];
    fs_err::File::open(path).is_ok_and(|mut file| file.read_exact(&mut magic).is_ok() && &magic == b"\x7fELF")
}

/// Whether a directory holds what belongs to one of the processors that the system serves.
fn is_architecture(name: &str) -> bool {
    name.contains("-linux-gnu") || name.contains("-linux-musl")
}

/// The files that belong to the toolchain's packages, by the system's own account.
struct Owned(BTreeSet<PathBuf>);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolchainFiles {
    dpkg: Packages,
    rpm: Packages,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Packages {
    packages: Vec<String>,
}

impl Owned {
    /// `None` where the system keeps no account that is known here.
    fn read() -> Option<Self> {
        let files: ToolchainFiles = toml::from_str(include_str!("../../toolchain-files.toml"))
            .expect("toolchain-files.toml is well-formed because a test reads it");
        let found = Self::from_dpkg(Path::new("/var/lib/dpkg/info"), &files.dpkg.packages)
            .or_else(|| Self::from_rpm(&files.rpm.packages))?;
        // Without the C library's headers among them, the account is of something else.
        found
            .0
            .contains(Path::new("/usr/include/stdio.h"))
            .then_some(found)
    }

    /// dpkg keeps one file for each package, with one path on each line.
    fn from_dpkg(directory: &Path, packages: &[String]) -> Option<Self> {
        let mut owned = BTreeSet::new();
        for path in children(directory).ok()? {
            let name = name(&path);
            let Some(package) = name.strip_suffix(".list") else {
                continue;
            };
            let package = package.split_once(':').map_or(package, |(package, _)| package);
            if packages.iter().any(|pattern| glob::matches(pattern, package)) {
                let text = fs_err::read_to_string(&path).ok()?;
                owned.extend(text.lines().map(PathBuf::from));
            }
        }
        (!owned.is_empty()).then_some(Self(owned))
    }

    fn from_rpm(packages: &[String]) -> Option<Self> {
        let output = crate::process::Program::new("/usr/bin/rpm")
            .arguments(["-q", "-a", "-l"])
            .arguments(packages)
            .output()
            .ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        Some(Self(text.lines().map(PathBuf::from).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_other_packages_put_beside_the_toolchain_is_hidden() {
        let directory = tempfile::tempdir().unwrap();
        let usr = directory.path();
        for (file, text) in [
            ("include/stdio.h", ""),
            ("include/zlib.h", ""),
            ("include/c++/12/vector", ""),
            ("include/x86_64-linux-gnu/bits/types.h", ""),
            ("include/x86_64-linux-gnu/zconf.h", ""),
            ("lib/x86_64-linux-gnu/libc.a", ""),
            ("lib/x86_64-linux-gnu/libz.a", ""),
            ("lib/x86_64-linux-gnu/libz.so.1", "\x7fELF"),
            ("lib/x86_64-linux-gnu/libloaded.so", "\x7fELF"),
            ("lib/x86_64-linux-gnu/libscript.so", "GROUP ( libscript.so.1 )"),
            ("lib/x86_64-linux-gnu/pkgconfig/zlib.pc", ""),
            ("share/cmake/z.cmake", ""),
        ] {
            fs_err::create_dir_all(usr.join(file).parent().unwrap()).unwrap();
            fs_err::write(usr.join(file), text).unwrap();
        }
        #[cfg(unix)]
        std::os::unix::fs::symlink("libz.so.1", usr.join("lib/x86_64-linux-gnu/libz.so")).unwrap();
        let owned = [
            "include/stdio.h",
            "include/x86_64-linux-gnu/bits",
            "lib/x86_64-linux-gnu/libc.a",
        ];
        let owned = Owned(owned.iter().map(|file| usr.join(file)).collect());
        let mut hidden = BTreeSet::new();
        hide_foreign(usr, Some(&owned), &mut hidden).unwrap();
        let hidden: Vec<_> = hidden
            .iter()
            .map(|path| path.strip_prefix(usr).unwrap().to_str().unwrap())
            .collect();
        assert_eq!(
            hidden,
            [
                "include/x86_64-linux-gnu/zconf.h",
                "include/zlib.h",
                "lib/x86_64-linux-gnu/libscript.so",
                "lib/x86_64-linux-gnu/libz.a",
                "lib/x86_64-linux-gnu/libz.so",
                "lib/x86_64-linux-gnu/pkgconfig",
                "share/cmake",
            ]
        );
    }

    #[test]
    fn the_home_of_a_tool_is_never_a_home_or_the_whole_machine() {
        for (tool, expected) in [
            ("/opt/llvm/bin/clang", "/opt/llvm"),
            ("/bin2/cc", "/bin2"),
            ("/bin/cc", "/bin"),
            ("/opt/cc", "/opt"),
        ] {
            assert_eq!(home_of(Path::new(tool)).unwrap(), Path::new(expected), "{tool}");
        }
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap();
        assert_eq!(home_of(&home.join("bin/cc")).unwrap(), home.join("bin"));
    }

    #[test]
    fn the_list_of_the_toolchains_packages_is_well_formed() {
        Owned::read();
    }
}
