//! The list of peers, a line each.

use serde_json::Value;

use crate::reply::plain;

/// How much is shown of the peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// No list.
    Totals,
    /// The list with these columns at its end.
    List { address: bool, version: bool },
}

impl Detail {
    /// The levels of `-netinfo`; those above 4 are 4.
    pub(super) fn from_level(level: u8) -> Self {
        match level {
            0 => Self::Totals,
            _ => Self::List {
                address: level == 2 || level > 3,
                version: level > 2,
            },
        }
    }
}

/// A column: its heading, the unit below it, its least width, and what a peer shows in it at this time.
struct Column {
    heading: &'static str,
    unit: &'static str,
    width: usize,
    cell: fn(&Value, i64) -> String,
}

const COLUMNS: [Column; 16] = [
    column("<->", "", 3, |peer, _| {
        if peer["inbound"] == true { "in" } else { "out" }.to_owned()
    }),
    column("type", "", 7, |peer, _| {
        kind(&plain(&peer["connection_type"])).to_owned()
    }),
    column("net", "", 6, |peer, _| {
        network(&plain(&peer["network"])).to_owned()
    }),
    column("v", "", 3, |peer, _| {
        transport(&plain(&peer["transport_protocol_type"])).to_owned()
    }),
    column("mping", "ms", 7, |peer, _| milliseconds(&peer["minping"])),
    column("ping", "ms", 7, |peer, _| milliseconds(&peer["pingtime"])),
    column("send", "sec", 5, |peer, now| since(&peer["lastsend"], now, 1)),
    column("recv", "sec", 5, |peer, now| since(&peer["lastrecv"], now, 1)),
    column("txn", "min", 5, |peer, now| {
        or_mark(
            since(&peer["last_transaction"], now, 60),
            "*",
            peer["relaytxes"] == false,
        )
    }),
    column("blk", "min", 5, |peer, now| since(&peer["last_block"], now, 60)),
    column("hb", "", 4, |peer, _| {
        let mark = |name: &str, mark: &'static str| if peer[name] == true { mark } else { " " };
        format!("{}{}", mark("bip152_hb_to", "."), mark("bip152_hb_from", "*"))
    }),
    column("addrp", "", 6, |peer, _| {
        or_mark(
            count(&peer["addr_processed"]),
            ".",
            peer["addr_relay_enabled"] == false,
        )
    }),
    column("addrl", "", 6, |peer, _| count(&peer["addr_rate_limited"])),
    column("age", "min", 5, |peer, now| since(&peer["conntime"], now, 60)),
    column("asmap", "", 8, |peer, _| count(&peer["mapped_as"])),
    column("id", "", 3, |peer, _| plain(&peer["id"])),
];

const fn column(
    heading: &'static str,
    unit: &'static str,
    width: usize,
    cell: fn(&Value, i64) -> String,
) -> Column {
    Column {
        heading,
        unit,
        width,
        cell,
    }
}

/// The lines with headings and units; nothing without peers or where no list is asked for.
pub(super) fn list(peers: &[Value], detail: Detail, now: i64) -> Option<String> {
    let Detail::List { address, version } = detail else {
        return None;
    };
    if peers.is_empty() {
        return None;
    }
    let mut peers: Vec<&Value> = peers.iter().collect();
    peers.sort_by(|left, right| {
        let direction = (left["inbound"] != true).cmp(&(right["inbound"] != true));
        direction.then_with(|| least_ping(left).total_cmp(&least_ping(right)))
    });
    let rows = peers.len();
    // The heading, a line for each peer, the units.
    let mut lines = vec![String::new(); rows + 2];
    for column in &COLUMNS {
        let cells: Vec<String> = peers.iter().map(|peer| (column.cell)(peer, now)).collect();
        if column.heading == "asmap" && cells.iter().all(String::is_empty) {
            continue;
        }
        let longest = cells.iter().map(|cell| cell.len() + 1).max().unwrap_or(0);
        let width = if column.heading == "<->" {
            column.width
        } else {
            column.width.max(longest)
        };
        let texts = [column.heading]
            .into_iter()
            .chain(cells.iter().map(String::as_str))
            .chain([column.unit]);
        for (line, text) in lines.iter_mut().zip(texts) {
            line.push_str(&format!("{text:>width$}"));
        }
    }
    if address {
        push_left(&mut lines, "address", &peers, |peer| plain(&peer["addr"]));
    }
    if version {
        push_left(&mut lines, "version", &peers, version_of);
    }
    Some(
        lines
            .iter()
            .map(|line| line.trim_end())
            .collect::<Vec<&str>>()
            .join("\n"),
    )
}

/// Nothing before the peer has told its version.
fn version_of(peer: &Value) -> String {
    let version = format!("{}{}", plain(&peer["version"]), plain(&peer["subver"]));
    if version == "0" { String::new() } else { version }
}

/// Adds a column of texts, which begin below its heading.
fn push_left(lines: &mut [String], heading: &str, peers: &[&Value], cell: fn(&Value) -> String) {
    let cells: Vec<String> = std::iter::once(heading.to_owned())
        .chain(peers.iter().map(|peer| cell(peer)))
        .collect();
    let width = cells.iter().map(String::len).max().unwrap_or(0);
    for (line, text) in lines.iter_mut().zip(&cells) {
        line.push_str(&format!(" {text:<width$}"));
    }
}

fn least_ping(peer: &Value) -> f64 {
    peer["minping"].as_f64().unwrap_or(-1.0)
}

/// The time since then in this many seconds; nothing when it never happened.
fn since(time: &Value, now: i64, unit: i64) -> String {
    match time.as_i64() {
        None | Some(0) => String::new(),
        Some(time) => (now.saturating_sub(time) / unit).to_string(),
    }
}

/// Nothing for zero.
fn count(value: &Value) -> String {
    match value.as_i64() {
        None | Some(0) => String::new(),
        Some(count) => count.to_string(),
    }
}

fn or_mark(text: String, mark: &str, is_marked: bool) -> String {
    if text.is_empty() && is_marked {
        mark.to_owned()
    } else {
        text
    }
}

fn kind(connection_type: &str) -> &str {
    match connection_type {
        "outbound-full-relay" => "full",
        "block-relay-only" => "block",
        "addr-fetch" => "addr",
        "manual" | "feeler" => connection_type,
        _ => "",
    }
}

fn network(name: &str) -> &str {
    super::NETWORKS
        .iter()
        .find(|(known, _)| *known == name)
        .map_or(name, |(_, heading)| heading)
}

/// The version's number, when one has been agreed on.
fn transport(protocol: &str) -> &str {
    protocol.strip_prefix('v').unwrap_or_default()
}

/// Whole milliseconds; a dash where they would not fit.
fn milliseconds(seconds: &Value) -> String {
    match seconds.as_f64().map(|seconds| (seconds * 1000.0).round()) {
        None => String::new(),
        Some(milliseconds) if milliseconds > 999_999.0 => "-".to_owned(),
        Some(milliseconds) => format!("{milliseconds}"),
    }
}
