//! Tokens that come from the NEVM: what proves that they were frozen there is taken once, in one chain and run or another.

use anyhow::{Context as _, Result};
use functional_tests::{Daemon, DataDir, KEY_ADDRESS, Node, RpcClient, for_each_daemon, text};
use serde_json::{Value, json};
use sha3::{Digest as _, Keccak256};

use crate::handmade::{Block, Hash, from_hex, to_hex};

for_each_daemon![
    makes_tokens_that_were_frozen_on_the_nevm_once,
    keeps_one_unconfirmed_proof_of_what_was_frozen,
];

/// The script of [`KEY_ADDRESS`].
const KEY_SCRIPT: &str = "0014751e76e8199196d454941c45d1b3a323f1433bd6";

/// The contract that freezes tokens.
const BRIDGE: &str = "7904299b3d3dc1b03d1ddeb45e9fdf3576acbd5f";

const OPTIONS: [&str; 3] = [
    "-dip3params=100:100",
    "-nevmstartheight=104",
    "-acceptnonstdtxn=1",
];

/// The block of the NEVM that is committed to.
const NEVM_BLOCK: Hash = [0xb1; 32];

fn keccak(bytes: &[u8]) -> Hash {
    Keccak256::digest(bytes).into()
}

/// A length as Ethereum's format has it before a text or list.
fn head(begin: u8, length: usize) -> Vec<u8> {
    let bytes = u16::try_from(length).expect("all here is short").to_be_bytes();
    match (length, bytes) {
        (..56, [_, low]) => vec![begin + low],
        (_, [0, low]) => vec![begin + 56, low],
        (_, [high, low]) => vec![begin + 57, high, low],
    }
}

fn item(bytes: &[u8]) -> Vec<u8> {
    match bytes {
        [byte @ ..0x80] => vec![*byte],
        _ => [head(0x80, bytes.len()), bytes.to_vec()].concat(),
    }
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let payload = items.concat();
    [head(0xc0, payload.len()), payload].concat()
}

fn word(number: u16) -> Vec<u8> {
    [&[0; 30][..], &number.to_be_bytes()].concat()
}

/// A transaction of the NEVM alone in its block, which froze so many tokens of the kind 7, and its receipt.
struct Frozen {
    transaction: Vec<u8>,
    receipt: Vec<u8>,
}

impl Frozen {
    fn new(value: u16) -> Result<Self> {
        let bridge = from_hex(BRIDGE)?;
        // The chain with the number 5700, which is part of the signature.
        let signature = [vec![0x2c, 0xab], vec![4; 32], vec![5; 32]];
        let call = [
            vec![],
            vec![9],
            vec![0x52, 8],
            bridge.clone(),
            vec![],
            vec![1, 2, 3, 4],
        ];
        let fields = call.iter().chain(&signature).map(|field| item(field));
        let mut address = KEY_ADDRESS.as_bytes().to_vec();
        address.resize(64, 0);
        let length = u16::try_from(KEY_ADDRESS.len())?;
        let data = [word(value), word(64), word(length), address].concat();
        let event = keccak(b"TokenFreeze(uint64,address,uint256,string)").to_vec();
        let topics = [event, word(7), word(0xf1)].map(|topic| item(&topic));
        let log = list(&[item(&bridge), list(&topics), item(&data)]);
        Ok(Self {
            transaction: list(&fields.collect::<Vec<_>>()),
            receipt: list(&[item(&[1]), item(&[0x52, 8]), item(&[0; 256]), list(&[log])]),
        })
    }

    /// The one node of the trie that has a value at the path of the first transaction.
    fn node(value: &[u8]) -> Vec<u8> {
        list(&[item(&[0x20, 0x80]), item(value)])
    }

    fn roots(&self) -> [u8; 64] {
        let roots = [&self.transaction, &self.receipt].map(|value| keccak(&Self::node(value)));
        roots.concat().try_into().expect("there are two")
    }

    /// What proves that so many tokens were frozen, with the output that holds them.
    fn proof(&self, held: u8) -> Vec<u8> {
        // One kind, 7, in one output, the first; amounts below ten stand for themselves.
        let mut data = vec![1, 7, 1, 0, (held - 1) * 10 + 1];
        data.extend(keccak(&self.transaction));
        data.extend(NEVM_BLOCK);
        let mut add_nodes = |value: &[u8], path: &[u8]| {
            let nodes = list(&[Self::node(value)]);
            let start = u16::try_from(nodes.len() - value.len()).expect("all here is short");
            data.extend(start.to_le_bytes());
            data.extend(with_length(&nodes));
            data.extend(path);
        };
        add_nodes(&self.transaction, &[1, 0x80]);
        add_nodes(&self.receipt, &[]);
        data.extend(self.roots());
        data
    }
}

fn with_length(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("all here is short");
    let head = match length {
        ..0xfd => vec![length.to_le_bytes()[0]],
        _ => [vec![0xfd], length.to_le_bytes().to_vec()].concat(),
    };
    [head, bytes.to_vec()].concat()
}

/// A transaction that spends a coinbase which anyone may spend, and pays so many units to the key, with a proof.
fn mint(coinbase: &str, units: u64, proof: &[u8]) -> Result<String> {
    let mut bytes = vec![140, 0, 0, 0, 1];
    bytes.extend(from_hex(coinbase)?.iter().rev());
    bytes.extend([0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 2]);
    bytes.extend(units.to_le_bytes());
    bytes.extend(with_length(&from_hex(KEY_SCRIPT)?));
    let length = u16::try_from(proof.len())?.to_le_bytes();
    let script = [&[0x6a, 0x4d][..], &length, proof].concat();
    bytes.extend([0; 8]);
    bytes.extend(with_length(&script));
    bytes.extend([0; 4]);
    Ok(to_hex(&bytes))
}

/// Makes blocks up to the one before the NEVM's first, and gives coinbases that anyone may spend.
fn free_coins(rpc: &mut RpcClient) -> Result<[String; 3]> {
    let hashes = rpc.call("generatetodescriptor", json!([103, "raw(51)"]))?;
    let mut coin = |place: usize| {
        let block = rpc.call("getblock", json!([hashes[place]]))?;
        text(&block["tx"][0])
    };
    Ok([coin(0)?, coin(1)?, coin(2)?])
}

/// Makes a block of transactions.
fn confirm(rpc: &mut RpcClient, transactions: &[&str]) -> Result<String> {
    let made = rpc.call("generateblock", json!([KEY_ADDRESS, transactions]))?;
    text(&made["hash"])
}

/// Why transactions cannot be in the next block.
fn refusal(rpc: &mut RpcClient, transactions: &[&str]) -> Result<String> {
    let (code, text) = rpc.refusal("generateblock", json!([KEY_ADDRESS, transactions]))?;
    assert_eq!(code, -25, "{text}");
    let reason = text.strip_prefix("TestBlockValidity failed: ");
    Ok(reason.context("another error")?.to_owned())
}

/// Makes a block that commits to a block of the NEVM.
fn commit(rpc: &mut RpcClient, frozen: &Frozen) -> Result<String> {
    let template = rpc.call("getblocktemplate", json!([{ "rules": ["segwit"] }]))?;
    let mut block = Block::of(&template)?;
    block.header.version |= 0x80;
    let commitment = [&b"nevm"[..], &NEVM_BLOCK, &frozen.roots()].concat();
    let script = &mut block.coinbases[0].outputs[1].1;
    script.extend([0x4c, u8::try_from(commitment.len())?]);
    script.extend(commitment);
    block.nevm_data = Some(vec![7]);
    block.seal();
    block.header.search(true);
    let refused = rpc.call("submitblock", json!([block.hex()]))?;
    assert_eq!(refused, Value::Null);
    rpc.tip()
}

fn makes_tokens_that_were_frozen_on_the_nevm_once(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &OPTIONS)?;
    let mut rpc = node.rpc()?;
    let coins = free_coins(&mut rpc)?;
    let frozen = Frozen::new(5)?;
    let first = mint(&coins[0], 4_999_990_000, &frozen.proof(5))?;
    let second = mint(&coins[1], 4_999_990_000, &frozen.proof(5))?;
    let more = mint(&coins[2], 4_999_990_000, &frozen.proof(6))?;
    assert_eq!(refusal(&mut rpc, &[&first])?, "mint-txroot-missing");

    let committing = commit(&mut rpc, &frozen)?;
    assert_eq!(refusal(&mut rpc, &[&more])?, "mint-mismatch-destination");
    assert_eq!(refusal(&mut rpc, &[&first, &second])?, "mint-duplicate-transfer");
    let minting = confirm(&mut rpc, &[&first])?;
    assert_eq!(refusal(&mut rpc, &[&second])?, "mint-exists");
    node.stop()?;

    let node = Node::start(daemon, &data_dir, &OPTIONS)?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    assert_eq!(
        refusal(&mut rpc, &[&second])?,
        "mint-exists",
        "another run knows what was used"
    );
    rpc.call("invalidateblock", json!([minting]))?;
    let again = confirm(&mut rpc, &[&second])?;
    assert_eq!(refusal(&mut rpc, &[&first])?, "mint-exists");
    rpc.call("invalidateblock", json!([again]))?;
    rpc.call("reconsiderblock", json!([minting]))?;
    assert_eq!(rpc.tip()?, minting);
    assert_eq!(refusal(&mut rpc, &[&second])?, "mint-exists");
    assert_eq!(rpc.call("verifychain", json!([4, 0]))?, true);
    // What is not on the disk when the process is killed is connected again.
    drop(node);

    let node = Node::start(daemon, &data_dir, &OPTIONS)?;
    let mut rpc = node.rpc()?;
    rpc.wait_until_loaded()?;
    assert_eq!(rpc.tip()?, minting);
    assert_eq!(refusal(&mut rpc, &[&second])?, "mint-exists");
    rpc.call("invalidateblock", json!([committing]))?;
    assert_eq!(refusal(&mut rpc, &[&first])?, "mint-txroot-missing");
    node.stop()
}

fn keeps_one_unconfirmed_proof_of_what_was_frozen(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &OPTIONS)?;
    let mut rpc = node.rpc()?;
    let coins = free_coins(&mut rpc)?;
    let frozen = Frozen::new(5)?;
    let [first, second, _] = coins.map(|coin| mint(&coin, 4_999_990_000, &frozen.proof(5)));
    let (first, second) = (first?, second?);
    let send = |transaction: &str| json!([transaction, 0]);
    let refused = |rpc: &mut RpcClient, transaction: &str, reason: &str| -> Result<()> {
        let refusal = rpc.refusal("sendrawtransaction", send(transaction))?;
        assert_eq!(refusal, (-26, reason.to_owned()));
        Ok(())
    };
    refused(&mut rpc, &first, "mint-txroot-missing")?;
    let committing = commit(&mut rpc, &frozen)?;
    let waiting = rpc.call("sendrawtransaction", send(&first))?;
    refused(&mut rpc, &second, "mint-duplicate-transfer")?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([waiting]));

    let minting = confirm(&mut rpc, &[&second])?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    refused(&mut rpc, &first, "mint-exists")?;
    rpc.call("invalidateblock", json!([minting]))?;
    let second_id = rpc.call("decoderawtransaction", json!([second]))?["txid"].clone();
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([second_id]));
    let made = rpc.generate(1)?;
    let block = rpc.call("getblock", json!([made[0]]))?;
    assert_eq!(block["tx"][1], second_id);

    // What it proves is not known any more.
    rpc.call("invalidateblock", json!([committing]))?;
    assert_eq!(rpc.call("getrawmempool", json!([]))?, json!([]));
    node.stop()
}
