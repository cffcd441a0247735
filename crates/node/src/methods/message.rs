//! Methods about signed messages: `verifymessage` and `signmessagewithprivkey`.

use std::sync::Arc;

use consensus::Params;
use encoding::SecretKey;
use encoding::message::{self, MessageError};
use rpc::{Kind, Method, Param, RpcError, code};

use crate::shapes;

pub(super) fn verifymessage(params: Arc<Params>) -> Method {
    Method::declare(
        "util",
        "verifymessage",
        "Tells whether the key of an address signed a message.",
    )
    .param(Param::required(
        "address",
        Kind::String,
        "The address, of a public key's hash",
    ))
    .param(Param::required(
        "signature",
        Kind::String,
        "The signature in base64",
    ))
    .param(Param::required("message", Kind::String, "The message"))
    .result(shapes::flag("Whether it did"))
    .example(
        "\"1D1ZrZNe3JUo7ZycKEYQQiQAWd9y54F4XX\" \"signature\" \"my message\"",
        "\"1D1ZrZNe3JUo7ZycKEYQQiQAWd9y54F4XX\", \"signature\", \"my message\"",
    )
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let address: String = request.arguments.required("address")?;
            let signature: String = request.arguments.required("signature")?;
            let text: String = request.arguments.required("message")?;
            let verdict = message::verify(&address, &signature, &text, &params.address);
            verdict.map(Into::into).map_err(|error| {
                let number = match error {
                    MessageError::Address => code::INVALID_ADDRESS_OR_KEY,
                    MessageError::NoKey | MessageError::Signature => code::TYPE_ERROR,
                };
                RpcError::new(number, error.to_string())
            })
        }
    })
}

pub(super) fn signmessagewithprivkey(params: Arc<Params>) -> Method {
    Method::declare(
        "util",
        "signmessagewithprivkey",
        "Signs a message with a private key.",
    )
    .param(Param::required("privkey", Kind::String, "The private key"))
    .param(Param::required("message", Kind::String, "The message"))
    .result(shapes::text("The signature in base64"))
    .example("\"privkey\" \"my message\"", "\"privkey\", \"my message\"")
    .handle(move |request| {
        let params = Arc::clone(&params);
        async move {
            let key: String = request.arguments.required("privkey")?;
            let text: String = request.arguments.required("message")?;
            let key = SecretKey::decode(&key, &params.address)
                .map_err(|_| RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Invalid private key"))?;
            Ok(message::sign(&key, &text).into())
        }
    })
}
