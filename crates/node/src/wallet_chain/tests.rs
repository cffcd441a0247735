//! A chain of a few blocks, asked as a wallet does.

use bitcoin::hashes::Hash as _;
use interfaces::{RpcFailure, RpcRequest};
use tempfile::TempDir;

use super::*;
use crate::mining::OwnMining;
use crate::mining::tests::{mine_one, miner};
use crate::user_interface::tests::running_on;

/// A chain of so many blocks above the first.
pub(super) async fn chain_of(count: u32) -> (TempDir, OwnMining, OwnChain) {
    let (directory, mining) = miner();
    for _ in 0..count {
        mine_one(&mining).await;
    }
    let chain = OwnChain::new(running_on(&mining.node));
    (directory, mining, chain)
}

const ALL: BlockParts = BlockParts {
    locator: true,
    data: true,
};

fn said<T: std::fmt::Debug>(outcome: Result<T, InterfaceError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn blocks_are_found_by_hash_height_time_and_place() {
    let (_directory, _mining, chain) = chain_of(30).await;
    assert_eq!(chain.get_height().await.unwrap(), Some(30));
    assert_eq!(chain.get_block_hash(31).await.unwrap(), None);
    assert!(chain.have_block_on_disk(30).await.unwrap());
    let tip = chain.get_block_hash(30).await.unwrap().unwrap();
    let found = chain.find_block(tip, ALL).await.unwrap().unwrap();
    assert_eq!(
        (found.block.height, found.next, found.in_active_chain),
        (30, None, true)
    );
    assert_eq!(found.data.unwrap().block_hash(), tip);
    let locator = found.locator.unwrap();
    assert_eq!(locator, chain.get_tip_locator().await.unwrap());
    let mut heights = Vec::new();
    for hash in &locator.have {
        let block = chain
            .find_block(*hash, BlockParts::default())
            .await
            .unwrap()
            .unwrap();
        heights.push(block.block.height);
    }
    assert_eq!(
        heights,
        [30, 29, 28, 27, 26, 25, 24, 23, 22, 21, 20, 18, 14, 6, 0]
    );
    assert_eq!(chain.find_locator_fork(locator).await.unwrap(), Some(30));
    let stranger = BlockLocator {
        have: vec![BlockHash::all_zeros()],
    };
    assert_eq!(chain.find_locator_fork(stranger).await.unwrap(), None);

    let seven = chain.get_block_hash(7).await.unwrap().unwrap();
    let ancestor = chain
        .find_ancestor_by_height(tip, 7, BlockParts::default())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ancestor.block.hash, seven);
    assert_eq!(ancestor.next.unwrap().height, 8);
    assert!(
        chain
            .find_ancestor_by_hash(tip, seven, BlockParts::default())
            .await
            .unwrap()
            .is_some()
    );
    assert!(
        chain
            .find_ancestor_by_hash(seven, tip, BlockParts::default())
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(
        chain
            .find_ancestor_by_height(seven, 8, BlockParts::default())
            .await
            .unwrap(),
        None
    );
    let common = chain
        .find_common_ancestor(tip, seven, BlockParts::default())
        .await
        .unwrap();
    assert_eq!(common.ancestor, common.second);
    assert_eq!(common.first.unwrap().block.hash, tip);

    let first =
        |time, height| chain.find_first_block_with_time_and_height(time, height, BlockParts::default());
    let height = |found: Option<FoundBlock>| found.map(|found| found.block.height);
    let long_ago = UnixTime::from_seconds(0);
    assert_eq!(height(first(long_ago, 0).await.unwrap()), Some(0));
    assert_eq!(height(first(long_ago, 9).await.unwrap()), Some(9));
    assert_eq!(height(first(long_ago, 31).await.unwrap()), None);
    let since = first(ancestor.max_time, 0).await.unwrap().unwrap();
    assert!(since.block.height <= 7 && since.max_time >= ancestor.max_time);
    let never = UnixTime::from_seconds(i64::MAX);
    assert_eq!(height(first(never, 0).await.unwrap()), None);
    assert!(chain.has_blocks(tip, 0, None).await.unwrap());
    assert!(!chain.has_blocks(BlockHash::all_zeros(), 0, None).await.unwrap());
    let progress = chain.guess_verification_progress(seven).await.unwrap();
    assert!((progress - 7.0 / 30.0).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn coins_are_those_that_no_block_spends() {
    let (_directory, _mining, chain) = chain_of(1).await;
    let tip = chain.get_block_hash(1).await.unwrap().unwrap();
    let block = chain.find_block(tip, ALL).await.unwrap().unwrap().data.unwrap();
    let there = OutPoint::new(block.txdata[0].compute_txid(), 0);
    let coins = chain.find_coins(vec![OutPoint::null(), there]).await.unwrap();
    assert_eq!(coins[0], None);
    let coin = coins[1].as_ref().unwrap();
    assert_eq!(coin.output, block.txdata[0].output[0]);
    assert_eq!((coin.height, coin.is_coinbase), (Some(1), true));
}

#[tokio::test(flavor = "multi_thread")]
async fn settings_of_wallets_are_told_and_no_others() {
    let (_directory, _mining, chain) = chain_of(0).await;
    let setting = async |name: &str| chain.get_setting(name.to_owned()).await;
    assert_eq!(setting("wallet").await.unwrap(), Some(Json::from("b")));
    assert_eq!(setting("keypool").await.unwrap(), None);
    let list = chain.get_settings_list("wallet".to_owned()).await.unwrap();
    assert_eq!(list, ["a", "b"]);
    for name in ["rpcpassword", "startupnotify", "datadir", "none"] {
        assert_eq!(said(setting(name).await), "Chain.getSetting is not allowed here");
        let changed = chain.update_rw_setting(name.to_owned(), None, Some(Json::from("x")), true);
        assert_eq!(said(changed.await), "Chain.updateRwSetting is not allowed here");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fees_and_limits_are_those_of_the_pool() {
    let (_directory, _mining, chain) = chain_of(0).await;
    let rate = FeeRate::from_sat_per_kvb;
    assert_eq!(chain.relay_min_fee().await.unwrap(), rate(1_000));
    assert_eq!(chain.mempool_min_fee().await.unwrap(), rate(1_000));
    assert_eq!(chain.relay_dust_fee().await.unwrap(), rate(3_000));
    let limits = chain.get_package_limits().await.unwrap();
    assert_eq!((limits.ancestors, limits.descendants), (25, 25));
    let estimate = chain.estimate_smart_fee(6, FeeEstimateMode::Unset).await.unwrap();
    assert_eq!((estimate.fee_rate, estimate.target_blocks), (None, 6));
    let transaction = bitcoin::constants::genesis_block(bitcoin::Network::Regtest)
        .txdata
        .remove(0);
    assert_eq!(
        chain.check_chain_limits(transaction.clone()).await.unwrap(),
        Ok(())
    );
    assert_eq!(
        chain.is_rbf_opt_in(transaction.clone()).await.unwrap(),
        RbfState::Unknown
    );
    let refused = chain.broadcast_transaction(transaction, Amount::MAX_MONEY, BroadcastMethod::MempoolAndAll);
    assert_eq!(refused.await.unwrap(), Err(Refusal::new("coinbase")));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_for_users_have_a_limit() {
    let (_directory, _mining, chain) = chain_of(0).await;
    chain.init_message("x".repeat(10_000)).await.unwrap();
    let long = || "x".repeat(10_001);
    for refused in [
        chain.init_message(long()).await,
        chain.init_warning(long()).await,
        chain.init_error(long()).await,
        chain.show_progress(long(), 1, false).await,
    ] {
        assert_eq!(
            refused.unwrap_err().to_string(),
            "remote exception: a text for users has 10001 bytes; the limit is 10000"
        );
    }
}

/// A method that tells what it was called with, and fails where it is told to.
struct Teller;

#[async_trait]
impl RpcMethod for Teller {
    async fn call(&self, request: RpcRequest) -> Result<Result<Json, RpcFailure>, InterfaceError> {
        match request.parameters[0].as_str() {
            Some("fail") => Ok(Err(RpcFailure {
                code: -18,
                message: "No wallet is loaded.".to_owned(),
            })),
            Some("gone") => Err(InterfaceError::Disconnected(
                interfaces::Disconnection::DuringCall,
            )),
            Some(_) | None => Ok(Ok(serde_json::json!([
                request.method,
                request.parameters,
                request.uri,
                request.user,
                request.help
            ]))),
        }
    }
}

fn command(name: &str, category: &str) -> RpcCommand {
    RpcCommand {
        category: category.to_owned(),
        name: name.to_owned(),
        parameters: vec!["first".to_owned()],
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_method_of_a_wallet_is_called_as_the_nodes_own_until_its_handler_is_dropped() {
    let (_directory, _mining, chain) = chain_of(0).await;
    let dispatcher = Arc::clone(&chain.running.dispatcher);
    let call = async |parameters: Json| {
        let params = rpc::Params::Positional(parameters.as_array().unwrap().clone());
        let method = "listwallets".to_owned();
        dispatcher.execute(rpc::Call { method, params }, "ann").await
    };
    let added = chain
        .handle_rpc(command("listwallets", "wallet"), Arc::new(Teller))
        .await;
    let handler = added.unwrap();
    let json = |text: &str| -> Json { text.parse().unwrap() };
    assert_eq!(
        call(json("[1]")).await,
        Ok(json(r#"["listwallets", [1], "/", "ann", false]"#))
    );
    let failure = call(json(r#"["fail"]"#)).await.unwrap_err();
    assert_eq!((failure.code, &*failure.message), (-18, "No wallet is loaded."));
    let failure = call(json(r#"["gone"]"#)).await.unwrap_err();
    assert_eq!(
        (failure.code, &*failure.message),
        (-1, "IPC client method call interrupted by disconnect.")
    );
    handler.disconnect().await.unwrap();
    assert_eq!(call(json("[]")).await.unwrap_err().message, "Method not found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_adds_no_method_but_one_of_wallets_that_is_not_there() {
    let (_directory, _mining, chain) = chain_of(0).await;
    let add = async |name: &str, category: &str| {
        let added = chain.handle_rpc(command(name, category), Arc::new(Teller)).await;
        added.map(drop).map_err(|error| error.to_string())
    };
    let refused = Err("Chain.handleRpc is not allowed here".to_owned());
    for name in ["getblockcount", "stop", "none", ""] {
        assert_eq!(add(name, "wallet").await, refused, "{name}");
    }
    let kept = chain
        .handle_rpc(command("send", "wallet"), Arc::new(Teller))
        .await
        .unwrap();
    assert_eq!(add("send", "wallet").await, refused);
    drop(kept);
    assert_eq!(add("send", "wallet").await, Ok(()));
    for category in ["", "x ==\nstop"] {
        let told = add("send", category).await.unwrap_err();
        assert!(told.ends_with("must be one word of at most 64 letters"), "{told}");
    }
}
