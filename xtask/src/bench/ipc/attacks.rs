//! What a client of a node waits for an answer while others attack the node, beside what it waits without.

use std::collections::BTreeMap;
use std::process::Command;

use miette::{IntoDiagnostic as _, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{median, say};
use super::{Programs, compile, read};
use crate::arguments::bench::IpcBenchArguments;
use crate::site;

/// The most times that a client may wait for what it waits when nobody attacks.
const TARGET: f64 = 2.0;

/// Microseconds until an answer.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Latency {
    alone: f64,
    attacked: f64,
}

/// Measures each attack once a round.
pub(super) fn run(arguments: &IpcBenchArguments, programs: &Programs) -> Result<Value> {
    let site = site::choose(&arguments.depends)?;
    let what = ["-p", "functional-tests", "--bench", "attacks"];
    let driver = compile(&site, arguments, &what, "attacks")?;
    let mut rounds = Vec::new();
    for round in 1..=arguments.rounds {
        say(&format!("attacks, round {round} of {}", arguments.rounds));
        let printed = read(Command::new(&driver).env("SYSCOIN_NODE", &programs.node))?;
        rounds.push(serde_json::from_str(&printed).into_diagnostic()?);
    }
    Ok(figures(&rounds))
}

/// Medians of all rounds, each attack held against the same client before it.
fn figures(rounds: &[BTreeMap<String, Latency>]) -> Value {
    let mut figures = Map::new();
    for name in rounds.iter().flat_map(BTreeMap::keys) {
        let of = |value: fn(&Latency) -> f64| {
            let values = rounds.iter().filter_map(|round| round.get(name)).map(value);
            (median(values.collect()) * 100.0).round() / 100.0
        };
        let ratio = of(|latency| latency.attacked / latency.alone);
        let figure = json!({
            "alone_microseconds": of(|latency| latency.alone),
            "attacked_microseconds": of(|latency| latency.attacked),
            "ratio": ratio,
            "target": TARGET,
            "met": ratio <= TARGET,
        });
        figures.insert(name.clone(), figure);
    }
    Value::Object(figures)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_own_ratios() {
        let round = |alone, attacked| BTreeMap::from([("garbage".to_owned(), Latency { alone, attacked })]);
        let figures = figures(&[round(10.0, 30.0), round(40.0, 60.0), round(20.0, 20.0)]);
        let expected = json!({
            "garbage": {
                "alone_microseconds": 20.0,
                "attacked_microseconds": 30.0,
                "ratio": 1.5,
                "target": 2.0,
                "met": true,
            }
        });
        assert_eq!(figures, expected);
    }
}
