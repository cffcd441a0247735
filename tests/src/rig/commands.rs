//! Calls by the command-line client, with its output read as a rig reads it.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use super::Answer;
use crate::{Cli, DataDir, Refusal};

/// Calls a method by a process of its own.
pub(crate) fn call(data_dir: &DataDir, method: &str, params: &Value) -> Result<Answer> {
    let words = words(method, params)?;
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let finished = Cli::new(data_dir).run(&words)?;
    if finished.status.success() {
        ensure!(finished.stderr.is_empty(), "{finished:?}");
        return Ok(Ok(result(&finished.stdout)));
    }
    let told = finished
        .stderr
        .strip_prefix("error code: ")
        .and_then(|rest| rest.split_once("\nerror message:\n"));
    let Some((code, message)) = told else {
        bail!("not an error of the node: {finished:?}");
    };
    let code: i64 = code.parse().context("not a code")?;
    ensure!(
        finished.status.code().map(i64::from) == Some(code.abs() % 256),
        "{finished:?}"
    );
    let message = message.strip_suffix('\n').unwrap_or(message).to_owned();
    Ok(Err(Refusal { code, message }))
}

/// The command line of a call.
fn words(method: &str, params: &Value) -> Result<Vec<String>> {
    match params {
        Value::Array(values) => {
            let values = values.iter().map(word);
            Ok(std::iter::once(method.to_owned()).chain(values).collect())
        }
        Value::Object(members) => {
            let positional = members.get("args").and_then(Value::as_array);
            let positional = positional.into_iter().flatten().map(word);
            let named = members.iter().filter(|(name, _)| *name != "args");
            let named = named.map(|(name, value)| format!("{name}={}", word(value)));
            let beginning = ["-named".to_owned(), method.to_owned()].into_iter();
            Ok(beginning.chain(positional).chain(named).collect())
        }
        other => bail!("neither an array nor an object: {other}"),
    }
}

/// A value as a word: texts as they are, all else as JSON.
fn word(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// What was printed: JSON, or a text that is none. Of null, nothing is printed.
fn result(printed: &str) -> Value {
    // The line feed that ends the output is the client's.
    let printed = printed.strip_suffix('\n').unwrap_or(printed);
    if printed.is_empty() {
        return Value::Null;
    }
    serde_json::from_str(printed).unwrap_or_else(|_| Value::from(printed))
}
