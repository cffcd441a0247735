//! Arguments from words: which are JSON, by method and position or name, and which are text as they stand.

mod table;

use serde_json::{Map, Value};

use crate::error::CliError;

/// The `params` of a call with arguments by position.
pub(crate) fn positional(method: &str, words: &[String]) -> Result<Value, CliError> {
    let values = words
        .iter()
        .enumerate()
        .map(|(position, word)| at_position(method, position, word));
    values.collect::<Result<Vec<Value>, CliError>>().map(Value::Array)
}

/// The `params` of a call with arguments by name; words without a name go into `args`. A later value of a name counts.
pub(crate) fn named(method: &str, words: &[String]) -> Result<Value, CliError> {
    let mut params = Map::new();
    let mut unnamed = Vec::new();
    for word in words {
        match word.split_once('=') {
            Some((name, value)) => {
                let value = convert(value, table::is_json_name(method, name))?;
                params.insert(name.to_owned(), value);
            }
            None => unnamed.push(at_position(method, unnamed.len(), word)?),
        }
    }
    if !unnamed.is_empty() && params.insert("args".to_owned(), Value::Array(unnamed)).is_some() {
        return Err(CliError::DuplicateArgs);
    }
    Ok(Value::Object(params))
}

fn at_position(method: &str, position: usize, word: &str) -> Result<Value, CliError> {
    convert(word, table::is_json_position(method, position))
}

fn convert(word: &str, is_json: bool) -> Result<Value, CliError> {
    match is_json {
        true => serde_json::from_str(word).map_err(|_| CliError::Json {
            text: word.to_owned(),
        }),
        false => Ok(Value::String(word.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ')
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn positions_decide_what_is_json() {
        let rows = [
            ("echo", "1 true", r#"["1","true"]"#),
            (
                "echojson",
                r#"1 true null {"a":[1.10]} "x""#,
                r#"[1,true,null,{"a":[1.10]},"x"]"#,
            ),
            ("getblock", "00ff 2", r#"["00ff",2]"#),
            ("getblockhash", "0", "[0]"),
            ("sendtoaddress", "addr 0.10000000 5", r#"["addr",0.10000000,"5"]"#),
            ("getblockcount", "", "[]"),
            ("unknown", "1", r#"["1"]"#),
        ];
        for (method, line, expected) in rows {
            assert_eq!(
                positional(method, &words(line)).unwrap().to_string(),
                expected,
                "{method}"
            );
        }
    }

    #[test]
    fn names_decide_what_is_json() {
        let rows = [
            (
                "getblock",
                "blockhash=00 verbosity=2",
                r#"{"blockhash":"00","verbosity":2}"#,
            ),
            ("getblock", "00 verbosity=2", r#"{"verbosity":2,"args":["00"]}"#),
            ("getblock", "00 2", r#"{"args":["00",2]}"#),
            ("echo", "arg0=a=b arg0=c", r#"{"arg0":"c"}"#),
            (
                "send",
                "outputs=[] lock_unspents=true estimate_mode=x",
                r#"{"outputs":[],"lock_unspents":true,"estimate_mode":"x"}"#,
            ),
            ("echo", "arg0=", r#"{"arg0":""}"#),
        ];
        for (method, line, expected) in rows {
            assert_eq!(
                named(method, &words(line)).unwrap().to_string(),
                expected,
                "{method} {line}"
            );
        }
        assert!(matches!(
            named("echo", &words("args=[] x")),
            Err(CliError::DuplicateArgs)
        ));
    }

    #[test]
    fn what_is_not_json_is_named() {
        let error = positional("getblockhash", &words("zero")).unwrap_err();
        assert_eq!(error.to_string(), "Error parsing JSON: zero");
        assert!(positional("getblockhash", &["".to_owned()]).is_err());
        assert!(positional("getblockhash", &words("1]")).is_err());
    }

    proptest! {
        #[test]
        fn json_values_pass_unchanged(number in any::<i64>(), text in ".{0,20}") {
            let text = Value::String(text).to_string();
            let params = positional("echojson", &[number.to_string(), text.clone()]).unwrap();
            prop_assert_eq!(params.to_string(), format!("[{number},{text}]"));
        }
    }
}
