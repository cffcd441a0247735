//! Blocks that are mined together with those of another chain.

use anyhow::Result;
use functional_tests::{CHAIN_ADDRESS, Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};

use crate::handmade::{self, aux_pow};
use crate::mining::{fill_pool, template};

for_each_daemon![
    merge_mines_with_a_parent,
    merge_mines_with_a_parent_that_names_the_chain,
    gives_merge_miners_the_same_block_for_a_minute,
];

fn create(rpc: &mut RpcClient) -> Result<Value> {
    rpc.call("createauxblock", json!([KEY_ADDRESS]))
}

fn merge_mines_with_a_parent(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let [parent, child] = fill_pool(&mut rpc)?;
    let made = create(&mut rpc)?;
    let tip = rpc.tip()?;
    let told = template(&mut rpc)?;
    assert_eq!(
        [
            &made["chainid"],
            &made["previousblockhash"],
            &made["coinbasevalue"],
            &made["bits"],
            &made["height"],
        ],
        [
            &json!(16),
            &json!(tip),
            &json!(5_001_000_000_u64),
            &told["bits"],
            &json!(102),
        ]
    );
    let mut target = handmade::from_hex(&text(&made["_target"])?)?;
    target.reverse();
    assert_eq!(handmade::to_hex(&target), told["target"]);
    let tag = text(&made["coinbasescript"])?;
    let named = rpc.call("getblockhash", json!([90]))?;
    let mut named = handmade::from_hex(&text(&named)?)?;
    named.reverse();
    assert_eq!(tag, format!("6a27737973{}5a000000", handmade::to_hex(&named)));
    assert_eq!(create(&mut rpc)?, made, "it is given again");
    let other = rpc.call("createauxblock", json!([CHAIN_ADDRESS]))?;
    assert_ne!(other["hash"], made["hash"]);

    let hash = text(&made["hash"])?;
    let mut submit = |method: &str, work: &str| rpc.request(method, json!([hash, work]));
    for undecodable in ["", "x", "00"] {
        let reply = submit("submitauxblock", undecodable)?;
        assert_eq!(reply.refusal()?, (500, -1, "auxpow decode failed"));
    }
    for bad in [
        aux_pow(&hash, &tag, false)?,
        // The work for another block.
        aux_pow(&text(&other["hash"])?, &tag, true)?,
    ] {
        assert_eq!(submit("submitauxblock", &bad)?.result, false);
    }
    let good = aux_pow(&hash, &tag, true)?;
    // What stands behind it is passed over.
    assert_eq!(submit("submitauxblock", &format!("{good}00"))?.result, true);
    assert_eq!(rpc.tip()?, hash);
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    let block = rpc.call("getblock", json!([hash]))?;
    assert_eq!(
        block["tx"].as_array().map(|all| &all[1..]),
        Some(&[json!(parent), json!(child)][..])
    );
    assert_eq!(block["auxpow"]["parentblock"], good[good.len() - 160..]);
    // It is known until another one is made, and the work was not done for it.
    assert_eq!(rpc.call("submitauxblock", json!([other["hash"], good]))?, false);
    create(&mut rpc)?;
    let refused = rpc.refusal("submitauxblock", json!([other["hash"], good]))?;
    assert_eq!(refused, (-8, "block hash unknown".to_owned()));

    let made = create(&mut rpc)?;
    let hash = text(&made["hash"])?;
    let work = aux_pow(&hash, &text(&made["coinbasescript"])?, true)?;
    assert_eq!(rpc.call("getauxblock", json!([hash, work]))?, true);
    assert_eq!(rpc.tip()?, hash);
    node.stop()
}

fn merge_mines_with_a_parent_that_names_the_chain(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    // From here on the parent's coinbase must name a block of the chain.
    rpc.generate(440)?;
    for _ in 0..3 {
        let made = create(&mut rpc)?;
        let hash = text(&made["hash"])?;
        let work = aux_pow(&hash, &text(&made["coinbasescript"])?, true)?;
        assert_eq!(rpc.call("submitauxblock", json!([hash, work]))?, true);
        assert_eq!(rpc.tip()?, hash);
    }
    let made = create(&mut rpc)?;
    let hash = text(&made["hash"])?;
    let nameless = aux_pow(&hash, "51", true)?;
    assert_eq!(rpc.call("submitauxblock", json!([hash, nameless]))?, false);
    assert_ne!(rpc.tip()?, hash);
    // The block is not to blame for its parent.
    let named = aux_pow(&hash, &text(&made["coinbasescript"])?, true)?;
    assert_eq!(rpc.call("submitauxblock", json!([hash, named]))?, true);
    assert_eq!(rpc.tip()?, hash);
    node.stop()
}

fn gives_merge_miners_the_same_block_for_a_minute(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let coins = rpc.mine_spendable(1)?;
    let now = rpc.tip_time()? + 100;
    rpc.call("setmocktime", json!([now]))?;
    let first = create(&mut rpc)?;
    let transaction = rpc.spend(&json!([{ "txid": coins[0], "vout": 0 }]), 49.999)?;
    rpc.send_transaction(&transaction)?;
    rpc.call("setmocktime", json!([now + 60]))?;
    assert_eq!(create(&mut rpc)?, first);
    rpc.call("setmocktime", json!([now + 61]))?;
    let second = create(&mut rpc)?;
    assert_ne!(second["hash"], first["hash"]);
    assert_eq!(second["coinbasevalue"], 5_000_100_000_u64);
    assert_eq!(create(&mut rpc)?, second);
    // Whoever works on the first one does not work in vain.
    let hash = text(&first["hash"])?;
    let work = aux_pow(&hash, &text(&first["coinbasescript"])?, true)?;
    assert_eq!(rpc.call("submitauxblock", json!([hash, work]))?, true);
    assert_eq!(rpc.tip()?, hash);
    node.stop()
}
