//! `createpsbt` and `converttopsbt`.

use std::sync::Arc;

use bitcoin::psbt::Psbt;
use bitcoin::{ScriptBuf, Transaction, Witness};
use consensus::Params;
use encoding::transaction::from_hex;
use rpc::{Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};

use super::super::{create, decode};
use super::write;

pub(super) fn createpsbt(params: Arc<Params>) -> Method {
    let declaration = Method::declare(
        "rawtransactions",
        "createpsbt",
        "Makes a partially signed transaction of inputs and outputs.",
    );
    create::parameters(declaration)
        .result(Shape::new(ShapeKind::String, "The transaction in base64"))
        .example(
            "\"[{\\\"txid\\\":\\\"myid\\\",\\\"vout\\\":0}]\" \"[{\\\"data\\\":\\\"00010203\\\"}]\"",
            "[{\"txid\":\"myid\",\"vout\":0}], [{\"data\":\"00010203\"}]",
        )
        .handle(move |request| {
            let params = Arc::clone(&params);
            async move { wrap(create::construct(&request.arguments, &params.address)?) }
        })
}

fn wrap(transaction: Transaction) -> Outcome {
    let psbt = Psbt::from_unsigned_tx(transaction).map_err(|error| RpcError::misc(error.to_string()))?;
    Ok(write(&psbt).into())
}

pub(super) fn converttopsbt() -> Method {
    Method::declare(
        "rawtransactions",
        "converttopsbt",
        "Makes a partially signed transaction of one that is not signed.",
    )
    .param(Param::required("hexstring", Kind::Hex, "The transaction"))
    .param(Param::defaulted(
        "permitsigdata",
        Kind::Boolean,
        false,
        "Whether signatures are dropped; otherwise a transaction that has some is refused",
    ))
    .param(decode::is_witness())
    .result(Shape::new(ShapeKind::String, "The transaction in base64"))
    .example("\"rawtransaction\"", "\"rawtransaction\"")
    .handle(async |request| {
        let refused = |text: &str| RpcError::new(code::DESERIALIZATION_ERROR, text);
        let digits: String = request.arguments.required("hexstring")?;
        let drops_signatures: Option<bool> = request.arguments.optional("permitsigdata")?;
        let form = decode::form(request.arguments.optional("iswitness")?);
        let mut transaction = from_hex(&digits, form).ok_or_else(|| refused("TX decode failed"))?;
        for input in &mut transaction.input {
            let is_signed = !input.script_sig.is_empty() || !input.witness.is_empty();
            if is_signed && drops_signatures != Some(true) {
                return Err(refused("Inputs must not have scriptSigs and scriptWitnesses"));
            }
            input.script_sig = ScriptBuf::new();
            input.witness = Witness::new();
        }
        wrap(transaction)
    })
}
