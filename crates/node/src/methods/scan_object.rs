//! Which outputs callers are looking for: descriptors, and the numbers of those that are series.

use std::collections::BTreeMap;

use bitcoin::ScriptBuf;
use consensus::params::AddressParams;
use encoding::descriptor::{Known, infer};
use rpc::{Kind, Param, RpcError};
use serde_json::Value;

use super::descriptor;
use crate::values;

/// What scripts are called: by their descriptors.
pub(super) type Wanted = BTreeMap<ScriptBuf, String>;

/// The parameter of methods that scan.
pub(super) fn param() -> Param {
    let element = vec![
        Param::optional("descriptor", Kind::String, "A descriptor"),
        Param::optional(
            "",
            Kind::Object(vec![
                Param::required("desc", Kind::String, "A descriptor"),
                Param::defaulted(
                    "range",
                    Kind::Range,
                    descriptor::LAST,
                    "Of a series, the last number or [first,last]",
                ),
            ]),
            "A descriptor and its numbers",
        ),
    ];
    Param::optional(
        "scanobjects",
        Kind::Array(element),
        "What to look for, which a scan that starts must be told",
    )
    .in_usage("[scanobjects,...]")
}

/// The scripts of an array of scan objects, which may be millions: an error of `go_on` ends it.
pub(super) fn all(
    objects: &Value,
    chain: &AddressParams,
    mut go_on: impl FnMut() -> Result<(), RpcError>,
) -> Result<Wanted, RpcError> {
    let mut wanted = Wanted::new();
    for object in values::array(objects)? {
        descriptor::expansions(object, chain, |expansion| {
            let known = Known::of_expansion(&expansion);
            for script in expansion.outputs {
                let described = || infer(&script, &known, chain);
                wanted.entry(script.clone()).or_insert_with(described);
            }
            go_on()
        })?;
    }
    Ok(wanted)
}
