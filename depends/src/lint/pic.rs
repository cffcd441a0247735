//! Whether an ELF object can become part of a shared library or of a position-independent program.
//!
//! What linkers refuse there is told by the relocations of the sections that are loaded:
//!
//! - an address that is too narrow to be corrected while the program starts, or one in code and constants, which are
//!   not to be written to;
//! - a distance to a symbol that another library may provide or replace: one that is neither local nor hidden. Calls
//!   may have it where the linker can lead them through its table of procedures;
//! - a variable of a thread at a fixed distance from where the program's own variables of threads lie.
//!
//! x86-64, i686, aarch64, arm and riscv are known; on others nothing is checked. An object for link-time optimisation
//! has no code yet: it remembers the options that it was compiled with.

use object::elf;
use object::read::elf::{ElfFile, FileHeader};
use object::{
    Object as _, ObjectSection as _, ObjectSymbol as _, RelocationFlags, RelocationTarget, SectionFlags,
    SymbolFlags,
};

/// What a machine's relocations mean, by their numbers.
struct Relocations {
    /// Addresses that are too narrow to be corrected at start.
    narrow: &'static [u32],
    /// Addresses that can be corrected where it is allowed to write.
    address: &'static [u32],
    /// Distances.
    distance: &'static [u32],
    /// Distances to symbols of the same library or program.
    distance_within: &'static [u32],
    /// Distances from the program's variables of a thread.
    thread: &'static [u32],
}

const X86_64: Relocations = Relocations {
    narrow: &[
        elf::R_X86_64_32.0,
        elf::R_X86_64_32S.0,
        elf::R_X86_64_16.0,
        elf::R_X86_64_8.0,
    ],
    address: &[elf::R_X86_64_64.0],
    distance: &[
        elf::R_X86_64_PC8.0,
        elf::R_X86_64_PC16.0,
        elf::R_X86_64_PC32.0,
        elf::R_X86_64_PC64.0,
    ],
    distance_within: &[elf::R_X86_64_GOTOFF64.0],
    thread: &[elf::R_X86_64_TPOFF32.0],
};

const I386: Relocations = Relocations {
    narrow: &[elf::R_386_16.0, elf::R_386_8.0],
    address: &[elf::R_386_32.0],
    distance: &[elf::R_386_PC8.0, elf::R_386_PC16.0, elf::R_386_PC32.0],
    distance_within: &[elf::R_386_GOTOFF.0],
    thread: &[elf::R_386_TLS_LE.0, elf::R_386_TLS_LE_32.0],
};

const AARCH64: Relocations = Relocations {
    narrow: &[
        elf::R_AARCH64_ABS32.0,
        elf::R_AARCH64_ABS16.0,
        elf::R_AARCH64_MOVW_UABS_G0.0,
        elf::R_AARCH64_MOVW_UABS_G0_NC.0,
        elf::R_AARCH64_MOVW_UABS_G1.0,
        elf::R_AARCH64_MOVW_UABS_G1_NC.0,
        elf::R_AARCH64_MOVW_UABS_G2.0,
        elf::R_AARCH64_MOVW_UABS_G2_NC.0,
        elf::R_AARCH64_MOVW_UABS_G3.0,
    ],
    address: &[elf::R_AARCH64_ABS64.0],
    distance: &[
        elf::R_AARCH64_PREL16.0,
        elf::R_AARCH64_PREL32.0,
        elf::R_AARCH64_PREL64.0,
        elf::R_AARCH64_LD_PREL_LO19.0,
        elf::R_AARCH64_ADR_PREL_LO21.0,
        elf::R_AARCH64_ADR_PREL_PG_HI21.0,
        elf::R_AARCH64_ADR_PREL_PG_HI21_NC.0,
    ],
    distance_within: &[],
    thread: &[
        elf::R_AARCH64_TLSLE_MOVW_TPREL_G0.0,
        elf::R_AARCH64_TLSLE_MOVW_TPREL_G0_NC.0,
        elf::R_AARCH64_TLSLE_MOVW_TPREL_G1.0,
        elf::R_AARCH64_TLSLE_MOVW_TPREL_G1_NC.0,
        elf::R_AARCH64_TLSLE_MOVW_TPREL_G2.0,
        elf::R_AARCH64_TLSLE_ADD_TPREL_HI12.0,
        elf::R_AARCH64_TLSLE_ADD_TPREL_LO12.0,
        elf::R_AARCH64_TLSLE_ADD_TPREL_LO12_NC.0,
    ],
};

const ARM: Relocations = Relocations {
    narrow: &[
        elf::R_ARM_ABS16.0,
        elf::R_ARM_ABS8.0,
        elf::R_ARM_MOVW_ABS_NC.0,
        elf::R_ARM_MOVT_ABS.0,
        elf::R_ARM_THM_MOVW_ABS_NC.0,
        elf::R_ARM_THM_MOVT_ABS.0,
    ],
    address: &[elf::R_ARM_ABS32.0],
    distance: &[
        elf::R_ARM_REL32.0,
        elf::R_ARM_MOVW_PREL_NC.0,
        elf::R_ARM_MOVT_PREL.0,
        elf::R_ARM_THM_MOVW_PREL_NC.0,
        elf::R_ARM_THM_MOVT_PREL.0,
    ],
    distance_within: &[],
    thread: &[elf::R_ARM_TLS_LE32.0],
};

const RISCV64: Relocations = Relocations {
    narrow: &[elf::R_RISCV_HI20.0, elf::R_RISCV_32.0],
    address: &[elf::R_RISCV_64.0],
    distance: &[elf::R_RISCV_PCREL_HI20.0, elf::R_RISCV_32_PCREL.0],
    distance_within: &[],
    thread: &[elf::R_RISCV_TPREL_HI20.0],
};

const RISCV32: Relocations = Relocations {
    narrow: &[elf::R_RISCV_HI20.0],
    address: &[elf::R_RISCV_32.0],
    ..RISCV64
};

/// The section that keeps the compiler's options in objects for link-time optimisation.
const LTO_OPTIONS: &str = ".gnu.lto_.opts";

/// What first keeps the object out of a shared library; `None` also for what is no ELF object.
pub(super) fn first_fault(bytes: &[u8]) -> Option<String> {
    match object::FileKind::parse(bytes).ok()? {
        object::FileKind::Elf64 => fault::<elf::FileHeader64<object::Endianness>>(bytes),
        object::FileKind::Elf32 => fault::<elf::FileHeader32<object::Endianness>>(bytes),
        _ => None,
    }
}

fn fault<Header: FileHeader<Endian = object::Endianness>>(bytes: &[u8]) -> Option<String> {
    let file = ElfFile::<Header>::parse(bytes).ok()?;
    if file.kind() != object::ObjectKind::Relocatable {
        return None;
    }
    if let Some(section) = file.section_by_name(LTO_OPTIONS) {
        let options = String::from_utf8_lossy(section.data().ok()?).to_lowercase();
        return (!options.contains("'-fpic'")).then(|| "was compiled without -fPIC".to_owned());
    }
    let relocations = match file.architecture() {
        object::Architecture::X86_64 => &X86_64,
        object::Architecture::I386 => &I386,
        object::Architecture::Aarch64 => &AARCH64,
        object::Architecture::Arm => &ARM,
        object::Architecture::Riscv64 => &RISCV64,
        object::Architecture::Riscv32 => &RISCV32,
        _ => return None,
    };
    file.sections().find_map(|section| {
        let SectionFlags::Elf { sh_flags, .. } = section.flags() else {
            return None;
        };
        if sh_flags.0 & elf::SHF_ALLOC.0 == 0 {
            return None;
        }
        let is_writable = sh_flags.0 & elf::SHF_WRITE.0 != 0;
        let code = section.data().unwrap_or_default();
        section.relocations().find_map(|(offset, relocation)| {
            let (RelocationFlags::Elf { r_type }, RelocationTarget::Symbol(index)) =
                (relocation.flags(), relocation.target())
            else {
                return None;
            };
            let symbol = file.symbol_by_index(index).ok()?;
            let is = |numbers: &[u32]| numbers.contains(&r_type.0);
            let is_branch = || file.architecture() == object::Architecture::X86_64 && branches(code, offset);
            let what = if is(relocations.narrow) && !is_number(&symbol) {
                "has an address that cannot be corrected"
            } else if is(relocations.address) && !is_writable && !is_number(&symbol) {
                "has an address where nothing may be written"
            } else if is(relocations.distance) && !is_writable && may_be_elsewhere(&symbol) && !is_branch() {
                "has a distance to what may lie in another library"
            } else if is(relocations.distance_within) && symbol.is_undefined() && may_be_elsewhere(&symbol) {
                "has a distance to what lies in another library"
            } else if is(relocations.thread) {
                "has a thread's variable at a place that only a program has"
            } else {
                return None;
            };
            let name = match symbol.name() {
                Ok(name) if !name.is_empty() => format!(" ({name})"),
                _ => String::new(),
            };
            let section = section.name().unwrap_or("a section");
            Some(format!(
                "{what}{name}: relocation {} in {section}+{offset:#x}",
                r_type.0
            ))
        })
    })
}

/// Whether the symbol stands for a number and not for a place.
fn is_number<'data>(symbol: &impl object::ObjectSymbol<'data>) -> bool {
    symbol.section() == object::SymbolSection::Absolute
}

/// Whether another library may provide the symbol, or one in its place.
fn may_be_elsewhere<'data>(symbol: &impl object::ObjectSymbol<'data>) -> bool {
    let SymbolFlags::Elf { st_info, st_other } = symbol.flags() else {
        return false;
    };
    // The linker makes the table itself, in every program and library.
    let is_table = symbol.name() == Ok("_GLOBAL_OFFSET_TABLE_");
    st_info.st_bind() != elf::STB_LOCAL && st_other.visibility() == elf::STV_DEFAULT && !is_table
}

/// Whether the four bytes at `offset` are where a call or a jump leads: then the linker can lead it elsewhere.
fn branches(code: &[u8], offset: u64) -> bool {
    let Ok(at) = usize::try_from(offset) else {
        return false;
    };
    match code.get(..at) {
        Some([.., 0x0f, condition]) if condition & 0xf0 == 0x80 => true,
        Some([.., 0xe8 | 0xe9]) => true,
        _ => false,
    }
}
