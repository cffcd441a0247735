//! `combinepsbt`, `joinpsbts` and `finalizepsbt`.

use bitcoin::psbt::Psbt;
use encoding::transaction::to_hex;
use rpc::{Kind, Method, Param, RpcError, Shape, ShapeKind};
use serde_json::json;
use signing::psbt::{Finish, combine, extract, join, sign_psbt};
use signing::{Keys, SignatureHashType};

use super::{read, write};
use crate::shapes;

fn several() -> Param {
    let psbt = Param::optional("psbt", Kind::String, "A partially signed transaction in base64");
    Param::required("txs", Kind::Array(vec![psbt]), "The transactions")
}

fn read_all(texts: &[String]) -> Result<Vec<Psbt>, RpcError> {
    texts.iter().map(|text| read(text)).collect()
}

pub(super) fn combinepsbt() -> Method {
    Method::declare(
        "rawtransactions",
        "combinepsbt",
        "Puts together what several signers know of the same transaction.",
    )
    .param(several())
    .result(Shape::new(ShapeKind::String, "The transaction in base64"))
    .example(
        "'[\"mybase64_1\", \"mybase64_2\"]'",
        "[\"mybase64_1\", \"mybase64_2\"]",
    )
    .handle(async |request| {
        let texts: Vec<String> = request.arguments.required("txs")?;
        let mut psbts = read_all(&texts)?.into_iter();
        let Some(mut combined) = psbts.next() else {
            return Err(RpcError::invalid_parameter("Parameter 'txs' cannot be empty"));
        };
        for psbt in psbts {
            combine(&mut combined, psbt).map_err(|error| RpcError::invalid_parameter(error.to_string()))?;
        }
        Ok(write(&combined).into())
    })
}

pub(super) fn joinpsbts() -> Method {
    Method::declare(
        "rawtransactions",
        "joinpsbts",
        "Makes one transaction of several that share no input, with all their inputs and outputs.",
    )
    .param(several())
    .result(Shape::new(ShapeKind::String, "The transaction in base64"))
    .example(
        "'[\"mybase64_1\", \"mybase64_2\"]'",
        "[\"mybase64_1\", \"mybase64_2\"]",
    )
    .handle(async |request| {
        let texts: Vec<String> = request.arguments.required("txs")?;
        if texts.len() <= 1 {
            let text = "At least two PSBTs are required to join PSBTs.";
            return Err(RpcError::invalid_parameter(text));
        }
        let joined = join(read_all(&texts)?, random_below);
        let joined = joined.map_err(|error| RpcError::invalid_parameter(error.to_string()))?;
        Ok(write(&joined).into())
    })
}

/// Any number below another one. A system without randomness is no reason to refuse.
fn random_below(bound: usize) -> usize {
    let number = getrandom::u64().unwrap_or(0);
    usize::try_from(number % (bound.max(1) as u64)).unwrap_or(0)
}

pub(super) fn finalizepsbt() -> Method {
    Method::declare(
        "rawtransactions",
        "finalizepsbt",
        "Makes final what has all its signatures, and gives the transaction if all inputs have.",
    )
    .param(Param::required("psbt", Kind::String, "The transaction in base64"))
    .param(Param::defaulted(
        "extract",
        Kind::Boolean,
        true,
        "Whether a complete transaction is given as it is sent",
    ))
    .result(shapes::object(vec![
        (
            "psbt",
            shapes::text("The transaction in base64, unless it is complete").optional(),
        ),
        ("hex", shapes::hex("The complete transaction").optional()),
        ("complete", shapes::flag("Whether all inputs are complete")),
    ]))
    .example("\"psbt\"", "\"psbt\"")
    .handle(async |request| {
        let text: String = request.arguments.required("psbt")?;
        let extracts: Option<bool> = request.arguments.optional("extract")?;
        let mut psbt = read(&text)?;
        let finalized = tokio::task::spawn_blocking(move || {
            let keys = Keys::default();
            let is_complete = sign_psbt(&mut psbt, &keys, SignatureHashType::ALL, Finish::Final);
            (psbt, is_complete)
        });
        let (psbt, is_complete) = finalized
            .await
            .map_err(|error| RpcError::misc(error.to_string()))?;
        Ok(if is_complete && extracts.unwrap_or(true) {
            json!({ "hex": to_hex(&extract(&psbt)), "complete": true })
        } else {
            json!({ "psbt": write(&psbt), "complete": is_complete })
        })
    })
}
