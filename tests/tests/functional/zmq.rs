//! What nodes publish over ZeroMQ.

use std::io::{Read, Write};

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    CHAIN_ADDRESS, Daemon, DataDir, Node, Port, Published, RpcClient, Subscriber, for_each_daemon, text,
};
use serde_json::json;

use crate::handmade::to_hex;

for_each_daemon![
    publishes_blocks_and_their_transactions,
    publishes_unconfirmed_transactions,
    tells_in_which_order_things_happen,
    publishes_at_several_addresses,
    publishes_nothing_where_it_cannot_listen,
    publishes_nothing_at_addresses_that_are_none,
    refuses_ports_that_are_none,
];

/// The next message as topic, hexadecimal body and number.
fn next<S: Read + Write>(subscriber: &mut Subscriber<S>) -> Result<(String, String, u32)> {
    let Published { topic, body, number } = subscriber.receive()?;
    Ok((topic, to_hex(&body), number))
}

/// The next message about the order of things: the hash, what happened to it, and the pool's number.
fn next_step<S: Read + Write>(subscriber: &mut Subscriber<S>) -> Result<(String, char, Option<u64>)> {
    let message = subscriber.receive()?;
    ensure!(message.topic == "sequence", "{message:?}");
    let (hash, rest) = message.body.split_at_checked(32).context("no hash")?;
    let (label, number) = rest.split_first().context("no label")?;
    let number = match number {
        [] => None,
        number => Some(u64::from_le_bytes(number.try_into()?)),
    };
    Ok((to_hex(hash), char::from(*label), number))
}

fn at(port: &Port) -> String {
    format!("tcp://127.0.0.1:{}", port.number())
}

fn pool_number(rpc: &mut RpcClient) -> Result<Option<u64>> {
    let listed = rpc.call("getrawmempool", json!([false, true]))?;
    Ok(listed["mempool_sequence"].as_u64())
}

fn publishes_blocks_and_their_transactions(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?;
    let options =
        ["hashblock", "hashtx", "rawblock", "rawtx"].map(|topic| format!("-zmqpub{topic}={}", at(&port)));
    let node = Node::start(daemon, &data_dir, &options.each_ref().map(String::as_str))?;
    let mut rpc = node.rpc()?;
    let mut all = Subscriber::connect(port.number(), &[""])?;
    let mut hashes = Subscriber::connect(port.number(), &["hashb", "hashblock"])?;
    for number in 0..3 {
        let hash = rpc.generate(1)?.remove(0);
        let block = rpc.call("getblock", json!([hash, 2]))?;
        let bytes = text(&rpc.call("getblock", json!([hash, 0]))?)?;
        let coinbase = &block["tx"][0];
        // The transaction of the genesis block came before.
        for (topic, body, number) in [
            ("hashtx", text(&coinbase["txid"])?, number + 1),
            ("rawtx", text(&coinbase["hex"])?, number + 1),
            ("hashblock", hash.clone(), number),
            ("rawblock", bytes, number),
        ] {
            assert_eq!(next(&mut all)?, (topic.to_owned(), body, number));
        }
        assert_eq!(next(&mut hashes)?, ("hashblock".to_owned(), hash, number));
    }
    // Of several new blocks the last one is the tip.
    let tip = rpc.tip()?;
    let second = rpc.call("getblockhash", json!([2]))?;
    rpc.call("invalidateblock", json!([second]))?;
    rpc.call("reconsiderblock", json!([tip]))?;
    assert_eq!(next(&mut hashes)?, ("hashblock".to_owned(), tip, 3));
    node.stop()
}

fn publishes_unconfirmed_transactions(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?;
    let options = ["hashtx", "rawtx"].map(|topic| format!("-zmqpub{topic}={}", at(&port)));
    let node = Node::start(daemon, &data_dir, &options.each_ref().map(String::as_str))?;
    let mut rpc = node.rpc()?;
    let coinbase = rpc.mine_spendable(1)?.remove(0);
    let mut subscriber = Subscriber::connect(port.number(), &["hashtx", "rawtx"])?;
    let bytes = rpc.spend(&json!([{ "txid": coinbase, "vout": 0 }]), 49.999)?;
    let txid = rpc.send_transaction(&bytes)?;
    // It is told again when a block has it, after the coinbase.
    let coinbase = rpc.generate(1)?.remove(0);
    let coinbase = rpc.call("getblock", json!([coinbase, 2]))?["tx"][0].clone();
    let of_coinbase = (text(&coinbase["txid"])?, text(&coinbase["hex"])?);
    let spending = (txid, bytes);
    for (count, (txid, bytes)) in [&spending, &of_coinbase, &spending].into_iter().enumerate() {
        // The coinbases of all blocks came before.
        let number = 102 + u32::try_from(count)?;
        assert_eq!(
            next(&mut subscriber)?,
            ("hashtx".to_owned(), txid.clone(), number)
        );
        assert_eq!(
            next(&mut subscriber)?,
            ("rawtx".to_owned(), bytes.clone(), number)
        );
    }
    node.stop()
}

fn tells_in_which_order_things_happen(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?;
    let node = Node::start(daemon, &data_dir, &[&format!("-zmqpubsequence={}", at(&port))])?;
    let mut rpc = node.rpc()?;
    let coinbase = rpc.mine_spendable(1)?.remove(0);
    let mut subscriber = Subscriber::connect(port.number(), &["sequence"])?;
    let input = json!([{ "txid": coinbase, "vout": 0 }]);
    let spend = |rpc: &mut RpcClient, coins| {
        let bytes = rpc.spend(&input, coins)?;
        rpc.send_transaction(&bytes)
    };
    let first = spend(&mut rpc, 49.999)?;
    assert_eq!(next_step(&mut subscriber)?, (first.clone(), 'A', Some(1)));
    assert_eq!(pool_number(&mut rpc)?, Some(2));
    let second = spend(&mut rpc, 49.99)?;
    assert_eq!(next_step(&mut subscriber)?, (first, 'R', Some(2)));
    assert_eq!(next_step(&mut subscriber)?, (second.clone(), 'A', Some(3)));
    assert_eq!(pool_number(&mut rpc)?, Some(4));
    // Leaving the pool for a block has a number too, and is told by the block alone.
    let block = rpc.generate(1)?.remove(0);
    assert_eq!(next_step(&mut subscriber)?, (block.clone(), 'C', None));
    assert_eq!(pool_number(&mut rpc)?, Some(5));
    rpc.call("invalidateblock", json!([block]))?;
    assert_eq!(next_step(&mut subscriber)?, (block.clone(), 'D', None));
    assert_eq!(next_step(&mut subscriber)?, (second.clone(), 'A', Some(5)));
    assert_eq!(pool_number(&mut rpc)?, Some(6));
    // On the way to another branch, what is left comes back to the pool before that branch is told of.
    let mut branch = Vec::new();
    for _ in 0..2 {
        let made = rpc.call("generateblock", json!([CHAIN_ADDRESS, []]))?;
        branch.push(made["hash"].as_str().context("no hash")?.to_owned());
    }
    for hash in &branch {
        assert_eq!(next_step(&mut subscriber)?, (hash.clone(), 'C', None));
    }
    rpc.call("invalidateblock", json!([branch[0]]))?;
    for hash in branch.iter().rev() {
        assert_eq!(next_step(&mut subscriber)?, (hash.clone(), 'D', None));
    }
    rpc.call("reconsiderblock", json!([block]))?;
    assert_eq!(next_step(&mut subscriber)?, (block.clone(), 'C', None));
    let number = pool_number(&mut rpc)?;
    rpc.call("reconsiderblock", json!([branch[0]]))?;
    assert_eq!(next_step(&mut subscriber)?, (block, 'D', None));
    assert_eq!(next_step(&mut subscriber)?, (second, 'A', number));
    for hash in branch {
        assert_eq!(next_step(&mut subscriber)?, (hash, 'C', None));
    }
    node.stop()
}

fn publishes_at_several_addresses(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let port = Port::reserve()?;
    let path = data_dir.path().join("zmq");
    let socket = format!("ipc://{}", path.display());
    let node = Node::start(
        daemon,
        &data_dir,
        &[
            &format!("-zmqpubsequence={socket}"),
            &format!("-zmqpubhashblock={}", at(&port)),
            &format!("-zmqpubhashblock={socket}"),
            "-zmqpubhashblockhwm=7",
        ],
    )?;
    let mut rpc = node.rpc()?;
    assert_eq!(
        rpc.call("getzmqnotifications", json!([]))?,
        json!([
            { "type": "pubhashblock", "address": at(&port), "hwm": 7 },
            { "type": "pubhashblock", "address": socket, "hwm": 7 },
            { "type": "pubsequence", "address": socket, "hwm": 1000 },
        ])
    );
    let mut by_port = Subscriber::connect(port.number(), &["hashblock"])?;
    let mut by_path = Subscriber::connect_to(&path, &["hashblock"])?;
    let hash = rpc.generate(1)?.remove(0);
    let expected = ("hashblock".to_owned(), hash, 0);
    assert_eq!(next(&mut by_port)?, expected);
    assert_eq!(next(&mut by_path)?, expected);
    node.stop()?;
    assert!(!path.exists(), "the socket is left");
    Ok(())
}

fn publishes_nothing_where_it_cannot_listen(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let (port, taken) = (Port::reserve()?, Port::reserve()?);
    taken.occupy()?;
    let node = Node::start(
        daemon,
        &data_dir,
        &[
            &format!("-zmqpubhashtx={}", at(&port)),
            &format!("-zmqpubrawtx={}", at(&taken)),
        ],
    )?;
    node.log().wait_for(&format!(
        "zmq: nothing is published, because {} cannot be listened at: ",
        at(&taken)
    ))?;
    assert_eq!(node.rpc()?.call("getzmqnotifications", json!([]))?, json!([]));
    node.stop()
}

fn publishes_nothing_at_addresses_that_are_none(daemon: Daemon) -> Result<()> {
    for address in [
        "foo",
        "127.0.0.1:28332",
        "tcp://127.0.0.1",
        "tcp://127.0.0.1:70000",
        "ipc://",
    ] {
        let data_dir = DataDir::new()?;
        let port = Port::reserve()?;
        let options = [
            format!("-zmqpubrawblock={address}"),
            format!("-zmqpubhashtx={}", at(&port)),
        ];
        let node = Node::start(daemon, &data_dir, &[&options[0], &options[1]])?;
        node.log().wait_for(&format!(
            "zmq: nothing is published, because {address} cannot be listened at: "
        ))?;
        assert_eq!(
            node.rpc()?.call("getzmqnotifications", json!([]))?,
            json!([]),
            "{address}"
        );
        node.stop()?;
    }
    Ok(())
}

fn refuses_ports_that_are_none(daemon: Daemon) -> Result<()> {
    for address in ["127.0.0.1:70000", "localhost:http", "[::1]:0"] {
        let data_dir = DataDir::new()?;
        let node = Node::spawn(daemon, &data_dir, &[&format!("-zmqpubrawblock={address}")])?;
        assert_eq!(
            node.failure()?,
            format!("Error: Invalid port specified in -zmqpubrawblock: '{address}'\n")
        );
    }
    Ok(())
}
