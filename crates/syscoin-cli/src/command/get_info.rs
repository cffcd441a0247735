//! `-getinfo`: the state of node and wallet on one page, from several calls.

mod page;

use std::io::IsTerminal as _;

use app::Args;
use serde_json::{Value, json};

use crate::command::Session;
use crate::error::CliError;
use crate::reply::{Outcome, Reply, plain};
use page::Colors;

pub(super) async fn run(session: &Session<'_>, words: &[String]) -> Result<Outcome, CliError> {
    if !words.is_empty() {
        return Err(CliError::NoArguments { option: "-getinfo" });
    }
    let colors = colors(session.args)?;
    let methods = [
        "getnetworkinfo",
        "getblockchaininfo",
        "getwalletinfo",
        "getbalances",
    ];
    let reply = session.call_batch(&methods, combine).await?;
    if reply.is_error() {
        return Ok(reply.outcome());
    }
    let mut info = reply.result;
    if session.wallet.is_none()
        && let Some(balances) = all_balances(session).await?
    {
        info["balances"] = balances;
    }
    Ok(Outcome::Success {
        text: page::page(&info, colors),
    })
}

fn colors(args: &Args) -> Result<Colors, CliError> {
    match args.text_or("color", "auto").as_str() {
        "always" => Ok(Colors::Terminal),
        "never" => Ok(Colors::Plain),
        "auto" if !cfg!(windows) && std::io::stdout().is_terminal() => Ok(Colors::Terminal),
        "auto" => Ok(Colors::Plain),
        _ => Err(CliError::Color),
    }
}

/// The replies under one roof. Without node and chain there is nothing to say; a wallet need not be there.
fn combine(replies: &[Reply]) -> Result<Reply, CliError> {
    let [network, chain, wallet, balances] = replies else {
        return Err(CliError::NotABatch);
    };
    if let Some(error) = [network, chain].into_iter().find(|reply| reply.is_error()) {
        return Ok(error.clone());
    }
    Ok(Reply::success(json!({
        "network": network.result,
        "chain": chain.result,
        "wallet": wallet.result,
        "balance": balances.result["mine"]["trusted"],
    })))
}

/// What each wallet holds, when several are loaded.
async fn all_balances(session: &Session<'_>) -> Result<Option<Value>, CliError> {
    let no_params = || Value::Array(Vec::new());
    let wallets = session.call_wallet("listwallets", no_params(), None).await?;
    let names: Vec<String> = match &wallets.result {
        Value::Array(names) if !wallets.is_error() => names.iter().map(plain).collect(),
        _ => Vec::new(),
    };
    if names.len() < 2 {
        return Ok(None);
    }
    let mut balances = serde_json::Map::new();
    for name in names {
        let reply = session
            .call_wallet("getbalances", no_params(), Some(&name))
            .await?;
        balances.insert(name, reply.result["mine"]["trusted"].clone());
    }
    Ok(Some(Value::Object(balances)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_of_node_or_chain_is_the_outcome_and_one_of_the_wallet_is_not() {
        let fine = Reply::success(json!({"mine": {"trusted": 2.5}}));
        let error = Reply {
            result: Value::Null,
            error: json!({"code": -28, "message": "Loading…"}),
        };
        for (failing, fatal) in [(0, true), (1, true), (2, false), (3, false)] {
            let mut replies = vec![fine.clone(); 4];
            replies[failing] = error.clone();
            let combined = combine(&replies).unwrap();
            assert_eq!(combined == error, fatal, "{failing}");
        }
        let combined = combine(&vec![fine; 4]).unwrap();
        assert_eq!(combined.result["balance"], json!(2.5));
    }
}
