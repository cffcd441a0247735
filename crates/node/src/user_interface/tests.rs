//! A node on a chain of its own, asked as a user interface does.

use app::{Args, Shutdown};
use bitcoin::Txid;
use bitcoin::hashes::Hash as _;
use interfaces::{Init, LocalInit, Node as _, NodeEvent};
use rpc::{Dispatcher, MethodTable, Service, ServiceConfig, Unlisted, Whitelist};
use tempfile::TempDir;
use tokio::runtime::Handle;

use super::listener::Listener;
use super::*;
use crate::mining::tests::{mine_one, miner, next_header};
use crate::rpc_server::naming;
use crate::served::Calls;
use crate::state::Node;

/// The settings of a node whose file has this, and its directory.
pub(crate) fn settings_of(stored: &str) -> (TempDir, RunningSettings) {
    let directory = TempDir::new().unwrap();
    let option = format!("-datadir={}", directory.path().display());
    let argv = ["syscoind", &option, "-rpcpassword=secret"].map(Into::into);
    let args = Args::parse(crate::run::option_table(), argv).unwrap();
    let data_dir = app::DataDir::resolve(&args).unwrap();
    fs_err::write(directory.path().join("settings.json"), stored).unwrap();
    (
        directory,
        RunningSettings::new(args.with_settings_file(&data_dir).unwrap()),
    )
}

/// What is called about this node.
pub(crate) fn running(dispatcher: Arc<Dispatcher>, service: Arc<Service>, node: Node) -> Arc<Running> {
    let shutdown = node
        .get()
        .map_or_else(|_| Shutdown::new(), |node| node.shutdown.clone());
    let args = Args::parse(
        crate::run::option_table(),
        ["syscoind", "-wallet=a", "-wallet=b", "-rpcpassword=secret"].map(Into::into),
    )
    .unwrap();
    Arc::new(Running {
        settings: RunningSettings::new(args.clone()),
        args,
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
    assert!(node.is_setting_ignored("wallet".to_owned()).await.unwrap());
    assert!(!node.is_setting_ignored("dbcache".to_owned()).await.unwrap());
    node.map_port(true).await.unwrap();
    assert_eq!(node.get_net_local_addresses().await.unwrap(), []);
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

#[tokio::test(flavor = "multi_thread")]
async fn a_header_alone_is_told_once_and_its_block_when_it_comes() {
    let (_directory, mining) = miner();
    let running = running_on(&mining.node);
    let state = running.loaded().unwrap();
    follow(&state, &running.events);
    let listener = Listener::new(100);
    let _handler = running
        .events
        .follow(Arc::clone(&listener) as Arc<dyn NodeEvents>, &Handle::current());
    let header = consensus::header::BlockHeader::new(next_header(&mining).await, None).unwrap();
    state.chain.accept_header(&header).unwrap();
    state.chain.accept_header(&header).unwrap();
    mine_one(&mining).await;
    listener.hears("Following 1").await;
    let heard = listener.heard.borrow().clone();
    let first: Vec<&str> = heard.iter().map(String::as_str).take(1).collect();
    assert_eq!(first, ["header 1"], "{heard:?}");
    assert_eq!(
        heard.iter().filter(|heard| *heard == "header 1").count(),
        1,
        "{heard:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn other_warnings_are_told_before_the_node_stops_and_the_same_ones_are_not() {
    let (_directory, mining) = miner();
    let running = running_on(&mining.node);
    let state = running.loaded().unwrap();
    follow(&state, &running.events);
    let node = OwnNode::new(Arc::clone(&running), "user".to_owned());
    let listener = Listener::new(100);
    let _handler = running
        .events
        .follow(Arc::clone(&listener) as Arc<dyn NodeEvents>, &Handle::current());
    state.warnings.set("one".to_owned());
    assert_eq!(node.get_warnings().await.unwrap(), ["one"]);
    listener.has_heard(&["alert"]).await;
    state.warnings.set("one".to_owned());
    running.events.send(&NodeEvent::Bans);
    listener.has_heard(&["alert", "bans"]).await;
    state.fail(&chain::ChainError::NoData(BlockHash::all_zeros()));
    running.events.send(&NodeEvent::ShutdownRequested);
    listener.has_heard(&["alert", "bans", "alert", "shutdown"]).await;
}

#[test]
fn addresses_that_the_user_named_are_told_if_they_are_those_of_ip() {
    let directory = TempDir::new().unwrap();
    let onion = "-externalip=pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion:7";
    let argv = [
        "syscoind",
        "-externalip=1.2.3.4:5",
        "-externalip=[2a00::1]:6",
        "-proxy=127.0.0.1:9",
        onion,
    ];
    let args = Args::parse(crate::run::option_table(), argv.map(Into::into)).unwrap();
    let own = crate::network::Network::open(&args, directory.path(), [0; 4]).unwrap();
    assert_eq!(own.own_addresses.len(), 3);
    let told = network::own_addresses(&own);
    let told: Vec<String> = told
        .iter()
        .map(|own| format!("{} {} {}", own.address, own.port, own.score))
        .collect();
    assert_eq!(told, ["1.2.3.4 5 4", "2a00::1 6 4"]);
}
