//! `createrawtransaction`, and the making of transactions that other methods share.

use std::collections::HashSet;
use std::sync::Arc;

use bitcoin::absolute::LockTime;
use bitcoin::opcodes::all::OP_RETURN;
use bitcoin::script::PushBytesBuf;
use bitcoin::transaction::Version;
use bitcoin::{Amount, OutPoint, ScriptBuf, Sequence, Transaction, TxIn, TxOut};
use consensus::Params;
use consensus::params::AddressParams;
use encoding::Address;
use encoding::transaction::to_hex;
use rpc::{
    Arguments, Declaration, FromArgument as _, Kind, Method, Param, RpcError, Shape, ShapeKind, code,
    written_name,
};
use serde_json::{Map, Value};

use crate::values;

pub(super) fn createrawtransaction(params: Arc<Params>) -> Method {
    let declaration = Method::declare(
        "rawtransactions",
        "createrawtransaction",
        "Makes a transaction of inputs and outputs, which are addresses or data.\n\nIt is not signed, and neither kept \
         nor sent.",
    );
    parameters(declaration)
        .result(Shape::new(ShapeKind::Hex, "The transaction"))
        .example(
            "\"[{\\\"txid\\\":\\\"myid\\\",\\\"vout\\\":0}]\" \"[{\\\"address\\\":0.01}]\"",
            "[{\"txid\":\"myid\",\"vout\":0}], [{\"address\":0.01}]",
        )
        .handle(move |request| {
            let params = Arc::clone(&params);
            async move {
                let transaction = construct(&request.arguments, &params.address)?;
                Ok(to_hex(&transaction).into())
            }
        })
}

/// Declares the parameters that [`construct`] reads.
pub(super) fn parameters(declaration: Declaration) -> Declaration {
    let input = vec![
        Param::required("txid", Kind::Hex, "The id of the transaction to spend"),
        Param::required("vout", Kind::Number, "Which of its outputs"),
        Param::hinted(
            "sequence",
            Kind::Number,
            "depends on the value of the 'replaceable' and 'locktime' arguments",
            "The sequence number",
        ),
    ];
    let address = Param::required(
        "address",
        Kind::Amount,
        "The key is an address, the value an amount in SYS",
    );
    let data = vec![
        Param::required(
            "data",
            Kind::Hex,
            "The key is \"data\", the value bytes that nobody can spend",
        ),
        Param::defaulted(
            "data_amount",
            Kind::Amount,
            0,
            "The amount of the output with the data",
        ),
        Param::defaulted("data_version", Kind::Number, 0, "The transaction's version"),
    ];
    declaration
        .param(Param::required(
            "inputs",
            Kind::Array(vec![Param::optional("", Kind::Object(input), "")]),
            "The inputs",
        ))
        .param(
            Param::required(
                "outputs",
                Kind::Array(vec![
                    Param::optional("", Kind::Map(vec![address]), ""),
                    Param::optional("", Kind::Object(data), ""),
                ]),
                "The outputs as pairs of key and value, or one object with all of them.\nNo key may appear twice: \
                 neither an address nor \"data\".",
            )
            .unchecked(),
        )
        .param(Param::defaulted(
            "locktime",
            Kind::Number,
            0,
            "The lock time. Other than 0, it makes inputs heed it",
        ))
        .param(Param::defaulted(
            "replaceable",
            Kind::Boolean,
            true,
            "Whether another transaction may replace this one by paying more (BIP 125).\nIf true is given, sequence \
             numbers must not say otherwise.",
        ))
}

/// Makes the transaction that arguments describe.
pub(super) fn construct(arguments: &Arguments, chain: &AddressParams) -> Result<Transaction, RpcError> {
    let replaceable: Option<bool> = arguments.optional("replaceable")?;
    let lock_time = match arguments.optional::<i64>("locktime")? {
        None => 0,
        Some(number) => u32::try_from(number)
            .map_err(|_| RpcError::invalid_parameter("Invalid parameter, locktime out of range"))?,
    };
    let mut transaction = Transaction {
        version: Version::TWO,
        lock_time: LockTime::from_consensus(lock_time),
        input: Vec::new(),
        output: Vec::new(),
    };
    let inputs = arguments.value("inputs");
    if !inputs.is_null() {
        for input in values::array(inputs)? {
            transaction.input.push(read_input(input, lock_time, replaceable)?);
        }
    }
    add_outputs(&mut transaction, arguments.value("outputs"), chain)?;
    let is_replaceable = transaction.input.iter().any(|input| input.sequence.is_rbf());
    if replaceable == Some(true) && !transaction.input.is_empty() && !is_replaceable {
        return Err(RpcError::invalid_parameter(
            "Invalid parameter combination: Sequence number(s) contradict replaceable option",
        ));
    }
    Ok(transaction)
}

fn read_input(input: &Value, lock_time: u32, replaceable: Option<bool>) -> Result<TxIn, RpcError> {
    let input = values::object(input)?;
    let txid = values::hash(values::member(input, "txid"), "txid")?;
    let vout = values::member(input, "vout");
    if !vout.is_number() {
        return Err(RpcError::invalid_parameter("Invalid parameter, missing vout key"));
    }
    let vout = u32::try_from(values::small_integer(vout)?)
        .map_err(|_| RpcError::invalid_parameter("Invalid parameter, vout cannot be negative"))?;
    let sequence = match values::member(input, "sequence") {
        number @ Value::Number(_) => u32::try_from(i64::from_argument(number)?)
            .map(Sequence)
            .map_err(|_| RpcError::invalid_parameter("Invalid parameter, sequence number is out of range"))?,
        _ if replaceable.unwrap_or(true) => Sequence::ENABLE_RBF_NO_LOCKTIME,
        _ if lock_time != 0 => Sequence::ENABLE_LOCKTIME_NO_RBF,
        _ => Sequence::MAX,
    };
    Ok(TxIn {
        previous_output: OutPoint { txid, vout },
        sequence,
        ..TxIn::default()
    })
}

/// All pairs of key and value, in their order.
fn pairs(outputs: &Value) -> Result<Vec<(&str, &Value)>, RpcError> {
    if let Value::Object(members) = outputs {
        return Ok(each(members).collect());
    }
    let mut pairs = Vec::new();
    for output in values::array(outputs)? {
        let Value::Object(members) = output else {
            return Err(RpcError::invalid_parameter(
                "Invalid parameter, key-value pair not an object as expected",
            ));
        };
        if members.len() != 1 {
            return Err(RpcError::invalid_parameter(
                "Invalid parameter, key-value pair must contain exactly one key",
            ));
        }
        pairs.extend(each(members));
    }
    Ok(pairs)
}

fn each(members: &Map<String, Value>) -> impl Iterator<Item = (&str, &Value)> {
    members.iter().map(|(key, value)| (written_name(key), value))
}

fn add_outputs(
    transaction: &mut Transaction,
    outputs: &Value,
    chain: &AddressParams,
) -> Result<(), RpcError> {
    if outputs.is_null() {
        return Err(RpcError::invalid_parameter(
            "Invalid parameter, output argument must be non-null",
        ));
    }
    let pairs = pairs(outputs)?;
    let find = |name| {
        pairs
            .iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| *value)
    };
    let mut addresses = HashSet::new();
    let mut has_data = false;
    for (key, value) in &pairs {
        let output = match *key {
            "data" if has_data => {
                return Err(RpcError::invalid_parameter(
                    "Invalid parameter, duplicate key: data",
                ));
            }
            "data" => {
                has_data = true;
                if let Some(version) = find("data_version") {
                    transaction.version = Version(values::small_integer(version)?);
                }
                data_output(value, find("data_amount"))?
            }
            "data_amount" | "data_version" => continue,
            key => {
                let address = Address::decode(key, chain).map_err(|_| {
                    RpcError::new(
                        code::INVALID_ADDRESS_OR_KEY,
                        format!("Invalid Syscoin address: {key}"),
                    )
                })?;
                let script_pubkey = address.script();
                if !addresses.insert(address) {
                    let text = format!("Invalid parameter, duplicated address: {key}");
                    return Err(RpcError::invalid_parameter(text));
                }
                TxOut {
                    value: Amount::from_sat(values::amount(value)?),
                    script_pubkey,
                }
            }
        };
        transaction.output.push(output);
    }
    Ok(())
}

fn data_output(data: &Value, amount: Option<&Value>) -> Result<TxOut, RpcError> {
    let amount = amount.map_or(Ok(0), values::amount)?;
    // A number whose digits are such of bytes will do.
    let digits = match data {
        Value::Number(number) => Value::String(number.to_string()),
        data => data.clone(),
    };
    let data = values::bytes(&digits, "Data")?;
    let data = PushBytesBuf::try_from(data).map_err(|_| RpcError::misc("data is too long for a script"))?;
    Ok(TxOut {
        value: Amount::from_sat(amount),
        script_pubkey: ScriptBuf::builder()
            .push_opcode(OP_RETURN)
            .push_slice(data)
            .into_script(),
    })
}
