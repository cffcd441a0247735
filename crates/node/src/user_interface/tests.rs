//! A node on a chain of its own, asked as a user interface does.

use bitcoin::Txid;
use bitcoin::hashes::Hash as _;
use interfaces::{Init, LocalInit, Node as _};
use rpc::{MethodTable, ServiceConfig, Unlisted, Whitelist};
use tempfile::TempDir;

use super::listener::Listener;
use super::*;
use crate::mining::tests::{mine_one, miner};
use crate::rpc_server::naming;

/// What is called about this node.
pub(crate) fn running(dispatcher: Arc<Dispatcher>, service: Arc<Service>, node: Node) -> Arc<Running> {
    let shutdown = node
        .get()
        .map_or_else(|_| Shutdown::new(), |node| node.shutdown.clone());
    Arc::new(Running {
        args: Args::parse(
            crate::run::option_table(),
            ["syscoind", "-wallet=a", "-wallet=b", "-rpcpassword=secret"].map(Into::into),
        )
        .unwrap(),
        log: crate::methods::test_log(),
        shutdown,
        dispatcher,
        service,
        node,
        calls: Calls::default(),
        events: Events::default(),
        runtime: Handle::current(),
    })
}

/// The node with all of its methods; `user` alone may call them.
pub(crate) fn running_on(node: &Node) -> Arc<Running> {
    let mut table = MethodTable::default();
    let rules = Arc::new(consensus::Params::new(consensus::Network::Regtest));
    let init: Arc<dyn Init> = Arc::new(LocalInit);
    crate::methods::register(&mut table, &init, &crate::methods::test_log(), &rules, node).unwrap();
    let config = rpc::DispatchConfig {
        log_path: String::new(),
        check_results: true,
        naming: naming(),
    };
    let dispatcher = Dispatcher::new(config, table, || {}).unwrap();
    dispatcher.finish_warmup();
    let mut whitelist = Whitelist::new(Unlisted::Nothing);
    whitelist.add("user:getblockcount,getblockhash,none");
    let config = ServiceConfig {
        whitelist,
        ..ServiceConfig::default()
    };
    let service = Service::new(&config, Arc::clone(&dispatcher));
    running(dispatcher, service, node.clone())
}

/// A node with one block above the first.
async fn node() -> (TempDir, Arc<Running>, OwnNode) {
    let (directory, mining) = miner();
    mine_one(&mining).await;
    let running = running_on(&mining.node);
    let node = OwnNode::new(Arc::clone(&running), "user".to_owned());
    (directory, running, node)
}

fn said<T: std::fmt::Debug>(outcome: Result<T, InterfaceError>) -> String {
    outcome.unwrap_err().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_tells_of_its_chain_and_its_pool() {
    let (_directory, running, node) = node().await;
    let state = running.loaded().unwrap();
    let tip = state.tips().borrow().unwrap();
    assert_eq!(node.get_num_blocks().await.unwrap(), 1);
    assert_eq!(node.get_best_block_hash().await.unwrap(), tip.hash);
    let header = node.get_header_tip().await.unwrap().unwrap();
    assert_eq!((header.block.hash, header.block.height), (tip.hash, 1));
    assert_eq!(node.get_last_block_time().await.unwrap(), header.time);
    assert!((node.get_verification_progress().await.unwrap() - 1.0).abs() < f64::EPSILON);
    assert!(!node.is_loading_blocks().await.unwrap());
    assert_eq!(node.get_mempool_size().await.unwrap(), 0);
    assert_eq!(node.get_mempool_max_usage().await.unwrap(), 300_000_000);
    assert_eq!(
        node.get_dust_relay_fee().await.unwrap(),
        FeeRate::from_sat_per_kvb(3_000)
    );
    let coinbase = {
        let id = state.chain.tree().find(&tip.hash).unwrap();
        state.chain.read_block(id).unwrap().transactions[0].compute_txid()
    };
    let coin = node
        .get_unspent_output(OutPoint::new(coinbase, 0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!((coin.height, coin.is_coinbase), (Some(1), true));
    let none = OutPoint::new(Txid::all_zeros(), 0);
    assert_eq!(node.get_unspent_output(none).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_answered_with_the_rights_of_the_connection() {
    let (_directory, running, node) = node().await;
    let call = async |node: &OwnNode, method: &str, parameters| {
        node.execute_rpc(method.to_owned(), parameters, "/".to_owned())
            .await
    };
    assert_eq!(
        call(&node, "getblockcount", json!([])).await.unwrap(),
        Ok(json!(1))
    );
    let named = call(&node, "getblockhash", json!({ "height": 1 })).await.unwrap();
    let hash = node.get_best_block_hash().await.unwrap();
    assert_eq!(named, Ok(json!(hash.to_string())));
    let unknown = call(&node, "none", json!([])).await.unwrap().unwrap_err();
    assert_eq!((unknown.code, &*unknown.message), (-32601, "Method not found"));
    assert_eq!(
        said(call(&node, "stop", json!([])).await),
        "Node.executeRpc is not allowed here"
    );
    let other = OwnNode::new(running, "other".to_owned());
    let refused = call(&other, "getblockcount", json!([])).await;
    assert_eq!(said(refused), "Node.executeRpc is not allowed here");
    let names = node.list_rpc_commands().await.unwrap();
    assert!(names.is_sorted() && names.contains(&"getblockcount".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn bans_are_made_told_and_taken_back() {
    let (_directory, _running, node) = node().await;
    let ban = async |subnet: &str, duration| node.ban(subnet.to_owned(), duration).await.unwrap();
    assert_eq!(
        ban("x", None).await,
        Err(Refusal::new("Error: Invalid IP/Subnet"))
    );
    assert_eq!(ban("192.0.2.0/24", Some(Duration::from_secs(60))).await, Ok(()));
    let bans = node.get_banned().await.unwrap();
    assert_eq!(bans.len(), 1);
    assert_eq!(bans[0].subnet, "192.0.2.0/24");
    assert_eq!(bans[0].until.seconds() - bans[0].created.seconds(), 60);
    assert!(node.unban("192.0.2.0/24".to_owned()).await.unwrap());
    assert!(!node.unban("192.0.2.0/24".to_owned()).await.unwrap());
    assert_eq!(node.get_banned().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_without_peers_says_so() {
    let (_directory, _running, node) = node().await;
    assert_eq!(node.get_node_count(ConnectionDirection::Both).await.unwrap(), 0);
    assert_eq!(node.get_nodes_stats().await.unwrap(), []);
    assert!(!node.disconnect_by_id(0).await.unwrap());
    assert_eq!(node.get_proxy(Network::Ipv4).await.unwrap(), None);
    assert!(node.wallet_loader().await.unwrap().is_none());
    assert_eq!(
        said(node.map_port(true).await),
        "Node.mapPort is not supported by this process"
    );
    node.set_network_active(false).await.unwrap();
    assert!(!node.get_network_active().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_runs_is_not_started_again() {
    let (_directory, running, node) = node().await;
    let refused = "The node is running already.";
    assert_eq!(
        node.initialize(Vec::new()).await.unwrap(),
        Err(Refusal::new(refused))
    );
    assert_eq!(node.start().await.unwrap(), Err(Refusal::new(refused)));
    assert!(!node.shutdown_requested().await.unwrap());
    node.start_shutdown().await.unwrap();
    assert!(node.shutdown_requested().await.unwrap());
    assert!(running.shutdown.is_requested());
    assert_eq!(node.get_exit_status().await.unwrap(), 0);
}

#[tokio::test]
async fn a_node_that_is_still_loading_says_so() {
    let running = running_on(&Node::default());
    let node = OwnNode::new(running, "user".to_owned());
    let expected = "remote exception: Loading block index…";
    assert_eq!(said(node.get_num_blocks().await), expected);
    assert_eq!(said(node.get_banned().await), expected);
    assert!(node.list_rpc_commands().await.unwrap().len() > 50);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_is_told_to_who_follows() {
    let (_directory, mining) = miner();
    let running = running_on(&mining.node);
    let node = OwnNode::new(Arc::clone(&running), "user".to_owned());
    follow(&running.loaded().unwrap(), &running.events);
    let listener = Listener::new(100);
    let handler = node
        .handle_events(Arc::clone(&listener) as Arc<dyn NodeEvents>)
        .await
        .unwrap();
    mine_one(&mining).await;
    listener.hears("Following 1").await;
    listener.hears("header 1").await;
    node.ban("192.0.2.1".to_owned(), None).await.unwrap().unwrap();
    listener.hears("bans").await;
    node.set_network_active(false).await.unwrap();
    listener.hears("active false").await;
    handler.disconnect().await.unwrap();
    mine_one(&mining).await;
    assert!(!listener.heard.borrow().contains(&"Following 2".to_owned()));
}
