//! Bytes of blocks and transactions without their witnesses (`-rpcserialversion`).

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Connection, Daemon, DataDir, Node, RpcClient, for_each_daemon, text};
use serde_json::json;

for_each_daemon![
    leaves_witnesses_out_where_it_is_told_to,
    leaves_nothing_out_unless_that_is_allowed,
];

/// What there is of the same block and its only transaction in each way that it can be asked for.
struct Forms {
    blocks: Vec<String>,
    transactions: Vec<String>,
    /// The transaction's bytes in its page in JSON.
    shown: String,
    /// A block that is not handed in.
    made: String,
}

fn forms(rpc: &mut RpcClient, data_dir: &DataDir) -> Result<Forms> {
    let hash = rpc.call("getblockhash", json!([1]))?;
    let hash = text(&hash)?;
    let txid = text(&rpc.call("getblock", json!([hash]))?["tx"][0])?;
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    let mut page = |path: &str| -> Result<String> {
        let request = format!("GET /rest/{path} HTTP/1.1\r\nHost: x\r\n\r\n");
        let response = connection.exchange(request.as_bytes())?;
        ensure!(response.status == 200, "{path}: {response:?}");
        Ok(response.body.trim_end().to_owned())
    };
    let blocks = vec![
        page(&format!("block/{hash}.hex"))?,
        text(&rpc.call("getblock", json!([hash, 0]))?)?,
    ];
    let shown: serde_json::Value = serde_json::from_str(&page(&format!("tx/{txid}.json"))?)?;
    let transactions = vec![
        page(&format!("tx/{txid}.hex"))?,
        text(&rpc.call("getrawtransaction", json!([txid]))?)?,
        text(&rpc.call("getrawtransaction", json!([txid, 1]))?["hex"])?,
        text(&rpc.call("getblock", json!([hash, 2]))?["tx"][0]["hex"])?,
    ];
    let made = rpc.call("generateblock", json!(["raw(51)", [], false]))?;
    Ok(Forms {
        blocks,
        transactions,
        shown: text(&shown["hex"])?,
        made: text(&made["hex"])?,
    })
}

fn leaves_witnesses_out_where_it_is_told_to(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut rpc = node.rpc()?;
    rpc.generate(1)?;
    let whole = forms(&mut rpc, &data_dir)?;
    node.stop()?;
    let options = ["-rest", "-rpcserialversion=0", "-deprecatedrpc=serialversion"];
    let node = Node::start(daemon, &data_dir, &options)?;
    let mut rpc = node.rpc()?;
    let stripped = forms(&mut rpc, &data_dir)?;
    let tip = rpc.tip()?;
    let described = rpc.call("getblock", json!([tip, 2]))?;
    let [size, base_size] = ["size", "strippedsize"].map(|name| described[name].as_u64());
    for (forms, size) in [(&whole, size), (&stripped, base_size)] {
        for block in &forms.blocks {
            assert_eq!(block, &forms.blocks[0]);
        }
        for transaction in &forms.transactions {
            assert_eq!(transaction, &forms.transactions[0]);
        }
        ensure!(forms.blocks[0].ends_with(&forms.transactions[0]));
        assert_eq!(forms.blocks[0].len() as u64, 2 * size.context("no size")?);
    }
    assert_eq!([&whole.shown, &stripped.shown], [&whole.transactions[0]; 2]);
    // Behind the header, the count of transactions and the version is where witnesses are announced.
    let announced = 2 * (80 + 1 + 4);
    assert_eq!(&whole.made[announced..][..4], "0001");
    assert_eq!(&stripped.made[announced..][..2], "01");
    // The coinbase's witness is 32 bytes, and says before how long it is, and that it is one.
    assert_eq!(
        whole.transactions[0].len() - stripped.transactions[0].len(),
        2 * (2 + 2 + 32)
    );
    node.stop()
}

fn leaves_nothing_out_unless_that_is_allowed(daemon: Daemon) -> Result<()> {
    for (version, expected) in [
        (
            "0",
            "-rpcserialversion=0 is deprecated and will be removed in the future. Specify \
             -deprecatedrpc=serialversion to allow anyway.",
        ),
        ("2", "Unknown rpcserialversion requested."),
        ("-1", "rpcserialversion must be non-negative."),
    ] {
        let data_dir = DataDir::new()?;
        let node = Node::spawn(daemon, &data_dir, &[&format!("-rpcserialversion={version}")])?;
        assert_eq!(node.failure()?, format!("Error: {expected}\n"));
    }
    Ok(())
}
