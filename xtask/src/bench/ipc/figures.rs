//! What was measured, and what it comes to. Measures nothing.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::median;

/// Who calls, in the words of the figures.
pub(super) const RAW: &str = "raw";
pub(super) const RUST_TO_RUST: &str = "rust_to_rust";
pub(super) const CPP_TO_CPP: &str = "cpp_to_cpp";
pub(super) const RUST_TO_CPP: &str = "rust_to_cpp";
pub(super) const CPP_TO_RUST: &str = "cpp_to_rust";

/// A way to call, measured in microseconds a call.
pub(super) struct Case {
    /// In the figures.
    pub(super) name: &'static str,
    /// What the programs call it.
    pub(super) word: &'static str,
    /// What the programs call the same without Cap'n Proto.
    pub(super) raw: Option<&'static str>,
    /// Whether libmultiprocess can do it: its callers block.
    pub(super) blocks: bool,
    /// The most times that it may take what the raw one takes, or else the fewest calls in a second.
    target: f64,
}

/// All of them.
pub(super) const CASES: [Case; 4] = [
    Case {
        name: "call",
        word: "call",
        raw: Some("raw"),
        blocks: true,
        target: 5.0,
    },
    Case {
        name: "in_flight_64",
        word: "in-flight",
        raw: None,
        blocks: false,
        target: 30_000.0,
    },
    Case {
        name: "threads_64",
        word: "threads",
        raw: None,
        blocks: true,
        target: 25_000.0,
    },
    Case {
        name: "argument_of_1_mib",
        word: "megabyte",
        raw: Some("raw-megabyte"),
        blocks: true,
        target: 1.8,
    },
];

/// Milliseconds that `echoipc` may take.
const ECHOIPC_TARGET: f64 = 30.0;

/// Megabytes that the idle processes may take.
const IDLE_TARGET: f64 = 40.0;

/// Measured values by who called and what, one for each round.
#[derive(Debug, Default)]
pub(super) struct Samples(BTreeMap<(&'static str, &'static str), Vec<f64>>);

impl Samples {
    /// Takes note of one round's value.
    pub(super) fn record(&mut self, caller: &'static str, case: &'static str, value: f64) {
        self.0.entry((caller, case)).or_default().push(value);
    }

    /// Nothing where it was not measured.
    fn median(&self, caller: &'static str, case: &'static str) -> Option<f64> {
        self.0.get(&(caller, case)).cloned().map(median)
    }
}

/// The cases of all callers; nothing for those that could not be measured here.
pub(super) fn calls(samples: &Samples) -> Value {
    let mut figures = Map::new();
    let raw = CASES.iter().filter_map(|case| {
        let median = samples.median(RAW, case.name)?;
        Some((case.name.to_owned(), json!({ "microseconds": rounded(median) })))
    });
    figures.insert(RAW.to_owned(), Value::Object(raw.collect()));
    for caller in [RUST_TO_RUST, CPP_TO_CPP, RUST_TO_CPP, CPP_TO_RUST] {
        let cases: Map<String, Value> = CASES
            .iter()
            .filter_map(|case| Some((case.name.to_owned(), figure(samples, caller, case)?)))
            .collect();
        let measured = !cases.is_empty();
        figures.insert(
            caller.to_owned(),
            if measured {
                Value::Object(cases)
            } else {
                Value::Null
            },
        );
    }
    Value::Object(figures)
}

/// One case of one caller; only ours has a target.
fn figure(samples: &Samples, caller: &'static str, case: &Case) -> Option<Value> {
    let microseconds = samples.median(caller, case.name)?;
    let per_second = 1e6 / microseconds;
    let mut figure = Map::new();
    figure.insert("microseconds".to_owned(), json!(rounded(microseconds)));
    figure.insert("per_second".to_owned(), json!(per_second.round()));
    let ratio = samples.median(RAW, case.name).map(|raw| microseconds / raw);
    if let Some(ratio) = ratio {
        figure.insert("ratio".to_owned(), json!(rounded(ratio)));
    }
    if caller == RUST_TO_RUST {
        let met = ratio.map_or(per_second >= case.target, |ratio| ratio <= case.target);
        figure.insert("target".to_owned(), json!(case.target));
        figure.insert("met".to_owned(), json!(met));
    }
    Some(Value::Object(figure))
}

/// Of a call of `echoipc`, which starts a process: milliseconds for each round.
pub(super) fn echoipc(milliseconds: Vec<f64>) -> Value {
    let milliseconds = median(milliseconds);
    json!({
        "milliseconds": rounded(milliseconds),
        "target": ECHOIPC_TARGET,
        "met": milliseconds <= ECHOIPC_TARGET,
    })
}

/// Of two processes that have nothing to do: KiB of each.
pub(super) fn idle(node: u64, child: u64) -> Value {
    let megabytes = |kibibytes: u64| kibibytes as f64 * 1024.0 / 1e6;
    let together = megabytes(node + child);
    json!({
        "node": rounded(megabytes(node)),
        "child": rounded(megabytes(child)),
        "together": rounded(together),
        "target": IDLE_TARGET,
        "met": together <= IDLE_TARGET,
    })
}

/// To two places, which is more than the machine's noise leaves certain.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(figures: &Value, expected: &Expect) {
        expected.assert_eq(&serde_json::to_string_pretty(figures).unwrap());
    }

    #[test]
    fn each_case_is_held_against_the_raw_one_or_counted() {
        let mut samples = Samples::default();
        for (caller, case, values) in [
            (RAW, "call", [7.0, 9.0, 8.0]),
            (RAW, "argument_of_1_mib", [200.0, 200.0, 200.0]),
            (RUST_TO_RUST, "call", [30.0, 500.0, 40.0]),
            (RUST_TO_RUST, "in_flight_64", [50.0, 50.0, 50.0]),
            (RUST_TO_RUST, "argument_of_1_mib", [361.0, 361.0, 361.0]),
            (CPP_TO_CPP, "threads_64", [800.0, 800.0, 800.0]),
        ] {
            for value in values {
                samples.record(caller, case, value);
            }
        }
        check(
            &calls(&samples),
            &expect![[r#"
                {
                  "raw": {
                    "call": {
                      "microseconds": 8.0
                    },
                    "argument_of_1_mib": {
                      "microseconds": 200.0
                    }
                  },
                  "rust_to_rust": {
                    "call": {
                      "microseconds": 40.0,
                      "per_second": 25000.0,
                      "ratio": 5.0,
                      "target": 5.0,
                      "met": true
                    },
                    "in_flight_64": {
                      "microseconds": 50.0,
                      "per_second": 20000.0,
                      "target": 30000.0,
                      "met": false
                    },
                    "argument_of_1_mib": {
                      "microseconds": 361.0,
                      "per_second": 2770.0,
                      "ratio": 1.81,
                      "target": 1.8,
                      "met": false
                    }
                  },
                  "cpp_to_cpp": {
                    "threads_64": {
                      "microseconds": 800.0,
                      "per_second": 1250.0
                    }
                  },
                  "rust_to_cpp": null,
                  "cpp_to_rust": null
                }"#]],
        );
    }

    #[test]
    fn processes_are_held_to_time_and_memory() {
        check(
            &echoipc(vec![31.0, 5.0, 6.0]),
            &expect![[r#"
                {
                  "milliseconds": 6.0,
                  "target": 30.0,
                  "met": true
                }"#]],
        );
        check(
            &idle(20_000, 20_000),
            &expect![[r#"
                {
                  "node": 20.48,
                  "child": 20.48,
                  "together": 40.96,
                  "target": 40.0,
                  "met": false
                }"#]],
        );
    }
}
