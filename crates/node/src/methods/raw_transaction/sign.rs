//! `signrawtransactionwithkey` and `combinerawtransaction`.

use std::collections::HashMap;
use std::sync::Arc;

use bitcoin::{OutPoint, Transaction, TxIn, TxOut};
use consensus::Params;
use encoding::SecretKey;
use encoding::transaction::{Form, from_hex, to_hex};
use rpc::{Arguments, Kind, Method, Outcome, Param, RpcError, Shape, ShapeKind, code};
use serde_json::{Value, json};
use signing::{InputError, Keys, SignatureHashType, combine_input, sign_transaction};

use super::previous;
use crate::coins::CoinLookup;
use crate::{shapes, values};

pub(super) fn signrawtransactionwithkey(params: Arc<Params>, coins: CoinLookup) -> Method {
    let key = Param::optional("privatekey", Kind::Hex, "A private key in base58");
    let error = shapes::object(vec![
        ("txid", shapes::hex("The id of the transaction that is spent")),
        ("vout", shapes::number("Which of its outputs")),
        ("witness", shapes::array(shapes::hex("An item of the witness"))),
        ("scriptSig", shapes::hex("The input's script")),
        ("sequence", shapes::number("The sequence number")),
        ("error", shapes::text("What is wrong")),
    ]);
    Method::declare(
        "rawtransactions",
        "signrawtransactionwithkey",
        "Signs the inputs of a transaction with these private keys and no others.",
    )
    .param(Param::required("hexstring", Kind::String, "The transaction"))
    .param(Param::required(
        "privkeys",
        Kind::Array(vec![key]),
        "The private keys in base58",
    ))
    .param(previous::parameter())
    .param(sighash_type())
    .result(shapes::object(vec![
        ("hex", shapes::hex("The transaction with its signatures")),
        (
            "complete",
            shapes::flag("Whether all inputs can spend their outputs"),
        ),
        ("errors", shapes::array(error).optional()),
    ]))
    .example(
        "\"myhex\" \"[\\\"key1\\\",\\\"key2\\\"]\"",
        "\"myhex\", \"[\\\"key1\\\",\\\"key2\\\"]\"",
    )
    .handle(move |request| {
        let (params, coins) = (Arc::clone(&params), Arc::clone(&coins));
        async move {
            // A transaction can have thousands of inputs.
            let signed = tokio::task::spawn_blocking(move || sign(&request.arguments, &params, &coins));
            signed
                .await
                .unwrap_or_else(|error| Err(RpcError::misc(error.to_string())))
        }
    })
}

/// The parameter that [`read_sighash_type`] reads.
pub(super) fn sighash_type() -> Param {
    Param::defaulted(
        "sighashtype",
        Kind::String,
        "DEFAULT for Taproot, ALL otherwise",
        "What signatures cover, one of:\n       \"DEFAULT\"\n       \"ALL\"\n       \"NONE\"\n       \"SINGLE\"\n       \
         \"ALL|ANYONECANPAY\"\n       \"NONE|ANYONECANPAY\"\n       \"SINGLE|ANYONECANPAY\"",
    )
}

/// What signatures are to cover.
pub(super) fn read_sighash_type(arguments: &Arguments) -> Result<SignatureHashType, RpcError> {
    match arguments.optional::<String>("sighashtype")? {
        None => Ok(SignatureHashType::DEFAULT),
        Some(name) => SignatureHashType::from_name(&name)
            .ok_or_else(|| RpcError::invalid_parameter(format!("{name} is not a valid sighash parameter."))),
    }
}

fn sign(arguments: &Arguments, params: &Params, lookup: &CoinLookup) -> Outcome {
    let digits: String = arguments.required("hexstring")?;
    let mut transaction = from_hex(&digits, Form::Witness).ok_or_else(|| {
        let text = "TX decode failed. Make sure the tx has at least one input.";
        RpcError::new(code::DESERIALIZATION_ERROR, text)
    })?;
    let mut keys = Keys::default();
    for key in arguments.required::<Vec<String>>("privkeys")? {
        let key = SecretKey::decode(&key, &params.address)
            .map_err(|_| RpcError::new(code::INVALID_ADDRESS_OR_KEY, "Invalid private key"))?;
        keys.add_secret(key);
    }
    let mut coins = find(&transaction.input, lookup)?;
    previous::add(arguments.value("prevtxs"), &mut keys, &mut coins)?;
    let hash_type = read_sighash_type(arguments)?;
    let errors = sign_transaction(&mut transaction, &keys, &coins, hash_type);
    let mut result = json!({ "hex": to_hex(&transaction), "complete": errors.is_empty() });
    let errors = errors
        .iter()
        .map(|(index, error)| show_error(&transaction.input[*index], error, &coins))
        .collect::<Result<Vec<_>, _>>()?;
    if !errors.is_empty() {
        result["errors"] = errors.into();
    }
    Ok(result)
}

fn find(inputs: &[TxIn], lookup: &CoinLookup) -> Result<HashMap<OutPoint, TxOut>, RpcError> {
    let mut coins = HashMap::new();
    for input in inputs {
        if let Some(coin) = lookup(&input.previous_output)? {
            coins.insert(input.previous_output, coin);
        }
    }
    Ok(coins)
}

fn show_error(input: &TxIn, error: &InputError, coins: &HashMap<OutPoint, TxOut>) -> Outcome {
    if *error == InputError::MissingAmount {
        let coin = coins.get(&input.previous_output);
        let shown = coin.map(show_coin).unwrap_or_default();
        let text = format!("Missing amount for {shown}");
        return Err(RpcError::new(code::TYPE_ERROR, text));
    }
    let witness: Vec<String> = input.witness.iter().map(encoding::address::program_hex).collect();
    Ok(json!({
        "txid": input.previous_output.txid.to_string(),
        "vout": input.previous_output.vout,
        "witness": witness,
        "scriptSig": input.script_sig.to_hex_string(),
        "sequence": input.sequence.0,
        "error": error.to_string(),
    }))
}

/// An output in upstream's words for it.
fn show_coin(coin: &TxOut) -> String {
    let amount = encoding::amount::unsigned_to_json(coin.value.to_sat());
    let mut script = coin.script_pubkey.to_hex_string();
    script.truncate(30);
    format!("CTxOut(nValue={amount}, scriptPubKey={script})")
}

pub(super) fn combinerawtransaction(coins: CoinLookup) -> Method {
    let digits = Param::optional("hexstring", Kind::Hex, "A transaction");
    Method::declare(
        "rawtransactions",
        "combinerawtransaction",
        "Puts the signatures of several variants of a transaction into one.\n\nThe outputs that it spends must be known.",
    )
    .param(Param::required(
        "txs",
        Kind::Array(vec![digits]),
        "The variants",
    ))
    .result(Shape::new(ShapeKind::String, "The transaction"))
    .example("'[\"myhex1\", \"myhex2\", \"myhex3\"]'", "[\"myhex1\", \"myhex2\", \"myhex3\"]")
    .handle(move |request| {
        let coins = Arc::clone(&coins);
        async move {
            let combined =
                tokio::task::spawn_blocking(move || combine(request.arguments.value("txs"), &coins));
            combined
                .await
                .unwrap_or_else(|error| Err(RpcError::misc(error.to_string())))
        }
    })
}

fn combine(variants: &Value, lookup: &CoinLookup) -> Outcome {
    let variants = values::array(variants)?
        .iter()
        .enumerate()
        .map(|(index, digits)| {
            from_hex(values::text(digits)?, Form::Witness).ok_or_else(|| {
                let text =
                    format!("TX decode failed for tx {index}. Make sure the tx has at least one input.");
                RpcError::new(code::DESERIALIZATION_ERROR, text)
            })
        })
        .collect::<Result<Vec<Transaction>, _>>()?;
    let Some(first) = variants.first() else {
        return Err(RpcError::new(code::DESERIALIZATION_ERROR, "Missing transactions"));
    };
    let coins = find(&first.input, lookup)?;
    let mut combined = first.clone();
    for (index, input) in combined.input.iter_mut().enumerate() {
        *input = combine_input(&variants, index, &coins)
            .ok_or_else(|| RpcError::new(code::VERIFY_ERROR, "Input not found or already spent"))?;
    }
    Ok(to_hex(&combined).into())
}
