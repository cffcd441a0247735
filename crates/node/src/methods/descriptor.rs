//! Methods about descriptors: `getdescriptorinfo` and `deriveaddresses`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use consensus::Params;
use consensus::params::AddressParams;
use encoding::descriptor::{Checksum, Descriptor, Expansion, checksum};
use encoding::{Address, ScriptKind};
use rpc::{Kind, Method, Outcome, Param, RpcError, code};
use serde_json::{Value, json};

use crate::{shapes, values};

pub(super) fn getdescriptorinfo(params: Arc<Params>) -> Method {
    Method::declare("util", "getdescriptorinfo", "Tells what a descriptor stands for.")
        .param(Param::required("descriptor", Kind::String, "The descriptor"))
        .result(shapes::object(vec![
            ("descriptor", shapes::text("The descriptor without private keys, in the form that all are shown in")),
            ("checksum", shapes::text("The checksum of the descriptor as it was given")),
            ("isrange", shapes::flag("Whether it stands for a series of outputs")),
            ("issolvable", shapes::flag("Whether it says enough to spend the outputs, given private keys")),
            ("hasprivatekeys", shapes::flag("Whether it has a private key")),
        ]))
        .example(
            "\"wpkh([d34db33f/84h/0h/0h]0279be667ef9dcbbac55a06295Ce870b07029Bfcdb2dce28d959f2815b16f81798)\"",
            "\"wpkh([d34db33f/84h/0h/0h]0279be667ef9dcbbac55a06295Ce870b07029Bfcdb2dce28d959f2815b16f81798)\"",
        )
        .handle(move |request| {
            let params = Arc::clone(&params);
            async move {
                let text: String = request.arguments.required("descriptor")?;
                let descriptor = parse(&text, &params.address, Checksum::Optional)?;
                let payload = text.split('#').next().unwrap_or_default();
                Ok(json!({
                    "descriptor": descriptor.to_string(),
                    "checksum": checksum(payload),
                    "isrange": descriptor.is_range(),
                    "issolvable": descriptor.is_solvable(),
                    "hasprivatekeys": descriptor.has_private_keys(),
                }))
            }
        })
}

pub(super) fn deriveaddresses(params: Arc<Params>) -> Method {
    Method::declare(
        "util",
        "deriveaddresses",
        "Gives the addresses of the outputs that a descriptor stands for.",
    )
    .param(Param::required("descriptor", Kind::String, "The descriptor, with its checksum"))
    .param(Param::optional(
        "range",
        Kind::Range,
        "Of a series, the last number or [first,last]",
    ))
    .result(shapes::array(shapes::text("An address")))
    .example(
        "\"wpkh([d34db33f/84h/0h/0h]xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY/0/*)#cjjspncu\" \"[0,2]\"",
        "\"wpkh([d34db33f/84h/0h/0h]xpub6DJ2dNUysrn5Vt36jH2KLBT2i1auw1tTSSomg8PhqNiUtx8QX2SvC9nrHu81fT41fvDUnhMjEzQgXnQjKEu3oaqMSzhSrHMxyyoEAmUHQbY/0/*)#cjjspncu\", \"[0,2]\"",
    )
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            // One that is given as null counts as given, and is the first number alone.
            let range = match request.arguments.values().get(1) {
                None => None,
                Some(Value::Null) => Some(0..=0),
                Some(range) => Some(values::descriptor_range(range)?),
            };
            let text: String = request.arguments.required("descriptor")?;
            let descriptor = parse(&text, &params.address, Checksum::Required)?;
            let range = match (range, descriptor.is_range()) {
                (Some(range), true) => range,
                (None, false) => 0..=0,
                (Some(_), false) => {
                    return Err(RpcError::invalid_parameter(
                        "Range should not be specified for an un-ranged descriptor",
                    ));
                }
                (None, true) => {
                    return Err(RpcError::invalid_parameter(
                        "Range must be specified for a ranged descriptor",
                    ));
                }
            };
            // A range can have a million numbers.
            let derived = tokio::task::spawn_blocking(move || derive(&descriptor, range, &params.address));
            derived.await.unwrap_or_else(|error| Err(RpcError::misc(error.to_string())))
        }
    })
}

/// Reads a descriptor, with the error that all methods have for one that is none.
pub(crate) fn parse(text: &str, chain: &AddressParams, checksum: Checksum) -> Result<Descriptor, RpcError> {
    Descriptor::parse(text, chain, checksum)
        .map_err(|error| RpcError::new(code::INVALID_ADDRESS_OR_KEY, error.to_string()))
}

/// The last number of a series, where callers do not say.
pub(super) const LAST: u32 = 1000;

/// Visits what a descriptor stands for: a text, or an object with the descriptor and the numbers of a series. An error of the
/// visitor ends it.
pub(super) fn expansions(
    object: &Value,
    chain: &AddressParams,
    mut visit: impl FnMut(Expansion) -> Result<(), RpcError>,
) -> Result<(), RpcError> {
    let mut range = 0..=LAST;
    let text = match object {
        Value::String(text) => text,
        Value::Object(members) => {
            let text = values::member(members, "desc");
            if text.is_null() {
                return Err(RpcError::invalid_parameter(
                    "Descriptor needs to be provided in scan object",
                ));
            }
            let given = values::member(members, "range");
            if !given.is_null() {
                range = values::descriptor_range(given)?;
            }
            values::text(text)?
        }
        _ => {
            return Err(RpcError::invalid_parameter(
                "Scan object needs to be either a string or an object",
            ));
        }
    };
    let descriptor = parse(text, chain, Checksum::Optional)?;
    if !descriptor.is_range() {
        range = 0..=0;
    }
    for index in range {
        let expansion = descriptor.expand(index).ok_or_else(|| {
            RpcError::new(
                code::INVALID_ADDRESS_OR_KEY,
                format!("Cannot derive script without private keys: '{text}'"),
            )
        })?;
        visit(expansion)?;
    }
    Ok(())
}

fn derive(descriptor: &Descriptor, range: RangeInclusive<u32>, chain: &AddressParams) -> Outcome {
    let refused = |text| RpcError::new(code::INVALID_ADDRESS_OR_KEY, text);
    let mut addresses = Vec::new();
    for index in range {
        let scripts = descriptor
            .scripts(index)
            .ok_or_else(|| refused("Cannot derive script without private keys"))?;
        for script in &scripts {
            match Address::from_script(script) {
                Some(address) => addresses.push(address.encode(chain)),
                None if scripts.len() > 1 && matches!(ScriptKind::of(script), ScriptKind::PublicKey(_)) => {}
                None => return Err(refused("Descriptor does not have a corresponding address")),
            }
        }
    }
    Ok(addresses.into())
}
