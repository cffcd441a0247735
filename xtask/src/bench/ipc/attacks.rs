//! What a client of a node waits for an answer while others attack the node, beside what it waits without.

use std::collections::BTreeMap;
use std::process::Command;

use miette::{IntoDiagnostic as _, Result};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::super::{Profile, compile, median, say};
use super::{Programs, read};
use crate::arguments::bench::IpcBenchArguments;
use crate::site;

/// The most times that a client may wait for what it waits when nobody attacks.
const TARGET: f64 = 2.0;

/// Microseconds until an answer.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Latency {
    median: f64,
    mean: f64,
}

/// The same under an attack.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Attacked {
    median: f64,
    mean: f64,
    attacks_per_second: f64,
}

/// What one round measured of one attack.
#[derive(Debug, Clone, Copy, Deserialize)]
struct Measured {
    alone: Latency,
    /// From another processor than the node's, where there is one.
    other_processor: Option<Attacked>,
    /// From the node's own.
    same_processor: Option<Attacked>,
}

/// Measures each attack once a round.
pub(super) fn run(arguments: &IpcBenchArguments, programs: &Programs) -> Result<Value> {
    let site = site::choose(&arguments.depends)?;
    let what = ["-p", "functional-tests", "--bench", "attacks"];
    let driver = compile(&site, &arguments.depends, Profile::Release, &what, "attacks")?;
    let mut rounds = Vec::new();
    for round in 1..=arguments.rounds {
        say(&format!("attacks, round {round} of {}", arguments.rounds));
        let printed = read(Command::new(&driver).env("SYSCOIN_NODE", &programs.node))?;
        rounds.push(serde_json::from_str(&printed).into_diagnostic()?);
    }
    Ok(figures(&rounds))
}

/// Medians of all rounds, each attack held against the same client before it.
fn figures(rounds: &[BTreeMap<String, Measured>]) -> Value {
    let mut figures = Map::new();
    for name in rounds.iter().flat_map(BTreeMap::keys) {
        let of_attack: Vec<_> = rounds.iter().filter_map(|round| round.get(name)).collect();
        let alone = of_attack.iter().map(|measured| measured.alone.median);
        let (other, is_other_met) = from_processor(&of_attack, |measured| measured.other_processor);
        let (same, is_same_met) = from_processor(&of_attack, |measured| measured.same_processor);
        let figure = json!({
            "alone_microseconds": middle(alone),
            "other_processor": other,
            "same_processor": same,
            "target": TARGET,
            "met": is_other_met && is_same_met,
        });
        figures.insert(name.clone(), figure);
    }
    Value::Object(figures)
}

/// What comes of an attack from one processor, with whether the target is met there; null where nothing was measured.
fn from_processor(rounds: &[&Measured], get: fn(&Measured) -> Option<Attacked>) -> (Value, bool) {
    let rounds: Vec<_> = rounds
        .iter()
        .filter_map(|measured| Some((measured.alone, get(measured)?)))
        .collect();
    if rounds.is_empty() {
        return (Value::Null, true);
    }
    let of = |value: fn(&(Latency, Attacked)) -> f64| middle(rounds.iter().map(value));
    let ratio = of(|(alone, attacked)| attacked.median / alone.median);
    let figure = json!({
        "microseconds": of(|(_, attacked)| attacked.median),
        "ratio": ratio,
        "ratio_of_means": of(|(alone, attacked)| attacked.mean / alone.mean),
        "attacks_per_second": of(|(_, attacked)| attacked.attacks_per_second),
    });
    (figure, ratio <= TARGET)
}

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    (median(values.collect()) * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(alone: f64, other: Option<f64>, same: f64) -> BTreeMap<String, Measured> {
        let attacked = |median| Attacked {
            median,
            mean: 3.0 * median,
            attacks_per_second: 7.0,
        };
        let measured = Measured {
            alone: Latency {
                median: alone,
                mean: 2.0 * alone,
            },
            other_processor: other.map(attacked),
            same_processor: Some(attacked(same)),
        };
        BTreeMap::from([("garbage".to_owned(), measured)])
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_own_ratios() {
        let figures = figures(&[
            round(10.0, Some(10.0), 30.0),
            round(40.0, Some(40.0), 60.0),
            round(20.0, Some(20.0), 20.0),
        ]);
        let expected = json!({
            "garbage": {
                "alone_microseconds": 20.0,
                "other_processor": {
                    "microseconds": 20.0,
                    "ratio": 1.0,
                    "ratio_of_means": 1.5,
                    "attacks_per_second": 7.0,
                },
                "same_processor": {
                    "microseconds": 30.0,
                    "ratio": 1.5,
                    "ratio_of_means": 2.25,
                    "attacks_per_second": 7.0,
                },
                "target": 2.0,
                "met": true,
            }
        });
        assert_eq!(figures, expected);
    }

    #[test]
    fn a_target_is_met_when_it_is_from_each_processor_that_there_is() {
        let is_met = |other, same| figures(&[round(10.0, other, same)])["garbage"]["met"] == true;
        assert!(is_met(Some(20.0), 20.0) && is_met(None, 20.0));
        assert!(!is_met(Some(21.0), 20.0) && !is_met(Some(20.0), 21.0) && !is_met(None, 21.0));
    }
}
