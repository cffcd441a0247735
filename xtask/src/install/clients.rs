//! What makers of clients need of an installation: the schemas, C++ headers, a CMake package, a pkg-config file, and an
//! example. None of it names the prefix, so that an installation can be moved.

use std::io;
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::DOCUMENTS;
use crate::{publish, workspace};

/// Stands for the version in files.
const VERSION: &str = "@VERSION@";

/// The directory that holds the sources, and below it each file and the directory that it is installed in.
const SOURCES: &str = "crates/ipc";
const INCLUDE: &str = "include/syscoin/ipc";
const CMAKE: &str = "lib/cmake/SyscoinIpc";
const FILES: [(&str, &str); 14] = [
    ("schema/common.capnp", "include/syscoin/ipc/schema"),
    ("schema/echo.capnp", "include/syscoin/ipc/schema"),
    ("schema/init.capnp", "include/syscoin/ipc/schema"),
    ("schema/mining.capnp", "include/syscoin/ipc/schema"),
    ("schema/rpc.capnp", "include/syscoin/ipc/schema"),
    ("schema/rust.capnp", "include/syscoin/ipc/schema"),
    ("schema/capnp/c++.capnp", "include/syscoin/ipc/schema/capnp"),
    ("schema/mp/proxy.capnp", "include/syscoin/ipc/schema/mp"),
    ("cpp/syscoin/ipc/client.h", INCLUDE),
    ("cpp/syscoin/ipc/interfaces.h", INCLUDE),
    ("cpp/syscoin/ipc/types.h", INCLUDE),
    ("cpp/cmake/SyscoinIpcConfig.cmake", CMAKE),
    ("cpp/cmake/SyscoinIpcConfigVersion.cmake", CMAKE),
    ("cpp/syscoin-ipc.pc", "lib/pkgconfig"),
];
const EXAMPLE: [&str; 3] = ["CMakeLists.txt", "Makefile", "main.cpp"];

/// Installs it, and gives the files.
pub(super) fn install(prefix: &Path) -> io::Result<Vec<PathBuf>> {
    let sources = workspace::root().join(SOURCES);
    let files = FILES
        .iter()
        .map(|(file, directory)| (sources.join(file), prefix.join(directory)));
    let example = EXAMPLE.iter().map(|file| {
        let directory = prefix.join(DOCUMENTS).join("example");
        (sources.join("cpp/example").join(file), directory)
    });
    let mut installed = Vec::new();
    for (from, directory) in files.chain(example) {
        let name = from.file_name().expect("the tables name files");
        let to = directory.join(name);
        let text = fs::read_to_string(&from)?;
        publish::write(&text.replace(VERSION, env!("CARGO_PKG_VERSION")), &to)?;
        installed.push(to);
    }
    Ok(installed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_installation_says_its_version_and_not_where_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let prefix = directory.path().join("prefix");
        let installed = install(&prefix).unwrap();
        assert_eq!(installed.len(), FILES.len() + EXAMPLE.len());
        for file in &installed {
            let text = fs::read_to_string(file).unwrap();
            assert!(!text.contains(VERSION), "{}", file.display());
            assert!(
                !text.contains(directory.path().to_str().unwrap()),
                "{}",
                file.display()
            );
        }
        let version = env!("CARGO_PKG_VERSION");
        let config = fs::read_to_string(prefix.join("lib/pkgconfig/syscoin-ipc.pc")).unwrap();
        assert!(config.contains(&format!("\nVersion: {version}\n")), "{config}");
    }
}
