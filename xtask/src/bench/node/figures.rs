//! What was measured, and what it comes to. Measures nothing.

use serde_json::{Map, Value, json};

use super::super::median;

/// What a figure should be.
#[derive(Debug, Clone, Copy)]
enum Target {
    AtMost(f64),
    AtLeast(f64),
}

/// Of each daemon, in the words of the driver.
const CASES: [(&str, Target); 7] = [
    ("first_answer_milliseconds", Target::AtMost(100.0)),
    ("start_seconds", Target::AtMost(1.0)),
    ("idle_megabytes", Target::AtMost(40.0)),
    ("idle_threads", Target::AtMost(12.0)),
    ("reindexed_blocks_per_second", Target::AtLeast(3_000.0)),
    ("getblockcount_per_second", Target::AtLeast(30_000.0)),
    ("getblock_per_second", Target::AtLeast(500.0)),
];

/// Of the connecting of a block, in times that its signatures alone take.
const CONNECT: Target = Target::AtMost(1.25);

/// Which part of the calls that the one process answers, several processes answer at least.
const SEVERAL_TO_ONE: Target = Target::AtLeast(0.95);

/// Figures in which several processes are held against one.
const COMPARED: [&str; 2] = ["getblockcount_per_second", "getblock_per_second"];

/// The processes that figures of idle daemons are about.
const PROCESSES: &str = "idle_processes";

/// What one round measured.
pub(super) struct Round {
    /// Seconds for a block, and for its signatures alone.
    pub(super) connect: Vec<[f64; 2]>,
    /// Figures by their names, for each daemon.
    pub(super) daemons: Map<String, Value>,
}

impl Round {
    fn figure(&self, daemon: &str, name: &str) -> Option<f64> {
        self.daemons.get(daemon)?.get(name)?.as_f64()
    }
}

/// Medians of all rounds, with the targets if this is to be held against them.
pub(super) fn of(rounds: &[Round], has_targets: bool) -> Value {
    let figure = |values: Vec<f64>, target| figure(values, has_targets.then_some(target));
    let turns: Vec<_> = rounds.iter().flat_map(|round| &round.connect).collect();
    let seconds = |number: usize| rounded(median(turns.iter().map(|turn| turn[number]).collect()), 1e4);
    let mut figures = Map::new();
    figures.insert("processors".to_owned(), json!(processors()));
    figures.insert("rounds".to_owned(), json!(rounds.len()));
    figures.insert(
        "connect".to_owned(),
        json!({
            "seconds": seconds(0),
            "signatures_alone_seconds": seconds(1),
            "ratio": figure(turns.iter().map(|turn| turn[0] / turn[1]).collect(), CONNECT),
        }),
    );
    let daemons: Vec<_> = rounds
        .last()
        .into_iter()
        .flat_map(|round| round.daemons.keys())
        .collect();
    for daemon in &daemons {
        let mut of_daemon = Map::new();
        for (name, target) in CASES {
            let values: Vec<_> = rounds
                .iter()
                .filter_map(|round| round.figure(daemon, name))
                .collect();
            if !values.is_empty() {
                of_daemon.insert(name.to_owned(), figure(values, target));
            }
        }
        let last = rounds
            .last()
            .and_then(|round| round.daemons[*daemon].get(PROCESSES));
        of_daemon.insert(PROCESSES.to_owned(), last.cloned().unwrap_or_default());
        figures.insert((*daemon).clone(), of_daemon.into());
    }
    if let [one, several] = daemons[..] {
        let mut ratios = Map::new();
        for name in COMPARED {
            let of_rounds = rounds
                .iter()
                .filter_map(|round| Some(round.figure(several, name)? / round.figure(one, name)?));
            let of_rounds: Vec<_> = of_rounds.collect();
            if !of_rounds.is_empty() {
                ratios.insert(name.to_owned(), figure(of_rounds, SEVERAL_TO_ONE));
            }
        }
        figures.insert(format!("{several}_to_{one}"), ratios.into());
    }
    figures.into()
}

/// A median, with the least and the most; and whether it is what it should be, if there is such a thing.
fn figure(values: Vec<f64>, target: Option<Target>) -> Value {
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    let median = median(values);
    let mut figure = Map::new();
    let mut insert = |name: &str, value: Value| figure.insert(name.to_owned(), value);
    for (name, value) in [("median", median), ("least", least), ("most", most)] {
        insert(name, json!(rounded(value, 1e2)));
    }
    if let Some(target) = target {
        let (name, value, is_met) = match target {
            Target::AtMost(value) => ("at_most", value, median <= value),
            Target::AtLeast(value) => ("at_least", value, median >= value),
        };
        insert(name, json!(value));
        insert("met", json!(is_met));
    }
    figure.into()
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(connect: [f64; 2], one: f64, several: f64) -> Round {
        let daemons = json!({
            "one": {"getblockcount_per_second": one, "idle_processes": []},
            "several": {"getblockcount_per_second": several, "idle_megabytes": 41.0, "idle_processes": []},
        });
        Round {
            connect: vec![connect],
            daemons: serde_json::from_value(daemons).unwrap(),
        }
    }

    fn rounds() -> [Round; 3] {
        [
            round([1.0, 1.0], 30_000.0, 28_500.0),
            round([3.0, 2.0], 10_000.0, 9_000.0),
            round([0.5, 0.4], 50_000.0, 50_000.0),
        ]
    }

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_own_ratios() {
        let figures = of(&rounds(), true);
        let connect = json!({"median": 1.25, "least": 1.0, "most": 1.5, "at_most": 1.25, "met": true});
        assert_eq!(figures["connect"]["ratio"], connect);
        let compared = json!({"median": 0.95, "least": 0.9, "most": 1.0, "at_least": 0.95, "met": true});
        assert_eq!(figures["several_to_one"]["getblockcount_per_second"], compared);
    }

    #[test]
    fn medians_are_held_against_their_targets() {
        let figures = of(&rounds(), true);
        for (daemon, name, is_met) in [
            ("one", "getblockcount_per_second", true),
            ("several", "getblockcount_per_second", false),
            ("several", "idle_megabytes", false),
        ] {
            assert_eq!(figures[daemon][name]["met"], is_met, "{daemon} {name}");
        }
        assert_eq!(figures["one"].get("idle_megabytes"), None);
    }

    #[test]
    fn without_targets_nothing_is_met_or_missed() {
        let text = of(&rounds(), false).to_string();
        assert!(!text.contains("met") && !text.contains("at_"), "{text}");
    }
}
