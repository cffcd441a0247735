//! What is wrong with objects, libraries and programs: another machine's, not position-independent, empty, shared.

use std::path::Path;

use object::read::archive::ArchiveFile;
use object::read::coff::ImportFile;
use object::{Architecture, FileKind, Object as _, ObjectSection as _};

use super::{Rule, pic};
use crate::host::{BinaryFormat, Endianness, Host};

type Report<'a> = dyn FnMut(Rule, String) + 'a;

/// Checks a file of a package, if it is a binary.
pub(super) fn check(path: &Path, bytes: &[u8], machine: &Host, debug: bool, report: &mut Report<'_>) {
    let Some(kind) = kind(bytes) else { return };
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if is_shared(&name) {
        report(Rule::SharedLibrary, "a shared library".to_owned());
    }
    match kind {
        FileKind::Archive => check_archive(bytes, machine, debug, report),
        // Two bytes tell these from any other file: they are objects where their names say so.
        FileKind::Coff | FileKind::CoffBig | FileKind::CoffImport if !is_object(&name) => {}
        _ => {
            if let Err(what) = check_machine(kind, bytes, machine) {
                report(Rule::WrongMachine, what);
            } else if is_object(&name)
                && let Some(what) = pic::first_fault(bytes)
            {
                report(Rule::NotPic, what);
            }
        }
    }
}

/// The objects in a file: its members if it is a static library, or itself.
pub(super) fn objects(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let archive = ArchiveFile::parse(bytes).ok();
    let alone = archive.is_none().then_some(bytes);
    let members = archive.into_iter().flat_map(move |archive| {
        let members = archive.members().filter_map(Result::ok);
        members
            .filter_map(|member| member.data(bytes).ok())
            .collect::<Vec<_>>()
    });
    alone.into_iter().chain(members)
}

fn check_archive(bytes: &[u8], machine: &Host, debug: bool, report: &mut Report<'_>) {
    let archive = match ArchiveFile::parse(bytes) {
        Ok(archive) => archive,
        Err(error) => return report(Rule::StaticLibrary, format!("cannot be read: {error}")),
    };
    if archive.is_thin() {
        return report(Rule::StaticLibrary, "its objects are not in it".to_owned());
    }
    let (mut n_objects, mut has_debug_info) = (0_usize, false);
    for member in archive.members() {
        let (name, object) = match member.and_then(|member| Ok((member.name(), member.data(bytes)?))) {
            Ok((name, object)) => (String::from_utf8_lossy(name), object),
            Err(error) => return report(Rule::StaticLibrary, format!("cannot be read: {error}")),
        };
        n_objects += 1;
        if is_bitcode(object) {
            // It says nothing of itself that this program reads.
            has_debug_info = true;
            continue;
        }
        let Some(kind) = kind(object) else {
            report(Rule::StaticLibrary, format!("{name} in it is no object"));
            continue;
        };
        if let Err(what) = check_machine(kind, object, machine) {
            report(Rule::WrongMachine, format!("{name} in it {what}"));
            continue;
        }
        if let Some(what) = pic::first_fault(object) {
            report(Rule::NotPic, format!("{name} in it {what}"));
        }
        has_debug_info |= holds_debug_info(object);
    }
    if n_objects == 0 {
        report(Rule::StaticLibrary, "has no objects".to_owned());
    } else if debug && !has_debug_info {
        report(Rule::NoDebugInfo, "no object in it can be debugged".to_owned());
    }
}

/// What the bytes begin as; `None` if that is no binary.
fn kind(bytes: &[u8]) -> Option<FileKind> {
    // An archive without members is shorter than all else that is known by its beginning.
    if bytes.starts_with(b"!<arch>\n") || bytes.starts_with(b"!<thin>\n") {
        return Some(FileKind::Archive);
    }
    FileKind::parse(bytes).ok()
}

/// Whether a linker would take the file for a shared library, or for what stands for one.
fn is_shared(name: &str) -> bool {
    let versioned = name
        .split_once(".so.")
        .is_some_and(|(_, version)| version.starts_with(|first: char| first.is_ascii_digit()));
    versioned
        || [".so", ".dll", ".dll.a", ".dylib"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn is_object(name: &str) -> bool {
    [".o", ".obj"].iter().any(|end| name.ends_with(end))
}

/// Whether the bytes are an object of LLVM for link-time optimisation.
fn is_bitcode(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BC\xc0\xde") || bytes.starts_with(&[0xde, 0xc0, 0x17, 0x0b])
}

fn holds_debug_info(bytes: &[u8]) -> bool {
    let names = [
        ".debug_info",
        ".zdebug_info",
        ".gnu.debuglto_.debug_info",
        "__debug_info",
    ];
    object::File::parse(bytes).is_ok_and(|file| {
        file.sections()
            .any(|section| section.name().is_ok_and(|name| names.contains(&name)))
    })
}

/// Says what machine the bytes are for, if it is another than `machine`.
fn check_machine(kind: FileKind, bytes: &[u8], machine: &Host) -> Result<(), String> {
    let format = match kind {
        FileKind::Elf32 | FileKind::Elf64 => BinaryFormat::Elf,
        FileKind::Coff | FileKind::CoffBig | FileKind::CoffImport | FileKind::Pe32 | FileKind::Pe64 => {
            BinaryFormat::Coff
        }
        FileKind::MachO32 | FileKind::MachO64 => BinaryFormat::MachO,
        _ => return Err(format!("is of a kind ({kind:?}) that packages do not hold")),
    };
    let (architecture, endianness) = if kind == FileKind::CoffImport {
        let file = ImportFile::parse(bytes).map_err(|error| format!("cannot be read: {error}"))?;
        (file.architecture(), Endianness::Little)
    } else {
        let file = object::File::parse(bytes).map_err(|error| format!("cannot be read: {error}"))?;
        let endianness = match file.endianness() {
            object::Endianness::Little => Endianness::Little,
            object::Endianness::Big => Endianness::Big,
        };
        (file.architecture(), endianness)
    };
    let expected = (machine.format, machine.endianness);
    if (format, endianness) == expected && rust_name(architecture) == Some(machine.arch.as_str()) {
        return Ok(());
    }
    let found = rust_name(architecture).map_or_else(|| format!("{architecture:?}"), str::to_owned);
    Err(format!(
        "is {format} for {found}, {endianness}; {} takes {} for {}, {}",
        machine.triplet, machine.format, machine.arch, machine.endianness
    ))
}

/// Rust's `target_arch` for the architectures of the known hosts.
fn rust_name(architecture: Architecture) -> Option<&'static str> {
    Some(match architecture {
        Architecture::Aarch64 => "aarch64",
        Architecture::Arm => "arm",
        Architecture::I386 => "x86",
        Architecture::PowerPc64 => "powerpc64",
        Architecture::Riscv32 => "riscv32",
        Architecture::Riscv64 => "riscv64",
        Architecture::S390x => "s390x",
        Architecture::X86_64 => "x86_64",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_libraries_are_known_by_their_names() {
        let rows = [
            ("libx.so", true),
            ("libx.so.1.2", true),
            ("x.dll", true),
            ("libx.dll.a", true),
            ("libx.2.dylib", true),
            ("libx.a", false),
            ("x.so.txt", false),
        ];
        for (name, expected) in rows {
            assert_eq!(is_shared(name), expected, "{name}");
        }
    }
}
