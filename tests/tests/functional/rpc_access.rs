//! Who may call: cookie, user and password, salted hashes, bound addresses.

use anyhow::{Result, ensure};
use fs_err as fs;
use functional_tests::{Daemon, DataDir, Node, basic, for_each_daemon, rpcauth};
use serde_json::json;

for_each_daemon![
    lets_a_user_in_with_a_password,
    lets_users_in_by_their_hashes,
    writes_the_cookie_where_it_is_told,
    listens_where_it_is_told,
];

/// Calls once as `credentials` and gives the status.
fn status(node: &Node<'_>, credentials: &str) -> Result<u16> {
    Ok(node
        .rpc_as(credentials)
        .post("/", "{\"method\": \"uptime\"}")?
        .status)
}

fn lets_a_user_in_with_a_password(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::spawn(
        daemon,
        &data_dir,
        &["-rpcuser=usér ₿", "-rpcpassword=pass:wörd 🏃"],
    )?;
    node.log().wait_for("Done loading")?;
    ensure!(
        !data_dir.regtest(".cookie").exists(),
        "there is a cookie beside the password"
    );
    let rows = [
        ("usér ₿:pass:wörd 🏃", 200),
        ("usér ₿:pass", 401),
        ("usér ₿:", 401),
        ("other:pass:wörd 🏃", 401),
        ("usér ₿:pass:wörd 🏃 ", 401),
    ];
    for (credentials, expected) in rows {
        assert_eq!(status(&node, credentials)?, expected, "{credentials}");
    }
    node.interrupt()
}

fn lets_users_in_by_their_hashes(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let in_file = rpcauth("file", "its password", "0123456789abcdef");
    data_dir.write_config(&format!("{}rpcauth={in_file}\n", data_dir.rig_config()))?;
    let one = format!("-rpcauth={}", rpcauth("one ₿", "pass 🏃", "salt"));
    let two = format!("-rpcauth={}", rpcauth("two", "", "f"));
    let node = Node::start(daemon, &data_dir, &[&one, &two])?;
    let cookie = data_dir.cookie()?;
    let rows = [
        ("one ₿:pass 🏃", 200),
        ("two:", 200),
        ("file:its password", 200),
        (cookie.as_str(), 200),
        ("one ₿:", 401),
        ("two:pass 🏃", 401),
        ("file:pass 🏃", 401),
        ("one:pass 🏃", 401),
    ];
    for (credentials, expected) in rows {
        assert_eq!(status(&node, credentials)?, expected, "{credentials}");
    }
    node.stop()
}

fn writes_the_cookie_where_it_is_told(daemon: Daemon) -> Result<()> {
    let elsewhere = tempfile::tempdir()?;
    let absolute = elsewhere.path().join("absolute cookie").display().to_string();
    for value in ["other ₿ cookie", &absolute] {
        let data_dir = DataDir::new()?;
        // An absolute path is not moved by what it is joined to.
        let file = data_dir.regtest(value);
        let node = Node::spawn(daemon, &data_dir, &[&format!("-rpccookiefile={value}")])?;
        node.log().wait_for("Done loading")?;
        ensure!(
            !data_dir.regtest(".cookie").exists(),
            "{value}: there is a .cookie too"
        );
        assert_eq!(status(&node, &fs::read_to_string(&file)?)?, 200, "{value}");
        node.interrupt()?;
        ensure!(!file.exists(), "{value}: the cookie outlives the node");
    }
    Ok(())
}

fn listens_where_it_is_told(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let other = functional_tests::Port::reserve()?;
    let bind = format!("-rpcbind=127.0.0.1:{}", other.number());
    let node = Node::start(
        daemon,
        &data_dir,
        &["-rpcallowip=127.0.0.1", "-rpcbind=127.0.0.1", &bind],
    )?;
    let mut rpc = functional_tests::RpcClient::new(other.number(), basic(&data_dir.cookie()?));
    rpc.call("uptime", json!([]))?;
    node.stop()?;

    // Without -rpcallowip the server stays on the loopback addresses and its own port.
    let node = Node::start(daemon, &data_dir, &[&bind])?;
    ensure!(
        functional_tests::Connection::open(other.number()).is_err(),
        "-rpcbind alone is obeyed"
    );
    node.log()
        .wait_for("option -rpcbind was ignored because -rpcallowip was not specified")?;
    node.stop()
}
