//! The page that `-getinfo` prints.

use serde_json::Value;

use crate::reply::plain;

const UNIT: &str = "SYS";

const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const BLUE: u8 = 34;
const MAGENTA: u8 = 35;
const CYAN: u8 = 36;

/// Escape sequences, or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) enum Colors {
    Plain,
    Terminal,
}

impl Colors {
    /// The text in the colour of this ANSI code.
    fn paint(self, code: u8, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Terminal => format!("\x1b[{code}m{text}\x1b[0m"),
        }
    }
}

pub(super) fn page(info: &Value, colors: Colors) -> String {
    let mut lines = chain_lines(&info["chain"], colors);
    lines.extend(network_lines(&info["network"], colors));
    if !info["wallet"].is_null() {
        lines.extend(wallet_lines(&info["wallet"], colors));
    }
    if !info["balance"].is_null() {
        lines.push(format!(
            "{} {}\n",
            colors.paint(CYAN, "Balance:"),
            plain(&info["balance"])
        ));
    }
    if let Some(balances) = info.get("balances").and_then(Value::as_object) {
        lines.push(colors.paint(CYAN, "Balances"));
        let width = balances
            .values()
            .map(|balance| plain(balance).len())
            .max()
            .unwrap_or(0)
            .max(10);
        let lines_of_wallets = balances
            .iter()
            .map(|(name, balance)| format!("{:>width$} {}", plain(balance), wallet_name(name)));
        lines.extend(lines_of_wallets);
        lines.push(String::new());
    }
    lines.push(format!(
        "{} {}",
        colors.paint(YELLOW, "Warnings:"),
        warnings(&info["network"]["warnings"])
    ));
    lines.join("\n")
}

fn chain_lines(chain: &Value, colors: Colors) -> Vec<String> {
    vec![
        colors.paint(BLUE, &format!("Chain: {}", plain(&chain["chain"]))),
        format!("Blocks: {}", plain(&chain["blocks"])),
        format!("Headers: {}", plain(&chain["headers"])),
        format!(
            "Verification progress: {}",
            progress(chain["verificationprogress"].as_f64().unwrap_or(0.0))
        ),
        format!("Difficulty: {}\n", plain(&chain["difficulty"])),
    ]
}

fn network_lines(network: &Value, colors: Colors) -> Vec<String> {
    let [inbound, outbound, total] =
        ["connections_in", "connections_out", "connections"].map(|name| plain(&network[name]));
    vec![
        colors.paint(
            GREEN,
            &format!("Network: in {inbound}, out {outbound}, total {total}"),
        ),
        format!("Version: {}", plain(&network["version"])),
        format!("Time offset (s): {}", plain(&network["timeoffset"])),
        format!("Proxies: {}", proxies(&network["networks"])),
        format!(
            "Min tx relay fee rate ({UNIT}/kvB): {}\n",
            plain(&network["relayfee"])
        ),
    ]
}

fn wallet_lines(wallet: &Value, colors: Colors) -> Vec<String> {
    let name = plain(&wallet["walletname"]);
    let mut lines = vec![
        colors.paint(MAGENTA, &format!("Wallet: {}", wallet_name(&name))),
        format!("Keypool size: {}", plain(&wallet["keypoolsize"])),
    ];
    if !wallet["unlocked_until"].is_null() {
        lines.push(format!("Unlocked until: {}", plain(&wallet["unlocked_until"])));
    }
    lines.push(format!(
        "Transaction fee rate (-paytxfee) ({UNIT}/kvB): {}\n",
        plain(&wallet["paytxfee"])
    ));
    lines
}

/// A bar while there is much left to do, and the percentage. Begun marks count, of what is done and of what is left.
fn progress(done: f64) -> String {
    let percentage = format!("{:.4}%", done * 100.0);
    if !(0.0..0.99).contains(&done) {
        return percentage;
    }
    let marks =
        |mark, part: f64| std::iter::repeat_n(mark, (0..=20).filter(|n| f64::from(*n) < part / 0.05).count());
    let bar: String = marks('▒', done).chain(marks('░', 1.0 - done)).collect();
    format!("{bar} {percentage}")
}

/// Each proxy with the networks that use it.
fn proxies(networks: &Value) -> String {
    let mut users: Vec<(String, Vec<String>)> = Vec::new();
    for network in networks.as_array().map(Vec::as_slice).unwrap_or_default() {
        let (proxy, name) = (plain(&network["proxy"]), plain(&network["name"]));
        match users.iter_mut().find(|(known, _)| *known == proxy) {
            _ if proxy.is_empty() => {}
            Some((_, names)) => names.push(name),
            None => users.push((proxy, vec![name])),
        }
    }
    let shown: Vec<String> = users
        .iter()
        .map(|(proxy, names)| format!("{proxy} ({})", names.join(", ")))
        .collect();
    if shown.is_empty() {
        "n/a".to_owned()
    } else {
        shown.join(", ")
    }
}

fn wallet_name(name: &str) -> &str {
    if name.is_empty() { "\"\"" } else { name }
}

/// Nodes report one text or a list of them.
fn warnings(warnings: &Value) -> String {
    let text = match warnings {
        Value::Array(several) => several.iter().map(plain).collect::<Vec<String>>().join("; "),
        one => plain(one),
    };
    if text.is_empty() {
        "(none)".to_owned()
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;
    use serde_json::json;

    use super::*;

    fn info() -> Value {
        json!({
            "network": {
                "version": 50101, "timeoffset": 0, "connections_in": 1, "connections_out": 8, "connections": 9,
                "relayfee": 0.5, "warnings": "",
                "networks": [
                    {"name": "ipv4", "proxy": "127.0.0.1:9050"},
                    {"name": "ipv6", "proxy": ""},
                    {"name": "onion", "proxy": "127.0.0.1:9050"},
                ],
            },
            "chain": {
                "chain": "regtest", "blocks": 7, "headers": 8, "verificationprogress": 0.5, "difficulty": 2,
            },
            "wallet": null,
            "balance": null,
        })
    }

    #[test]
    fn the_page_does_without_a_wallet() {
        expect![[r#"
            Chain: regtest
            Blocks: 7
            Headers: 8
            Verification progress: ▒▒▒▒▒▒▒▒▒▒░░░░░░░░░░ 50.0000%
            Difficulty: 2

            Network: in 1, out 8, total 9
            Version: 50101
            Time offset (s): 0
            Proxies: 127.0.0.1:9050 (ipv4, onion)
            Min tx relay fee rate (SYS/kvB): 0.5

            Warnings: (none)"#]]
        .assert_eq(&page(&info(), Colors::Plain));
    }

    #[test]
    fn the_page_shows_wallets_and_balances() {
        let mut info = info();
        info["wallet"] = json!({"walletname": "", "keypoolsize": 4, "unlocked_until": 0, "paytxfee": 1});
        info["balance"] = json!(12.5);
        info["balances"] = json!({"": 12.5, "other": 1234567890.25});
        info["network"]["warnings"] = json!(["one", "two"]);
        let page = page(&info, Colors::Terminal).replace('\x1b', "^");
        let wallet_part: Vec<&str> = page.split("\n\n").skip(2).collect();
        expect![[r#"
            ^[35mWallet: ""^[0m
            Keypool size: 4
            Unlocked until: 0
            Transaction fee rate (-paytxfee) (SYS/kvB): 1

            ^[36mBalance:^[0m 12.5

            ^[36mBalances^[0m
                     12.5 ""
            1234567890.25 other

            ^[33mWarnings:^[0m one; two"#]]
        .assert_eq(&wallet_part.join("\n\n"));
    }

    #[test]
    fn little_left_to_do_needs_no_bar() {
        assert_eq!(progress(0.995), "99.5000%");
        assert_eq!(progress(0.0), format!("{} 0.0000%", "░".repeat(20)));
        let bar = format!("{}{} 52.0000%", "▒".repeat(11), "░".repeat(10));
        assert_eq!(progress(0.52), bar);
    }
}
