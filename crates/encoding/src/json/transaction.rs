//! Transactions as objects.

use bitcoin::{Transaction, TxIn, TxOut};
use consensus::params::AddressParams;
use consensus::transaction::{TransactionKind, nevm_destination, parse_allocation, value_out};
use serde_json::{Map, Value, json};

use super::script::{output_script, signature_script};
use crate::amount::{to_json, unsigned_to_json};
use crate::hex::to_hex;
use crate::transaction::{stripped_bytes, to_bytes, witness_hash};

/// A coin that an input spends.
#[derive(Debug, Clone, Copy)]
pub struct SpentCoin<'a> {
    /// The output.
    pub output: &'a TxOut,
    /// The height of the block that made it.
    pub height: u32,
    /// Whether it is a coinbase's.
    pub is_generated: bool,
}

/// Whether each input shows what it spends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreviousOutputs {
    /// It does.
    Shown,
    /// It does not; the fee alone tells of it.
    Hidden,
}

/// A transaction without block and digits, which a caller may add.
#[must_use]
pub fn transaction(transaction: &Transaction, chain: &AddressParams) -> Map<String, Value> {
    let inputs = transaction.input.iter();
    let inputs = inputs.map(|input| input_object(input, transaction.is_coinbase(), None));
    whole(transaction, inputs.collect(), chain)
}

/// A transaction and its fee, given the coin that each of its inputs spends.
#[must_use]
pub fn transaction_with_spent(
    transaction: &Transaction,
    spent: &[SpentCoin<'_>],
    previous_outputs: PreviousOutputs,
    chain: &AddressParams,
) -> Map<String, Value> {
    let inputs = transaction.input.iter().zip(spent).map(|(input, coin)| {
        let shown = (previous_outputs == PreviousOutputs::Shown).then(|| coin_object(coin, chain));
        input_object(input, transaction.is_coinbase(), shown)
    });
    let mut object = whole(transaction, inputs.collect(), chain);
    let total = |units: u64| i64::try_from(units).unwrap_or(i64::MAX);
    let units = spent.iter().map(|coin| coin.output.value.to_sat());
    let fee = total(units.fold(0, u64::saturating_add)) - total(value_out(transaction).to_sat());
    object.insert("fee".to_owned(), to_json(fee));
    object
}

fn whole(transaction: &Transaction, inputs: Vec<Value>, chain: &AddressParams) -> Map<String, Value> {
    let size = to_bytes(transaction).len();
    let weight = stripped_bytes(transaction).len() * 3 + size;
    let version = u32::from_le_bytes(transaction.version.0.to_le_bytes());
    let fields = [
        ("txid", json!(transaction.compute_txid().to_string())),
        ("hash", json!(witness_hash(transaction).to_string())),
        ("version", json!(version)),
        ("size", json!(size)),
        ("vsize", json!(weight.div_ceil(4))),
        ("weight", json!(weight)),
        ("locktime", json!(transaction.lock_time.to_consensus_u32())),
        ("vin", Value::Array(inputs)),
        ("vout", Value::Array(outputs(transaction, chain))),
    ];
    let mut object: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
    if let Some(tokens) = tokens_object(transaction) {
        object.insert("systx".to_owned(), tokens.into());
    }
    object
}

fn input_object(input: &TxIn, is_coinbase: bool, previous_output: Option<Value>) -> Value {
    let mut object = Map::new();
    if is_coinbase {
        object.insert("coinbase".to_owned(), input.script_sig.to_hex_string().into());
    } else {
        object.insert("txid".to_owned(), input.previous_output.txid.to_string().into());
        object.insert("vout".to_owned(), input.previous_output.vout.into());
        object.insert("scriptSig".to_owned(), signature_script(&input.script_sig).into());
    }
    if !input.witness.is_empty() {
        let items: Vec<String> = input.witness.iter().map(to_hex).collect();
        object.insert("txinwitness".to_owned(), items.into());
    }
    if let Some(previous_output) = previous_output {
        object.insert("prevout".to_owned(), previous_output);
    }
    object.insert("sequence".to_owned(), input.sequence.0.into());
    object.into()
}

fn coin_object(coin: &SpentCoin<'_>, chain: &AddressParams) -> Value {
    json!({
        "generated": coin.is_generated,
        "height": coin.height,
        "value": unsigned_to_json(coin.output.value.to_sat()),
        "scriptPubKey": output_script(&coin.output.script_pubkey, chain),
    })
}

fn outputs(transaction: &Transaction, chain: &AddressParams) -> Vec<Value> {
    let outputs = transaction.output.iter().enumerate();
    let mut objects: Vec<Value> = outputs
        .map(|(index, output)| {
            json!({
                // What is read from digits may be more than there can be, or negative.
                "value": to_json(i64::from_le_bytes(output.value.to_sat().to_le_bytes())),
                "n": index,
                "scriptPubKey": output_script(&output.script_pubkey, chain),
            })
        })
        .collect();
    if TransactionKind::of(transaction).is_asset() {
        let assets = parse_allocation(transaction).map(|allocation| allocation.assets);
        for asset in assets.unwrap_or_default() {
            for output in asset.outputs {
                if let Some(object) = objects.get_mut(output.index as usize) {
                    object["asset_guid"] = asset.asset.into();
                    object["asset_value"] = unsigned_to_json(output.value);
                }
            }
        }
    }
    objects
}

/// What a transaction does with tokens. The proof of one that brings them from the NEVM is not shown.
fn tokens_object(transaction: &Transaction) -> Option<Map<String, Value>> {
    let kind = match TransactionKind::of(transaction) {
        TransactionKind::AssetSend => "assetallocationsend",
        TransactionKind::AssetToNevm => "assetallocationburntonevm",
        TransactionKind::AssetToCoin => "assetallocationburntosyscoin",
        TransactionKind::CoinToAsset => "syscoinburntoassetallocation",
        TransactionKind::AssetMint => "assetallocationmint",
        _ => return None,
    };
    let mut object = Map::new();
    object.insert("txtype".to_owned(), kind.into());
    if kind == "assetallocationburntonevm" {
        let destination = nevm_destination(transaction).unwrap_or_default();
        let destination = format!("0x{}", to_hex(destination));
        object.insert("nevm_destination".to_owned(), destination.into());
    }
    Some(object)
}

#[cfg(test)]
mod tests {
    use bitcoin::Amount;
    use consensus::{Network, Params};

    use super::*;
    use crate::transaction::{Form, from_hex};

    fn chain() -> AddressParams {
        Params::new(Network::Regtest).address
    }

    /// Bitcoin's first payment, of block 170.
    const PAYMENT: &str = "0100000001c997a5e56e104102fa209c6a852dd90660a20b2d9c352423edce25857fcd3704000000004847304402204e45e16932b8af514961a1d3a1a25fdf3f4f7732e9d624c6c61548ab5fb8cd410220181522ec8eca07de4860a4acdd12909d831cc56cbbac4622082221a8768d1d0901ffffffff0200ca9a3b00000000434104ae1a62fe09c5f51b13905f07f06b99a2f7159b2225f374cd378d71302fa28414e7aab37397f554a7df5f142c21c1b7303b8a0626f1baded5c72a704f7e6cd84cac00286bee0000000043410411db93e1dcdb8a016b49840f8c53bc1eb68a382e97b1482ecad7b148a6909a5cb2e0eaddfb84ccf9744464f82e160bfa9b8b64f9d4c03f999b8643f656b412a3ac00000000";

    #[test]
    fn a_payment_is_shown_as_upstream_shows_it() {
        let payment = from_hex(PAYMENT, Form::Either).unwrap();
        let shown = Value::Object(transaction(&payment, &chain()));
        assert_eq!(
            shown["txid"],
            "f4184fc596403b9d638783cf57adfe4c75c605f6356fbc91338530e9831e9e16"
        );
        assert_eq!((&shown["hash"], &shown["size"]), (&shown["txid"], &json!(275)));
        assert_eq!((&shown["vsize"], &shown["weight"]), (&json!(275), &json!(1100)));
        assert_eq!(shown["vin"][0]["sequence"], 4_294_967_295_u32);
        let signature = shown["vin"][0]["scriptSig"]["asm"].as_str().unwrap();
        assert!(signature.ends_with("1d09[ALL]"), "{signature}");
        assert_eq!(shown["vout"][0]["value"].to_string(), "10.00000000");
        assert_eq!(shown["vout"][0]["scriptPubKey"]["type"], "pubkey");
        assert_eq!(shown["vout"][0]["scriptPubKey"].get("address"), None);
        assert!(
            shown["vout"][0]["scriptPubKey"]["desc"]
                .as_str()
                .unwrap()
                .starts_with("pk(04ae1a")
        );
    }

    #[test]
    fn what_is_spent_gives_the_fee_and_is_shown_where_it_is_wanted() {
        let payment = from_hex(PAYMENT, Form::Either).unwrap();
        let output = TxOut {
            value: Amount::from_sat(5_000_000_001),
            ..payment.output[0].clone()
        };
        let coin = SpentCoin {
            output: &output,
            height: 9,
            is_generated: true,
        };
        for previous_outputs in [PreviousOutputs::Shown, PreviousOutputs::Hidden] {
            let shown = Value::Object(transaction_with_spent(
                &payment,
                &[coin],
                previous_outputs,
                &chain(),
            ));
            assert_eq!(shown["fee"].to_string(), "0.00000001");
            let previous = &shown["vin"][0]["prevout"];
            if previous_outputs == PreviousOutputs::Shown {
                assert_eq!(
                    (&previous["generated"], &previous["height"]),
                    (&json!(true), &json!(9))
                );
                assert_eq!(previous["value"].to_string(), "50.00000001");
            } else {
                assert_eq!(*previous, Value::Null);
            }
        }
    }

    #[test]
    fn tokens_are_shown_with_their_outputs() {
        // One token of kind 7 at output 0, and 20 bytes of an address.
        let data = format!("010701000114{}", "ab".repeat(20));
        let script = format!("6a1a{data}");
        let length = format!("{:02x}", script.len() / 2);
        let transaction_of = |version: &str| {
            let digits = format!(
                "{version}00000001{}00000000000000000001{}{length}{script}00000000",
                "11".repeat(32),
                "00".repeat(8)
            );
            from_hex(&digits, Form::Either).unwrap()
        };
        let shown = |version| Value::Object(transaction(&transaction_of(version), &chain()));
        let burn = shown("8d");
        assert_eq!(
            burn["systx"],
            json!({"txtype": "assetallocationburntonevm", "nevm_destination": format!("0x{}", "ab".repeat(20))})
        );
        assert_eq!(burn["vout"][0]["asset_guid"], 7);
        assert_eq!(burn["vout"][0]["asset_value"].to_string(), "0.00000001");
        assert_eq!(shown("8e")["systx"], json!({"txtype": "assetallocationsend"}));
        assert_eq!(shown("02")["systx"], Value::Null);
        assert_eq!(shown("02")["vout"][0].get("asset_guid"), None);
    }
}
