//! Methods about addresses: `validateaddress` and `createmultisig`.

use std::sync::Arc;

use bitcoin::{PublicKey, ScriptBuf};
use consensus::Params;
use consensus::params::AddressParams;
use encoding::descriptor::{Known, infer};
use encoding::{Address, MAX_KEYS_OF_MULTISIG};
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::{Map, Value, json};

use crate::{shapes, values};

/// The longest script that a hash may stand for (BIP 16).
const MAX_REDEEM_SCRIPT: usize = 520;

pub(super) fn validateaddress(params: Arc<Params>) -> Method {
    Method::declare(
        "util",
        "validateaddress",
        "Tells whether a text is an address, and of what.",
    )
    .param(Param::required("address", Kind::String, "The address"))
    .result(shapes::object(vec![
        ("isvalid", shapes::flag("Whether it is an address")),
        ("address", shapes::text("The address").optional()),
        (
            "scriptPubKey",
            shapes::hex("The script of outputs that pay to it").optional(),
        ),
        ("isscript", shapes::flag("Whether it is of a script").optional()),
        ("iswitness", shapes::flag("Whether it is of a witness").optional()),
        (
            "witness_version",
            shapes::number("The version of the witness program").optional(),
        ),
        ("witness_program", shapes::hex("The witness program").optional()),
        ("error", shapes::text("What is wrong").optional()),
        (
            "error_locations",
            shapes::array(shapes::number(
                "A character that is likely to be wrong, counted from 0",
            ))
            .optional(),
        ),
    ]))
    .example(
        "\"sys1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\"",
        "\"sys1q09vm5lfy0j5reeulh4x5752q25uqqvz34hufdl\"",
    )
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let text: String = request.arguments.required("address")?;
            Ok(describe(&text, &params.address))
        }
    })
}

fn describe(text: &str, chain: &AddressParams) -> Value {
    let address = match Address::decode(text, chain) {
        Ok(address) => address,
        Err(error) => {
            return json!({
                "isvalid": false,
                "error_locations": error.locations(),
                "error": error.to_string(),
            });
        }
    };
    let mut object = Map::new();
    object.insert("isvalid".to_owned(), true.into());
    object.insert("address".to_owned(), address.encode(chain).into());
    object.insert("scriptPubKey".to_owned(), address.script().to_hex_string().into());
    let is_script = match &address {
        Address::PublicKeyHash(_) | Address::WitnessKeyHash(_) => Some(false),
        Address::ScriptHash(_) | Address::WitnessScriptHash(_) | Address::Taproot(_) => Some(true),
        Address::WitnessUnknown { .. } => None,
    };
    if let Some(is_script) = is_script {
        object.insert("isscript".to_owned(), is_script.into());
    }
    let witness = address.witness_program();
    object.insert("iswitness".to_owned(), witness.is_some().into());
    if let Some((version, program)) = witness {
        object.insert("witness_version".to_owned(), version.into());
        object.insert(
            "witness_program".to_owned(),
            encoding::address::program_hex(program).into(),
        );
    }
    object.into()
}

/// How an output pays to a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OutputType {
    Legacy,
    WrappedSegwit,
    Bech32,
}

pub(super) fn createmultisig(params: Arc<Params>) -> Method {
    let key = Param::optional("key", Kind::Hex, "A public key");
    Method::declare(
        "util",
        "createmultisig",
        "Makes an address whose coins several keys must sign for.",
    )
    .param(Param::required(
        "nrequired",
        Kind::Number,
        "How many of the keys must sign",
    ))
    .param(Param::required("keys", Kind::Array(vec![key]), "The public keys"))
    .param(Param::defaulted(
        "address_type",
        Kind::String,
        "legacy",
        "The kind of address: \"legacy\", \"p2sh-segwit\" or \"bech32\"",
    ))
    .result(shapes::object(vec![
        ("address", shapes::text("The address")),
        (
            "redeemScript",
            shapes::hex("The script that its coins are spent with"),
        ),
        (
            "descriptor",
            shapes::text("A descriptor of outputs that pay to it"),
        ),
        (
            "warnings",
            shapes::array(shapes::text("What is not as it was asked for")).optional(),
        ),
    ]))
    .example(
        "2 \"[\\\"03789ed0bb717d88f7d321a368d905e7430207ebbd82bd342cf11ae157a7ace5fd\\\",\
         \\\"03dbc6764b8884a92e871274b87583e6d5c2a58819473e17e107ef3f6aa5a61626\\\"]\"",
        "2, [\"03789ed0bb717d88f7d321a368d905e7430207ebbd82bd342cf11ae157a7ace5fd\",\
         \"03dbc6764b8884a92e871274b87583e6d5c2a58819473e17e107ef3f6aa5a61626\"]",
    )
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let arguments = &request.arguments;
            let required = values::small_integer(arguments.value("nrequired"))?;
            let keys: Vec<String> = arguments.required("keys")?;
            let keys = keys
                .iter()
                .map(|key| public_key(key))
                .collect::<Result<Vec<_>, _>>()?;
            let kind = match arguments.optional::<String>("address_type")? {
                None => OutputType::Legacy,
                Some(name) => output_type(&name)?,
            };
            multisig(required, &keys, kind, &params.address)
        }
    })
}

fn output_type(name: &str) -> Result<OutputType, RpcError> {
    let refused = |text: String| Err(RpcError::new(code::INVALID_ADDRESS_OR_KEY, text));
    match name {
        "legacy" => Ok(OutputType::Legacy),
        "p2sh-segwit" => Ok(OutputType::WrappedSegwit),
        "bech32" => Ok(OutputType::Bech32),
        "bech32m" => refused("createmultisig cannot create bech32m multisig addresses".to_owned()),
        _ => refused(format!("Unknown address type '{name}'")),
    }
}

fn public_key(digits: &str) -> Result<PublicKey, RpcError> {
    let refused = |text| RpcError::new(code::INVALID_ADDRESS_OR_KEY, text);
    let is_form = matches!(digits.len(), 66 | 130) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_form {
        return Err(refused(format!("Invalid public key: {digits}\n.")));
    }
    digits
        .parse()
        .map_err(|_| refused(format!("Invalid public key: {digits}")))
}

fn multisig(required: i32, keys: &[PublicKey], asked: OutputType, chain: &AddressParams) -> Outcome {
    let refused = |text: String| Err(RpcError::invalid_parameter(text));
    let needed = match usize::try_from(required) {
        Err(_) | Ok(0) => {
            return refused("a multisignature address must require at least one key to redeem".to_owned());
        }
        Ok(needed) => needed,
    };
    let count = keys.len();
    if count < needed {
        return refused(format!(
            "not enough keys supplied (got {count} keys, but need at least {required} to redeem)"
        ));
    }
    if count > MAX_KEYS_OF_MULTISIG {
        return refused(format!(
            "Number of keys involved in the multisignature address creation > {MAX_KEYS_OF_MULTISIG}\nReduce the number"
        ));
    }
    let script = multisig_script(required, keys);
    let kind = if keys.iter().all(|key| key.compressed) {
        asked
    } else {
        OutputType::Legacy
    };
    if kind == OutputType::Legacy && script.len() > MAX_REDEEM_SCRIPT {
        let size = script.len();
        return refused(format!(
            "redeemScript exceeds size limit: {size} > {MAX_REDEEM_SCRIPT}"
        ));
    }
    let witness = Address::of_witness_script_hash(&script);
    let address = match kind {
        OutputType::Legacy => Address::of_script_hash(&script),
        OutputType::WrappedSegwit => Address::of_script_hash(&witness.script()),
        OutputType::Bech32 => witness.clone(),
    };
    let known = Known {
        scripts: vec![script.clone(), witness.script()],
        ..Known::default()
    };
    let mut object = json!({
        "address": address.encode(chain),
        "redeemScript": script.to_hex_string(),
        "descriptor": infer(&address.script(), &known, chain),
    });
    if kind != asked {
        object["warnings"] = json!([
            "Unable to make chosen address type, please ensure no uncompressed public keys are present."
        ]);
    }
    Ok(object)
}

fn multisig_script(required: i32, keys: &[PublicKey]) -> ScriptBuf {
    let builder = ScriptBuf::builder().push_int(i64::from(required));
    let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
    keys.iter()
        .fold(builder, bitcoin::script::Builder::push_key)
        .push_int(count)
        .push_opcode(bitcoin::opcodes::all::OP_CHECKMULTISIG)
        .into_script()
}
