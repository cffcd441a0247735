//! Rules by upstream's names.

use consensus::script::ScriptFlags;

const NAMES: [(&str, ScriptFlags); 21] = [
    ("P2SH", ScriptFlags::P2SH),
    ("STRICTENC", ScriptFlags::STRICTENC),
    ("DERSIG", ScriptFlags::DERSIG),
    ("LOW_S", ScriptFlags::LOW_S),
    ("NULLDUMMY", ScriptFlags::NULLDUMMY),
    ("SIGPUSHONLY", ScriptFlags::SIGPUSHONLY),
    ("MINIMALDATA", ScriptFlags::MINIMALDATA),
    (
        "DISCOURAGE_UPGRADABLE_NOPS",
        ScriptFlags::DISCOURAGE_UPGRADABLE_NOPS,
    ),
    ("CLEANSTACK", ScriptFlags::CLEANSTACK),
    ("CHECKLOCKTIMEVERIFY", ScriptFlags::CHECKLOCKTIMEVERIFY),
    ("CHECKSEQUENCEVERIFY", ScriptFlags::CHECKSEQUENCEVERIFY),
    ("WITNESS", ScriptFlags::WITNESS),
    (
        "DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM",
        ScriptFlags::DISCOURAGE_UPGRADABLE_WITNESS_PROGRAM,
    ),
    ("MINIMALIF", ScriptFlags::MINIMALIF),
    ("NULLFAIL", ScriptFlags::NULLFAIL),
    ("WITNESS_PUBKEYTYPE", ScriptFlags::WITNESS_PUBKEYTYPE),
    ("CONST_SCRIPTCODE", ScriptFlags::CONST_SCRIPTCODE),
    ("TAPROOT", ScriptFlags::TAPROOT),
    (
        "DISCOURAGE_UPGRADABLE_TAPROOT_VERSION",
        ScriptFlags::DISCOURAGE_UPGRADABLE_TAPROOT_VERSION,
    ),
    ("DISCOURAGE_OP_SUCCESS", ScriptFlags::DISCOURAGE_OP_SUCCESS),
    (
        "DISCOURAGE_UPGRADABLE_PUBKEYTYPE",
        ScriptFlags::DISCOURAGE_UPGRADABLE_PUBKEYTYPE,
    ),
];

/// Every rule.
pub(crate) fn all() -> impl Iterator<Item = ScriptFlags> {
    NAMES.iter().map(|(_, flag)| *flag)
}

/// The rules that a list names.
pub(crate) fn parse(list: &str) -> ScriptFlags {
    list.split(',')
        .filter(|name| !name.is_empty() && *name != "NONE")
        .map(|name| {
            let found = NAMES.iter().find(|(other, _)| *other == name);
            found.unwrap_or_else(|| panic!("a rule {name}")).1
        })
        .fold(ScriptFlags::NONE, ScriptFlags::union)
}

/// These rules and those that they stand on.
pub(crate) fn filled(mut flags: ScriptFlags) -> ScriptFlags {
    if flags.contains(ScriptFlags::CLEANSTACK) {
        flags |= ScriptFlags::WITNESS;
    }
    if flags.contains(ScriptFlags::WITNESS) {
        flags |= ScriptFlags::P2SH;
    }
    flags
}

/// These rules without those that stand on rules that are missing.
pub(crate) fn trimmed(mut flags: ScriptFlags) -> ScriptFlags {
    if !flags.contains(ScriptFlags::P2SH) {
        flags = flags.without(ScriptFlags::WITNESS);
    }
    if !flags.contains(ScriptFlags::WITNESS) {
        flags = flags.without(ScriptFlags::CLEANSTACK);
    }
    flags
}
