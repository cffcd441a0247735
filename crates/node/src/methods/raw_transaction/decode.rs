//! `decoderawtransaction`.

use std::sync::Arc;

use consensus::Params;
use encoding::json;
use encoding::transaction::{Form, from_hex};
use rpc::{Kind, Method, Param, RpcError, code};
use serde_json::Value;

use crate::shapes;

pub(super) fn decoderawtransaction(params: Arc<Params>) -> Method {
    Method::declare(
        "rawtransactions",
        "decoderawtransaction",
        "Shows what a transaction is made of.",
    )
    .param(Param::required("hexstring", Kind::Hex, "The transaction"))
    .param(is_witness())
    .result(shapes::object(shapes::transaction("The id")))
    .example("\"hexstring\"", "\"hexstring\"")
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let digits: String = request.arguments.required("hexstring")?;
            let form = form(request.arguments.optional("iswitness")?);
            let transaction = from_hex(&digits, form)
                .ok_or_else(|| RpcError::new(code::DESERIALIZATION_ERROR, "TX decode failed"))?;
            Ok(Value::Object(json::transaction(&transaction, &params.address)))
        }
    })
}

/// The parameter that [`form`] takes.
pub(super) fn is_witness() -> Param {
    Param::hinted(
        "iswitness",
        Kind::Boolean,
        "depends on heuristic tests",
        "Whether the digits are of a transaction that has a witness, or may have one.\nIf it is left out, they are \
         read in the way that makes sense. Who knows that the transaction has inputs should say true.",
    )
}

/// How digits are to be read.
pub(super) fn form(is_witness: Option<bool>) -> Form {
    match is_witness {
        None => Form::Either,
        Some(true) => Form::Witness,
        Some(false) => Form::NoWitness,
    }
}
