//! The names of operations, as upstream writes them.

/// The names of the operations from `0x61` on, without `OP_`.
const NAMES: [&str; 90] = [
    "NOP",
    "VER",
    "IF",
    "NOTIF",
    "VERIF",
    "VERNOTIF",
    "ELSE",
    "ENDIF",
    "VERIFY",
    "RETURN",
    "TOALTSTACK",
    "FROMALTSTACK",
    "2DROP",
    "2DUP",
    "3DUP",
    "2OVER",
    "2ROT",
    "2SWAP",
    "IFDUP",
    "DEPTH",
    "DROP",
    "DUP",
    "NIP",
    "OVER",
    "PICK",
    "ROLL",
    "ROT",
    "SWAP",
    "TUCK",
    "CAT",
    "SUBSTR",
    "LEFT",
    "RIGHT",
    "SIZE",
    "INVERT",
    "AND",
    "OR",
    "XOR",
    "EQUAL",
    "EQUALVERIFY",
    "RESERVED1",
    "RESERVED2",
    "1ADD",
    "1SUB",
    "2MUL",
    "2DIV",
    "NEGATE",
    "ABS",
    "NOT",
    "0NOTEQUAL",
    "ADD",
    "SUB",
    "MUL",
    "DIV",
    "MOD",
    "LSHIFT",
    "RSHIFT",
    "BOOLAND",
    "BOOLOR",
    "NUMEQUAL",
    "NUMEQUALVERIFY",
    "NUMNOTEQUAL",
    "LESSTHAN",
    "GREATERTHAN",
    "LESSTHANOREQUAL",
    "GREATERTHANOREQUAL",
    "MIN",
    "MAX",
    "WITHIN",
    "RIPEMD160",
    "SHA1",
    "SHA256",
    "HASH160",
    "HASH256",
    "CODESEPARATOR",
    "CHECKSIG",
    "CHECKSIGVERIFY",
    "CHECKMULTISIG",
    "CHECKMULTISIGVERIFY",
    "NOP1",
    "CHECKLOCKTIMEVERIFY",
    "CHECKSEQUENCEVERIFY",
    "NOP4",
    "NOP5",
    "NOP6",
    "NOP7",
    "NOP8",
    "NOP9",
    "NOP10",
    "CHECKSIGADD",
];

/// The first operation of [`NAMES`].
const FIRST: u8 = 0x61;

/// The operation that does nothing but fail, the only one between the numbers and [`FIRST`] that has a name.
const RESERVED: u8 = 0x50;

/// The last operation that text can name.
pub(super) const LAST_KNOWN: u8 = 0xb9;

/// The name of an operation that pushes no bytes.
pub(super) fn name(opcode: u8) -> String {
    match opcode {
        0x4f => "-1".to_owned(),
        RESERVED => "OP_RESERVED".to_owned(),
        0x51..=0x60 => (opcode - 0x50).to_string(),
        0xff => "OP_INVALIDOPCODE".to_owned(),
        _ => match opcode
            .checked_sub(FIRST)
            .and_then(|index| NAMES.get(usize::from(index)))
        {
            Some(name) => format!("OP_{name}"),
            None => "OP_UNKNOWN".to_owned(),
        },
    }
}

/// The operation of this name, with or without `OP_`. Those that push have none.
pub(super) fn opcode(name: &str) -> Option<u8> {
    let name = name.strip_prefix("OP_").unwrap_or(name);
    if name == "RESERVED" {
        return Some(RESERVED);
    }
    let index = NAMES.iter().position(|known| *known == name)?;
    let opcode = FIRST + u8::try_from(index).ok()?;
    (opcode <= LAST_KNOWN).then_some(opcode)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_where_they_belong() {
        for (code, expected) in [
            (0x4f, "-1"),
            (0x50, "OP_RESERVED"),
            (0x51, "1"),
            (0x60, "16"),
            (0x61, "OP_NOP"),
            (0x6a, "OP_RETURN"),
            (0x76, "OP_DUP"),
            (0x87, "OP_EQUAL"),
            (0x93, "OP_ADD"),
            (0xa9, "OP_HASH160"),
            (0xac, "OP_CHECKSIG"),
            (0xae, "OP_CHECKMULTISIG"),
            (0xb1, "OP_CHECKLOCKTIMEVERIFY"),
            (0xb9, "OP_NOP10"),
            (0xba, "OP_CHECKSIGADD"),
            (0xbb, "OP_UNKNOWN"),
            (0xff, "OP_INVALIDOPCODE"),
        ] {
            assert_eq!(name(code), expected, "{code:#x}");
        }
        for code in FIRST..=LAST_KNOWN {
            assert_eq!(opcode(&name(code)), Some(code));
        }
        assert_eq!(opcode("DUP"), Some(0x76));
        for unknown in ["CHECKSIGADD", "OP_UNKNOWN", "OP_", "", "dup", "OP_OP_DUP", "1"] {
            assert_eq!(opcode(unknown), None, "{unknown}");
        }
    }
}
