//! `-netinfo`: the connections to peers as a table.

mod peers;

use std::time::{SystemTime, UNIX_EPOCH};

use app::Network;
use app::program::{CLIENT_VERSION_TEXT, PACKAGE_NAME};
use serde_json::{Value, json};

use crate::command::Session;
use crate::error::CliError;
use crate::reply::{Outcome, Reply, plain};
use peers::Detail;

/// What `-netinfo help` prints.
pub(super) const HELP: &str = "\
-netinfo level|\"help\"

Shows the connections to peers, from the calls getpeerinfo and getnetworkinfo.
The layout is made for people and may change at any time.

Arguments:
1. level (integer from 0 to 4, optional, default=0; higher numbers count as 4)
   0 - numbers of connections, and local addresses
   1 - also a list of the peers
   2 - the list with addresses
   3 - the list with versions
   4 - the list with addresses and versions
2. help (the word \"help\", optional) shows this text.

The list has the inbound peers first, the quickest first within each group.
Its columns:
  <->      \"in\" when the peer connected to us, \"out\" when we did
  type     full (relays everything), block (blocks only), manual (asked for by
           -connect or addnode), feeler (tests an address), addr (fetches
           addresses)
  net      the network that carries the connection
  v        the version of the transport protocol
  mping    the shortest ping so far, in milliseconds
  ping     the last ping, in milliseconds
  send     seconds since we last sent something
  recv     seconds since we last received something
  txn      minutes since the last transaction that was new and accepted;
           \"*\" when the peer wants none
  blk      minutes since the last block that was new
  hb       compact blocks in high-bandwidth mode: \".\" asked for by us, \"*\" by
           the peer
  addrp    addresses taken from the peer; \".\" when none are exchanged
  addrl    addresses of the peer dropped because it sent too many
  age      minutes since the connection was made
  asmap    the autonomous system of the peer, with -asmap
  id       the number by which other calls name the peer
  address  address and port
  version  protocol version and user agent

Examples:
> syscoin-cli -netinfo
> syscoin-cli -netinfo 4
> watch --interval 1 --no-title syscoin-cli -netinfo 1";

/// Networks as peers report them, and the headings of their columns.
const NETWORKS: [(&str, &str); 7] = [
    ("ipv4", "ipv4"),
    ("ipv6", "ipv6"),
    ("onion", "onion"),
    ("i2p", "i2p"),
    ("cjdns", "cjdns"),
    ("not_publicly_routable", "npr"),
    ("internal", "int"),
];

pub(super) async fn run(session: &Session<'_>, words: &[String]) -> Result<Outcome, CliError> {
    let level = match words.first() {
        Some(word) => word.parse().map_err(|_| CliError::NetinfoLevel {
            argument: word.to_owned(),
        })?,
        None => 0,
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
    let network = session.args.network();
    let combine = |replies: &[Reply]| {
        let [peers, info] = replies else {
            return Err(CliError::NotABatch);
        };
        if let Some(error) = [peers, info].into_iter().find(|reply| reply.is_error()) {
            return Ok(error.clone());
        }
        let page = page(
            network,
            &peers.result,
            &info.result,
            Detail::from_level(level),
            now,
        );
        Ok(Reply::success(json!(page)))
    };
    Ok(session
        .call_batch(&["getpeerinfo", "getnetworkinfo"], combine)
        .await?
        .outcome())
}

fn page(network: Network, peers: &Value, info: &Value, detail: Detail, now: i64) -> String {
    let peers = peers.as_array().map(Vec::as_slice).unwrap_or_default();
    let chain = match network {
        Network::Main => "",
        Network::Testnet => " testnet",
        Network::Signet => " signet",
        Network::Regtest => " regtest",
    };
    let mut page = format!(
        "{PACKAGE_NAME} client {CLIENT_VERSION_TEXT}{chain} - server {}{}\n\n",
        plain(&info["protocolversion"]),
        plain(&info["subversion"])
    );
    if let Some(list) = peers::list(peers, detail, now) {
        page.push_str(&format!("{list}\n\n"));
    }
    format!(
        "{page}{}\n\n{}",
        totals(peers, info),
        local_addresses(&info["localaddresses"])
    )
}

/// How many peers there are by direction and network.
fn totals(peers: &[Value], info: &Value) -> String {
    let reachable = |name: &str| {
        let networks = info["networks"].as_array().map(Vec::as_slice).unwrap_or_default();
        networks
            .iter()
            .any(|network| network["name"] == name && network["reachable"] == true)
    };
    let used = |name: &str| peers.iter().any(|peer| peer["network"] == name);
    let columns: Vec<(&str, &str)> = NETWORKS
        .into_iter()
        .filter(|(name, _)| reachable(name) || used(name))
        .collect();
    let of_type = |kind: &str| {
        peers
            .iter()
            .filter(|peer| peer["connection_type"] == kind)
            .count()
    };
    let manual = of_type("manual");
    let mut text = " ".repeat(5);
    for (_, heading) in &columns {
        text.push_str(&format!("{heading:>8}"));
    }
    text.push_str(if manual > 0 {
        "   total   block  manual"
    } else {
        "   total   block"
    });
    for (heading, inbound) in [("in", Some(true)), ("out", Some(false)), ("total", None)] {
        let counted: Vec<&Value> = peers
            .iter()
            .filter(|peer| inbound.is_none_or(|inbound| peer["inbound"] == inbound))
            .collect();
        let of_network = |name: &str| counted.iter().filter(|peer| peer["network"] == name).count();
        text.push_str(&format!("\n{heading:<5}"));
        for (name, _) in &columns {
            text.push_str(&format!("{:>8}", of_network(name)));
        }
        text.push_str(&format!("{:>8}", counted.len()));
        if inbound == Some(false) {
            text.push_str(&format!("{:>8}", of_type("block-relay-only")));
            if manual > 0 {
                text.push_str(&format!("{manual:>8}"));
            }
        }
    }
    text
}

fn local_addresses(addresses: &Value) -> String {
    let addresses = addresses.as_array().map(Vec::as_slice).unwrap_or_default();
    if addresses.is_empty() {
        return "Local addresses: n/a\n".to_owned();
    }
    let width = addresses
        .iter()
        .map(|address| plain(&address["address"]).len() + 1)
        .max()
        .unwrap_or(0);
    let mut text = "Local addresses".to_owned();
    for address in addresses {
        let [host, port, score] = ["address", "port", "score"].map(|name| plain(&address[name]));
        text.push_str(&format!("\n{host:<width$}    port {port:>6}    score {score:>6}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn a_node_without_peers_has_a_short_page() {
        let info = json!({
            "protocolversion": 70017, "subversion": "/Satoshi:5.1.1/",
            "networks": [{"name": "ipv4", "reachable": true}, {"name": "onion", "reachable": false}],
        });
        let page = page(Network::Regtest, &json!([]), &info, Detail::from_level(4), 0);
        expect![[r#"
            Syscoin Core client v5.1.1 regtest - server 70017/Satoshi:5.1.1/

                     ipv4   total   block
            in          0       0
            out         0       0       0
            total       0       0

            Local addresses: n/a
        "#]]
        .assert_eq(&page);
    }

    #[test]
    fn peers_are_counted_and_listed() {
        let info = json!({
            "protocolversion": 70017, "subversion": "/x/",
            "networks": [{"name": "ipv4", "reachable": true}, {"name": "onion", "reachable": true}],
            "localaddresses": [{"address": "1.2.3.4", "port": 8369, "score": 7}],
        });
        let peers = json!([
            {
                "id": 12, "addr": "5.6.7.8:8369", "network": "ipv4", "inbound": false,
                "connection_type": "outbound-full-relay", "minping": 0.0123, "pingtime": 1.5, "lastsend": 995,
                "lastrecv": 990, "last_transaction": 880, "last_block": 400, "conntime": 100,
                "addr_processed": 5, "addr_rate_limited": 1, "addr_relay_enabled": true, "relaytxes": true,
                "bip152_hb_to": true, "bip152_hb_from": true, "version": 70017, "subver": "/a/",
                "transport_protocol_type": "v1",
            },
            {
                "id": 3, "addr": "[::1]:1", "network": "not_publicly_routable", "inbound": true,
                "connection_type": "inbound", "lastsend": 0, "lastrecv": 0, "last_transaction": 0,
                "last_block": 0, "conntime": 0, "addr_processed": 0, "addr_rate_limited": 0,
                "addr_relay_enabled": false, "relaytxes": false, "bip152_hb_to": false, "bip152_hb_from": false,
                "version": 0, "subver": "",
                "transport_protocol_type": "detecting",
            },
            {"id": 4, "network": "ipv4", "inbound": false, "connection_type": "manual", "minping": 0.001},
        ]);
        let page = page(Network::Main, &peers, &info, Detail::from_level(4), 1000);
        expect![[r#"
            Syscoin Core client v5.1.1 - server 70017/x/

            <->   type   net  v  mping   ping send recv  txn  blk  hb addrp addrl  age id address      version
             in          npr                               *              .             3 [::1]:1
            out manual  ipv4         1                                                  4
            out   full  ipv4  1     12   1500    5   10    2   10  .*     5     1   15 12 5.6.7.8:8369 70017/a/
                                    ms     ms  sec  sec  min  min                  min

                     ipv4   onion     npr   total   block  manual
            in          0       0       1       1
            out         2       0       0       2       0       1
            total       2       0       1       3

            Local addresses
            1.2.3.4     port   8369    score      7"#]]
        .assert_eq(&page);
    }
}
