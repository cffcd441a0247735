//! The objects in static libraries: of the host's format and for its processor, each of them.

use std::path::Path;

use ::depends::host::{self, Host};
use fs_err as fs;
use miette::{IntoDiagnostic as _, Result, miette};
use object::read::archive::ArchiveFile;
use object::{Architecture, BinaryFormat, Object as _};

/// Checks all static libraries in a directory, and returns how many objects they hold.
///
/// # Errors
/// There is none, or one is for another machine.
pub(super) fn check(directory: &Path, host: &Host) -> Result<usize> {
    let expected = expected(host)?;
    let mut n_objects = 0;
    for entry in fs::read_dir(directory).into_diagnostic()? {
        let path = entry.into_diagnostic()?.path();
        if path.extension().is_some_and(|extension| extension == "a") {
            let bytes = fs::read(&path).into_diagnostic()?;
            n_objects +=
                check_library(&bytes, expected).map_err(|report| miette!("{}: {report}", path.display()))?;
        }
    }
    if n_objects == 0 {
        return Err(miette!("{} has no static library", directory.display()));
    }
    Ok(n_objects)
}

fn check_library(bytes: &[u8], expected: (BinaryFormat, Architecture)) -> Result<usize> {
    let mut n_objects = 0;
    for member in ArchiveFile::parse(bytes).into_diagnostic()?.members() {
        let member = member.into_diagnostic()?;
        let name = String::from_utf8_lossy(member.name()).into_owned();
        let data = member.data(bytes).into_diagnostic()?;
        let file = object::File::parse(data).map_err(|error| miette!("{name}: {error}"))?;
        let found = (file.format(), file.architecture());
        if found != expected {
            return Err(miette!("{name} is {found:?}, not {expected:?}"));
        }
        n_objects += 1;
    }
    Ok(n_objects)
}

fn expected(host: &Host) -> Result<(BinaryFormat, Architecture)> {
    let format = match host.format {
        host::BinaryFormat::Elf => BinaryFormat::Elf,
        host::BinaryFormat::Coff => BinaryFormat::Coff,
        host::BinaryFormat::MachO => BinaryFormat::MachO,
    };
    let architecture = match host.arch.as_str() {
        "x86_64" => Architecture::X86_64,
        "aarch64" => Architecture::Aarch64,
        "riscv64" => Architecture::Riscv64,
        arch => return Err(miette!("it is not known how objects for {arch} look")),
    };
    Ok((format, architecture))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A static library with one object, an ELF header for this machine and nothing else.
    fn library(machine: u8) -> Vec<u8> {
        let mut object = vec![0; 64];
        object[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
        object[16] = 1;
        object[18] = machine;
        object[20] = 1;
        object[52] = 64;
        object[58] = 64;
        let header = format!("{:<16}{:<12}{:<6}{:<6}{:<8}{:<10}`\n", "x.o/", 0, 0, 0, 644, 64);
        [b"!<arch>\n", header.as_bytes(), &object].concat()
    }

    #[test]
    fn an_object_for_another_machine_is_named() {
        let expected = expected(&Host::find("aarch64-linux-gnu").unwrap()).unwrap();
        assert_eq!(check_library(&library(183), expected).unwrap(), 1);
        let error = check_library(&library(62), expected).unwrap_err();
        assert_eq!(error.to_string(), "x.o is (Elf, X86_64), not (Elf, Aarch64)");
        assert!(check_library(b"!<arch>\n", expected).is_ok_and(|n_objects| n_objects == 0));
    }
}
