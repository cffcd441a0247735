//! `-generate`: blocks to a new address of the wallet.

use serde_json::{Value, json};

use crate::command::Session;
use crate::convert;
use crate::error::CliError;
use crate::reply::{Outcome, Reply};

pub(super) async fn run(session: &Session<'_>, words: &[String]) -> Result<Outcome, CliError> {
    let reply = session.call("getnewaddress", Value::Array(Vec::new())).await?;
    if reply.is_error() {
        return Ok(reply.outcome());
    }
    let address = reply.result.as_str().ok_or(CliError::NotAReply)?;
    let params = convert::positional("generatetoaddress", &arguments(words, address)?)?;
    let reply = session.call("generatetoaddress", params).await?;
    if reply.is_error() {
        return Ok(reply.outcome());
    }
    Ok(Reply::success(json!({ "address": address, "blocks": reply.result })).outcome())
}

/// Number of blocks, address, and the number of tries where it is given.
fn arguments(words: &[String], address: &str) -> Result<Vec<String>, CliError> {
    let mut arguments = match words {
        [] => vec!["1".to_owned()],
        [blocks] | [blocks, _] if blocks == "0" => return Err(CliError::NoBlocks),
        [_] | [_, _] => words.to_vec(),
        _ => return Err(CliError::TooManyForGenerate),
    };
    arguments.insert(1, address.to_owned());
    Ok(arguments)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_stands_second() {
        let rows: [(&[&str], &[&str]); 3] = [
            (&[], &["1", "addr"]),
            (&["4"], &["4", "addr"]),
            (&["4", "1000"], &["4", "addr", "1000"]),
        ];
        for (words, expected) in rows {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            assert_eq!(arguments(&words, "addr").unwrap(), expected);
        }
    }

    #[test]
    fn no_blocks_and_too_many_words_are_errors() {
        let words = |line: &str| -> Vec<String> { line.split(' ').map(str::to_owned).collect() };
        assert!(matches!(arguments(&words("0"), "addr"), Err(CliError::NoBlocks)));
        assert!(matches!(
            arguments(&words("1 2 3"), "addr"),
            Err(CliError::TooManyForGenerate)
        ));
    }
}
