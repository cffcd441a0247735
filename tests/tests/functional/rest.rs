//! What the node tells over HTTP without a password (`-rest`).

use anyhow::{Context as _, Result, ensure};
use functional_tests::{
    Connection, Daemon, DataDir, KEY_ADDRESS, Node, Response, RpcClient, for_each_daemon, text,
};
use serde_json::{Value, json};

use crate::handmade::{aux_pow, to_hex};

for_each_daemon![
    has_no_pages_unless_it_is_told_to,
    tells_of_the_chain_as_methods_do,
    gives_blocks_and_headers_in_each_form,
    gives_headers_with_the_work_of_another_chain,
    gives_transactions_wherever_they_are,
    gives_filters_where_it_keeps_them,
    gives_outputs_that_are_not_spent,
    lists_unconfirmed_transactions,
    refuses_pages_that_there_are_not,
];

/// Asks without a password.
struct Reader(Connection);

impl Reader {
    fn new(data_dir: &DataDir) -> Result<Self> {
        Ok(Self(Connection::open(data_dir.rpc_port().number())?))
    }

    fn ask(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(Response, Vec<u8>)> {
        let length = body.len();
        let head = format!("{method} /rest/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
        self.0.exchange_bytes(&[head.as_bytes(), body].concat())
    }

    /// What is there, which must be of this type.
    fn found(&mut self, path: &str, content_type: &str) -> Result<Vec<u8>> {
        let (response, body) = self.ask("GET", path, &[])?;
        ensure!(
            response.status == 200 && response.header("content-type") == Some(content_type),
            "{path}: {response:?} {}",
            String::from_utf8_lossy(&body)
        );
        Ok(body)
    }

    fn json(&mut self, path: &str) -> Result<Value> {
        let body = String::from_utf8(self.found(&with_form(path, "json"), "application/json")?)?;
        ensure!(body.ends_with('\n'), "{path} has no line's end");
        Ok(serde_json::from_str(&body)?)
    }

    /// Digits, which must be those of the bytes.
    fn hex(&mut self, path: &str) -> Result<String> {
        let digits = String::from_utf8(self.found(&with_form(path, "hex"), "text/plain")?)?;
        let digits = digits.strip_suffix('\n').context("no line's end")?;
        let bytes = self.found(&with_form(path, "bin"), "application/octet-stream")?;
        ensure!(to_hex(&bytes) == digits, "{path}: {digits} and {bytes:?} differ");
        Ok(digits.to_owned())
    }

    /// Why there is nothing.
    fn refusal(&mut self, path: &str) -> Result<(u16, String)> {
        self.refusal_of("GET", path, &[])
    }

    fn refusal_of(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(u16, String)> {
        let (response, body) = self.ask(method, path, body)?;
        let text = String::from_utf8(body)?;
        ensure!(
            response.header("content-type") == Some("text/plain"),
            "{path}: {response:?} {text}"
        );
        let text = text.strip_suffix("\r\n").context("no line's end")?;
        Ok((response.status, text.to_owned()))
    }
}

/// A path with its form, before the query.
fn with_form(path: &str, form: &str) -> String {
    match path.split_once('?') {
        None => format!("{path}.{form}"),
        Some((path, query)) => format!("{path}.{form}?{query}"),
    }
}

/// An id's or a hash's digits as they stand in bytes.
fn reversed(digits: &str) -> String {
    let pairs: Vec<_> = digits.as_bytes().chunks(2).rev().flatten().copied().collect();
    String::from_utf8_lossy(&pairs).into_owned()
}

/// Sends a transaction that spends a coinbase, and gives the ids of both.
fn spend_a_coinbase(rpc: &mut RpcClient) -> Result<(String, String)> {
    let coinbase = rpc.mine_spendable(1)?.remove(0);
    let signed = rpc.spend(&json!([{ "txid": coinbase, "vout": 0 }]), 49.999)?;
    let sent = rpc.send_transaction(&signed)?;
    Ok((coinbase, sent))
}

fn has_no_pages_unless_it_is_told_to(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let (response, body) = Reader::new(&data_dir)?.ask("GET", "chaininfo.json", &[])?;
    assert_eq!((response.status, body.as_slice()), (404, &b""[..]));
    node.stop()
}

fn tells_of_the_chain_as_methods_do(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.generate(3)?;
    let mut reader = Reader::new(&data_dir)?;
    for (path, method, params) in [
        ("chaininfo".to_owned(), "getblockchaininfo", json!([])),
        ("deploymentinfo".to_owned(), "getdeploymentinfo", json!([])),
        (
            format!("deploymentinfo/{}", hashes[0]),
            "getdeploymentinfo",
            json!([hashes[0]]),
        ),
        ("mempool/info".to_owned(), "getmempoolinfo", json!([])),
    ] {
        assert_eq!(reader.json(&path)?, rpc.call(method, params)?, "{path}");
        let expected = (404, "output format not found (available: json)".to_owned());
        assert_eq!(reader.refusal(&with_form(&path, "bin"))?, expected);
    }
    let unknown = "00".repeat(32);
    for (path, expected) in [
        ("deploymentinfo/00.json", "Invalid hash: 00"),
        (&format!("deploymentinfo/{unknown}.json"), "Block not found"),
        (
            "mempool/x.json",
            "Invalid URI format. Expected /rest/mempool/<info|contents>.json",
        ),
    ] {
        assert_eq!(reader.refusal(path)?, (400, expected.to_owned()), "{path}");
    }
    node.stop()
}

fn gives_blocks_and_headers_in_each_form(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.generate(8)?;
    let mut reader = Reader::new(&data_dir)?;
    let hash = &hashes[1];
    let bytes = rpc.call("getblock", json!([hash, 0]))?;
    for (path, verbosity) in [("block", 3), ("block/notxdetails", 1)] {
        let path = format!("{path}/{hash}");
        assert_eq!(
            reader.json(&path)?,
            rpc.call("getblock", json!([hash, verbosity]))?
        );
        assert_eq!(reader.hex(&path)?, bytes);
        for (form, status, expected) in [
            ("", 404, "output format not found (available: .bin, .hex, .json)"),
            (".xml", 400, &format!("Invalid hash: {hash}.xml")),
        ] {
            let refused = reader.refusal(&format!("{path}{form}"))?;
            assert_eq!(refused, (status, expected.to_owned()));
        }
    }
    let mut all = Vec::new();
    let mut digits = String::new();
    for hash in &hashes[1..] {
        all.push(rpc.call("getblockheader", json!([hash]))?);
        digits.push_str(&text(&rpc.call("getblockheader", json!([hash, false]))?)?);
    }
    for (path, count) in [
        (format!("headers/{hash}"), 5),
        (format!("headers/{hash}?count=2"), 2),
        (format!("headers/3/{hash}"), 3),
        (format!("headers/{hash}?count=2000"), 7),
    ] {
        assert_eq!(reader.json(&path)?, json!(all[..count]), "{path}");
        assert_eq!(reader.hex(&path)?, digits[..count * 160], "{path}");
    }
    let unknown = "00".repeat(32);
    assert_eq!(reader.json(&format!("headers/{unknown}"))?, json!([]));
    let by_height = "blockhashbyheight/2";
    assert_eq!(reader.json(by_height)?, json!({ "blockhash": hash }));
    let digits = reader.found("blockhashbyheight/2.hex", "text/plain")?;
    assert_eq!(reader.found("blockhashbyheight/+2.hex", "text/plain")?, digits);
    assert_eq!(String::from_utf8(digits)?, format!("{hash}\n"));
    let bytes = reader.found("blockhashbyheight/2.bin", "application/octet-stream")?;
    assert_eq!(to_hex(&bytes), reversed(hash));
    node.stop()
}

fn gives_headers_with_the_work_of_another_chain(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut rpc = node.rpc()?;
    let before = rpc.generate(1)?.remove(0);
    let made = rpc.call("createauxblock", json!([KEY_ADDRESS]))?;
    let hash = text(&made["hash"])?;
    let work = aux_pow(&hash, &text(&made["coinbasescript"])?, true)?;
    assert_eq!(rpc.call("submitauxblock", json!([hash, work]))?, true);
    let mut reader = Reader::new(&data_dir)?;
    let block = reader.hex(&format!("block/{hash}"))?;
    let header = format!("{}{work}", &block[..160]);
    assert!(block.starts_with(&header), "{block}");
    let first = text(&rpc.call("getblockheader", json!([before, false]))?)?;
    assert_eq!(
        reader.hex(&format!("headers/{before}?count=9"))?,
        format!("{first}{header}")
    );
    let headers = reader.json(&format!("headers/{hash}"))?;
    assert_eq!(headers, json!([rpc.call("getblockheader", json!([hash]))?]));
    node.stop()
}

fn gives_transactions_wherever_they_are(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest", "-txindex"])?;
    let mut rpc = node.rpc()?;
    let (coinbase, txid) = spend_a_coinbase(&mut rpc)?;
    let mut reader = Reader::new(&data_dir)?;
    rpc.wait_until_synced(&["txindex"])?;
    let path = format!("tx/{txid}");
    let unconfirmed = reader.json(&path)?;
    assert_eq!(unconfirmed, rpc.call("getrawtransaction", json!([txid, 1]))?);
    assert_eq!(reader.hex(&path)?, unconfirmed["hex"]);
    let block = rpc.generate(1)?.remove(0);
    let confirmed = reader.json(&path)?;
    assert_eq!(
        (&confirmed["blockhash"], &confirmed["confirmations"]),
        (&json!(block), &Value::Null)
    );
    assert_eq!(confirmed["vout"], unconfirmed["vout"]);
    // It has no output that could be spent.
    let spent = rpc.call("getrawtransaction", json!([coinbase]))?;
    assert_eq!(reader.hex(&format!("tx/{coinbase}"))?, spent);
    let unknown = "00".repeat(32);
    for (path, status, expected) in [
        ("tx/00.hex", 400, "Invalid hash: 00".to_owned()),
        (&format!("tx/{unknown}.json"), 404, format!("{unknown} not found")),
        (
            &path,
            404,
            "output format not found (available: .bin, .hex, .json)".to_owned(),
        ),
    ] {
        assert_eq!(reader.refusal(path)?, (status, expected));
    }
    node.stop()
}

fn gives_filters_where_it_keeps_them(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest", "-blockfilterindex"])?;
    let mut rpc = node.rpc()?;
    let hashes = rpc.generate(3)?;
    rpc.wait_until_synced(&["basic block filter index"])?;
    let mut reader = Reader::new(&data_dir)?;
    let hash = &hashes[1];
    let filter = text(&reader.json(&format!("blockfilter/basic/{hash}"))?["filter"])?;
    let digits = reader.hex(&format!("blockfilter/basic/{hash}"))?;
    let length = filter.len() / 2;
    assert_eq!(digits, format!("00{}{length:02x}{filter}", reversed(hash)));
    let headers = reader.json(&format!("blockfilterheaders/basic/{hash}"))?;
    assert_eq!(headers.as_array().map(Vec::len), Some(2), "{headers}");
    let path = format!("blockfilterheaders/basic/1/{hash}");
    assert_eq!(reader.hex(&path)?, reversed(&text(&headers[0])?));
    assert_eq!(
        reader.json(&format!("blockfilterheaders/basic/{hash}?count=1"))?,
        json!([headers[0]])
    );
    let unknown = "00".repeat(32);
    let stale = hashes[2].clone();
    rpc.call("invalidateblock", json!([stale]))?;
    assert!(
        reader.json(&format!("blockfilter/basic/{stale}"))?.is_object(),
        "filters of blocks that were left are kept"
    );
    for (path, status, expected) in [
        (format!("blockfilter/x/{hash}.hex"), 400, "Unknown filtertype x".to_owned()),
        (format!("blockfilterheaders/x/{hash}.hex"), 400, "Unknown filtertype x".to_owned()),
        ("blockfilter/basic/00.hex".to_owned(), 400, "Invalid hash: 00".to_owned()),
        (
            format!("blockfilter/{hash}.hex"),
            400,
            "Invalid URI format. Expected /rest/blockfilter/<filtertype>/<blockhash>".to_owned(),
        ),
        (
            "blockfilterheaders/basic.hex".to_owned(),
            400,
            "Invalid URI format. Expected /rest/blockfilterheaders/<filtertype>/<blockhash>.<ext>?count=<count>".to_owned(),
        ),
        (
            format!("blockfilterheaders/basic/{hash}.hex?count=0"),
            400,
            "Header count is invalid or out of acceptable range (1-2000): 0".to_owned(),
        ),
        (format!("blockfilter/basic/{unknown}.hex"), 404, format!("{unknown} not found")),
    ] {
        assert_eq!(reader.refusal(&path)?, (status, expected), "{path}");
    }
    node.stop()
}

fn gives_outputs_that_are_not_spent(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut rpc = node.rpc()?;
    let (coinbase, txid) = spend_a_coinbase(&mut rpc)?;
    let mut reader = Reader::new(&data_dir)?;
    let tip = rpc.call("getbestblockhash", json!([]))?;
    let asked = format!("{coinbase}-0/{txid}-0");
    let confirmed = reader.json(&format!("getutxos/{asked}"))?;
    let coin = rpc.call("gettxout", json!([coinbase, 0, false]))?;
    assert_eq!(
        confirmed,
        json!({
            "chainHeight": 101,
            "chaintipHash": tip,
            "bitmap": "10",
            "utxos": [{ "height": 1, "value": coin["value"], "scriptPubKey": coin["scriptPubKey"] }],
        })
    );
    let path = format!("getutxos/checkmempool/{asked}");
    let unconfirmed = reader.json(&path)?;
    assert_eq!(unconfirmed["bitmap"], "01");
    let output = &unconfirmed["utxos"][0];
    assert_eq!(output["height"], 0x7fff_ffff);
    assert_eq!(output["value"].to_string(), "49.99900000");
    let digits = reader.hex(&path)?;
    let script = text(&coin["scriptPubKey"]["hex"])?;
    let value: u64 = 4_999_900_000;
    assert_eq!(
        digits,
        format!(
            "65000000{}01020100000000ffffff7f{}16{script}",
            reversed(&text(&tip)?),
            to_hex(&value.to_le_bytes())
        )
    );
    let (first, second) = (reversed(&coinbase), reversed(&txid));
    let body = format!("0102{first}00000000{second}00000000");
    let (response, answer) = reader.ask("POST", "getutxos.hex", body.as_bytes())?;
    assert_eq!(
        (response.status, String::from_utf8(answer)?),
        (200, format!("{digits}\n"))
    );
    let sixteen = format!("{}00-0", "00-0/".repeat(15));
    let fifteen = reader.json(&format!("getutxos/{}", &sixteen[5..]))?;
    assert_eq!(fifteen["bitmap"], "0".repeat(15));
    for (method, path, body, expected) in [
        ("GET", "getutxos.json", "", "Error: empty request"),
        ("POST", "getutxos.json", body.as_str(), "Error: empty request"),
        ("POST", "getutxos.bin", "{", "Parse error"),
        ("GET", "getutxos/0x-0.json", "", "Parse error"),
        (
            "POST",
            "getutxos/00-0.hex",
            body.as_str(),
            "Combination of URI scheme inputs and raw post data is not allowed",
        ),
        (
            "GET",
            &format!("getutxos/{sixteen}.json"),
            "",
            "Error: max outpoints exceeded (max: 15, tried: 16)",
        ),
    ] {
        let refused = reader.refusal_of(method, path, body.as_bytes())?;
        assert_eq!(refused, (400, expected.to_owned()), "{path}");
    }
    node.stop()
}

fn lists_unconfirmed_transactions(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut rpc = node.rpc()?;
    let (_, txid) = spend_a_coinbase(&mut rpc)?;
    let mut reader = Reader::new(&data_dir)?;
    let whole = reader.json("mempool/contents")?;
    assert_eq!(whole, rpc.call("getrawmempool", json!([true]))?);
    assert_eq!(reader.json("mempool/contents?verbose=false")?, json!([txid]));
    let numbered = reader.json("mempool/contents?verbose=false&mempool_sequence=true")?;
    assert_eq!(numbered, json!({ "txids": [txid], "mempool_sequence": 2 }));
    for (query, expected) in [
        (
            "verbose=1",
            "The \"verbose\" query parameter must be either \"true\" or \"false\".",
        ),
        (
            "mempool_sequence=x",
            "The \"mempool_sequence\" query parameter must be either \"true\" or \"false\".",
        ),
        (
            "mempool_sequence=true",
            "Verbose results cannot contain mempool sequence values. (hint: set \"verbose=false\")",
        ),
    ] {
        let refused = reader.refusal(&format!("mempool/contents.json?{query}"))?;
        assert_eq!(refused, (400, expected.to_owned()), "{query}");
    }
    node.stop()
}

fn refuses_pages_that_there_are_not(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &["-rest"])?;
    let mut reader = Reader::new(&data_dir)?;
    let genesis = text(&node.rpc()?.call("getblockhash", json!([0]))?)?;
    let unknown = "00".repeat(32);
    for path in ["", "x", "block", "tx"] {
        let (response, body) = reader.ask("GET", path, &[])?;
        assert_eq!((response.status, body.as_slice()), (404, &b""[..]), "{path}");
    }
    for (path, status, expected) in [
        ("block/.json", 400, "Invalid hash: ".to_owned()),
        (
            &format!("block/{unknown}.json"),
            404,
            format!("{unknown} not found"),
        ),
        (
            "headers/a/b/c.json",
            400,
            "Invalid URI format. Expected /rest/headers/<hash>.<ext>?count=<count>".to_owned(),
        ),
        (
            "headers/5a/x.json",
            400,
            "Header count is invalid or out of acceptable range (1-2000): 5a".to_owned(),
        ),
        ("headers/x.json", 400, "Invalid hash: x".to_owned()),
        (
            &format!("headers/{genesis}"),
            404,
            "output format not found (available: .bin, .hex, .json)".to_owned(),
        ),
        (
            &format!("blockfilter/basic/{genesis}.bin"),
            400,
            "Index is not enabled for filtertype basic".to_owned(),
        ),
        ("blockhashbyheight/-1.bin", 400, "Invalid height: -1".to_owned()),
        ("blockhashbyheight/%1.bin", 400, "Invalid height: 1".to_owned()),
        (
            "blockhashbyheight/1.bin",
            404,
            "Block height out of range".to_owned(),
        ),
        ("blockhashbyheight/0.xml", 400, "Invalid height: 0.xml".to_owned()),
    ] {
        assert_eq!(reader.refusal(path)?, (status, expected), "{path}");
    }
    node.stop()
}
