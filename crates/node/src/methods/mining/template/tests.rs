//! What miners are told on other chains than regtest.

use std::sync::Arc;

use consensus::{Activation, Params};
use serde_json::json;

use super::*;
use crate::mining::tests::miner_on;

async fn give(params: Params, rules: &[&str]) -> Result<Value, String> {
    let (_directory, mining) = miner_on(params);
    let rules = rules.iter().map(|rule| (*rule).to_owned()).collect();
    let given = super::give(&mining.node, Arc::default(), rules, None).await;
    given.map_err(|error| error.to_string())
}

#[tokio::test]
async fn templates_need_what_their_chain_needs() {
    let of = Params::new;
    let refused = |text: &str| Err::<Value, _>(text.to_owned());
    assert_eq!(
        give(of(Network::Main), &["segwit"]).await,
        refused("Syscoin Core is not connected! (-9)")
    );
    assert_eq!(
        give(of(Network::Signet), &["segwit"]).await,
        refused(
            "getblocktemplate must be called with the signet rule set (call with {\"rules\": [\"segwit\", \"signet\"]}) (-8)"
        )
    );
    let mut with_masternodes = of(Network::Test);
    with_masternodes.heights.dip3 = Activation::at(1);
    assert_eq!(
        give(with_masternodes, &["segwit"]).await,
        refused("Masternode information has not synced, please wait until it finishes before mining! (-1)")
    );
    let told = give(of(Network::Signet), &["segwit", "signet"]).await.unwrap();
    let challenge = of(Network::Signet).signet_challenge.unwrap();
    assert_eq!(told["signet_challenge"], challenge.to_hex_string());
    assert_eq!(told["rules"], json!(["csv", "!segwit", "!signet", "taproot"]));
}

#[tokio::test]
async fn templates_from_before_segwit_count_without_its_discount() {
    let mut params = Params::new(Network::Regtest);
    params.heights.segwit = Activation::at(1_000);
    let told = give(params, &["segwit"]).await.unwrap();
    assert_eq!(told["rules"], json!(["csv", "taproot"]));
    assert_eq!(
        (&told["sigoplimit"], &told["sizelimit"], told.get("weightlimit")),
        (&json!(20_000), &json!(26_165_824), None)
    );
}
