//! `decodescript`.

use std::sync::Arc;

use bitcoin::{Script, ScriptBuf};
use consensus::Params;
use consensus::params::AddressParams;
use encoding::assembly::has_valid_operations;
use encoding::descriptor::Known;
use encoding::{Address, ScriptKind, json};
use rpc::{Kind, Method, Param};
use serde_json::{Map, Value};

use crate::{shapes, values};

pub(super) fn decodescript(params: Arc<Params>) -> Method {
    let segwit = shapes::object(vec![
        ("asm", shapes::text("The script's operations in words")),
        ("desc", shapes::text("A descriptor of the output")),
        ("hex", shapes::hex("The script")),
        (
            "address",
            shapes::text("The Syscoin address, where the script has one").optional(),
        ),
        ("type", shapes::kind()),
        (
            "p2sh-segwit",
            shapes::text("The address of the hash of that script"),
        ),
    ]);
    Method::declare(
        "rawtransactions",
        "decodescript",
        "Shows what a script is made of.",
    )
    .param(Param::required("hexstring", Kind::Hex, "The script"))
    .result(shapes::object(vec![
        ("asm", shapes::text("The script's operations in words")),
        ("desc", shapes::text("A descriptor of an output with this script")),
        (
            "address",
            shapes::text("The Syscoin address, where the script has one").optional(),
        ),
        ("type", shapes::kind()),
        (
            "p2sh",
            shapes::text("The address of the script's hash, unless it should not be paid to so").optional(),
        ),
        ("segwit", segwit.optional()),
    ]))
    .example("\"hexstring\"", "\"hexstring\"")
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let digits = request.arguments.value("hexstring");
            let script = match digits.as_str() {
                Some("") => ScriptBuf::new(),
                _ => values::bytes(digits, "argument")?.into(),
            };
            Ok(Value::Object(describe(&script, &params.address)))
        }
    })
}

fn describe(script: &Script, chain: &AddressParams) -> Map<String, Value> {
    let mut object = json::described_script(script, &Known::default(), chain, false);
    let kind = ScriptKind::of(script);
    if !can_be_wrapped(script, &kind) {
        return object;
    }
    let address = Address::of_script_hash(script).encode(chain);
    object.insert("p2sh".to_owned(), address.into());
    if let Some((wrapping, known)) = witness_output(script, &kind) {
        let mut segwit = json::described_script(&wrapping, &known, chain, true);
        let address = Address::of_script_hash(&wrapping).encode(chain);
        segwit.insert("p2sh-segwit".to_owned(), address.into());
        object.insert("segwit".to_owned(), segwit.into());
    }
    object
}

/// Whether it makes sense to pay to the script's hash.
fn can_be_wrapped(script: &Script, kind: &ScriptKind<'_>) -> bool {
    let is_kind = !matches!(
        kind,
        ScriptKind::NullData
            | ScriptKind::ScriptHash(_)
            | ScriptKind::WitnessUnknown { .. }
            | ScriptKind::Taproot(_)
    );
    let succeeds = script.instructions().flatten().any(|instruction| {
        let opcode = instruction.opcode().map(bitcoin::opcodes::Opcode::to_u8);
        opcode.is_some_and(always_succeeds)
    });
    is_kind && has_valid_operations(script) && !is_unspendable(script) && !succeeds
}

fn is_unspendable(script: &Script) -> bool {
    script.is_op_return() || script.len() > consensus::limits::MAX_SCRIPT_SIZE
}

/// Whether an operation makes a tapscript succeed (BIP 342).
fn always_succeeds(opcode: u8) -> bool {
    matches!(
        opcode,
        80 | 98 | 126..=129 | 131..=134 | 137..=138 | 141..=142 | 149..=153 | 187..=254
    )
}

/// The output that pays to the same in a witness, and what is known of it.
fn witness_output(script: &Script, kind: &ScriptKind<'_>) -> Option<(ScriptBuf, Known)> {
    let is_compressed = |key: &[u8]| key.len() == 33;
    let address = match kind {
        ScriptKind::PublicKey(key) if is_compressed(key) => Address::of_witness_public_key(key),
        ScriptKind::PublicKeyHash(hash) => Address::WitnessKeyHash(*hash),
        ScriptKind::NonStandard => Address::of_witness_script_hash(script),
        ScriptKind::Multisig { keys, .. } if keys.iter().all(|key| is_compressed(key)) => {
            Address::of_witness_script_hash(script)
        }
        _ => return None,
    };
    let mut known = Known::default();
    if matches!(address, Address::WitnessScriptHash(_)) {
        known.scripts.push(script.to_owned());
    }
    Some((address.script(), known))
}
