//! Scripts as upstream's tests write them.

use bitcoin::ScriptBuf;
use bitcoin::hex::FromHex;
use bitcoin::opcodes::Opcode;
use bitcoin::script::{Builder, PushBytesBuf};

/// The first operation and the last that a name stands for: all between have none of their own.
const NAMED: std::ops::RangeInclusive<u8> = 0x61..=0xba;

/// Reads a script: numbers, `0x…` for bytes of the script, `'…'` for text that is pushed, and operations.
pub(crate) fn parse(text: &str) -> ScriptBuf {
    let mut script = Vec::new();
    for word in text.split([' ', '\t', '\n']).filter(|word| !word.is_empty()) {
        let part = if let Ok(number) = word.parse::<i64>() {
            Builder::new().push_int(number).into_script().into_bytes()
        } else if let Some(hex) = word.strip_prefix("0x") {
            Vec::from_hex(hex).expect("hexadecimal")
        } else if let Some(text) = word.strip_prefix('\'') {
            let text = text.strip_suffix('\'').expect("text ends as it begins");
            let bytes = PushBytesBuf::try_from(text.as_bytes().to_vec()).expect("short text");
            Builder::new().push_slice(bytes).into_script().into_bytes()
        } else {
            vec![opcode(word)]
        };
        script.extend(part);
    }
    ScriptBuf::from_bytes(script)
}

fn opcode(name: &str) -> u8 {
    let name = name.strip_prefix("OP_").unwrap_or(name);
    let name = match name {
        "CHECKLOCKTIMEVERIFY" | "NOP2" => "CLTV",
        "CHECKSEQUENCEVERIFY" | "NOP3" => "CSV",
        "RESERVED" => return 0x50,
        name => name,
    };
    NAMED
        .into_iter()
        .find(|code| Opcode::from(*code).to_string().strip_prefix("OP_") == Some(name))
        .unwrap_or_else(|| panic!("an operation {name}"))
}
