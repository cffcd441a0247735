//! A graph of ten packages and the record of a run that built them, for tests.

use std::time::{Duration, SystemTime};

use depends::digest::Digest;
use depends::graph::{Graph, Node, State};
use depends::observer::{Origin, Phase, Wait};
use depends::plan::Variant;
use depends::record::{Activity, Outcome, Record, Span, UnitRecord};

const HOST: &str = "x86_64-pc-linux-gnu";

/// A row of the table below.
type Row = (&'static str, &'static [usize], &'static [usize], u64, u64);

/// Name, dependencies, native dependencies, begin and length of the build in seconds.
const UNITS: [Row; 10] = [
    ("native_capnp", &[], &[], 2, 180),
    ("native_libmultiprocess", &[0], &[], 190, 20),
    ("capnp", &[], &[0], 184, 200),
    ("libmultiprocess", &[2], &[1], 386, 30),
    ("sqlite", &[], &[], 2, 45),
    ("zeromq", &[], &[], 48, 70),
    ("libevent", &[], &[], 0, 0),
    ("boost", &[], &[], 0, 0),
    ("a-package-with-a-very-long-name", &[4, 5], &[], 120, 25),
    ("<b>&\"'", &[8], &[], 146, 9),
];

pub(super) fn ten_units() -> (Graph, Record) {
    let graph = Graph {
        host: HOST.to_owned(),
        nodes: UNITS.iter().map(node).collect(),
    };
    let record = Record {
        started: SystemTime::UNIX_EPOCH + Duration::from_hours(400_000),
        wall: Duration::from_millis(417_300),
        host: HOST.to_owned(),
        options: vec!["MULTIPROCESS=1".to_owned(), "CFLAGS=-O2 <x>".to_owned()],
        jobs: 2,
        units: UNITS.iter().map(unit).collect(),
    };
    (graph, record)
}

fn node(&(name, dependencies, native_dependencies, _, length): &Row) -> Node {
    Node {
        label: name.to_owned(),
        version: "1.2.3".to_owned(),
        key: Digest::of(name.as_bytes()).short(11),
        machine: if name == "boost" { "any" } else { HOST }.to_owned(),
        native_only: name.starts_with("native_"),
        variant: Variant::Release,
        state: match length {
            9 => State::Damaged("its digest <is> missing".to_owned()),
            25 => State::ToBuild,
            _ => State::Cached { n_bytes: 1 << 20 },
        },
        dependencies: dependencies.to_vec(),
        native_dependencies: native_dependencies.to_vec(),
    }
}

fn unit(&(name, dependencies, native_dependencies, begin, length): &Row) -> UnitRecord {
    let mut spans: Vec<Span> = Vec::new();
    let mut add = |activity, milliseconds: u64| {
        let start = spans.last().map(|span| span.end).unwrap_or_default();
        spans.push(Span {
            activity,
            start,
            end: start + Duration::from_millis(milliseconds),
        });
    };
    if length == 0 {
        add(Activity::Look, 40);
    } else {
        add(Activity::Look, 5);
        add(Activity::Phase(Phase::Fetch), 1500);
        let wait = if dependencies.len() + native_dependencies.len() > 0 {
            Wait::Dependencies
        } else {
            Wait::Processor
        };
        add(Activity::Wait(wait), begin * 1000 - 1505);
        add(Activity::Phase(Phase::Extract), length * 20);
        add(Activity::Phase(Phase::Preprocess), length * 10);
        add(Activity::Phase(Phase::Configure), length * 170);
        add(Activity::Phase(Phase::Build), length * 700);
        add(Activity::Phase(Phase::Stage), length * 50);
        add(Activity::Phase(Phase::Postprocess), length * 20);
        add(Activity::Phase(Phase::Cache), length * 30);
    }
    let needs = dependencies.iter().chain(native_dependencies);
    UnitRecord {
        label: name.to_owned(),
        version: "1.2.3".to_owned(),
        key: Digest::of(name.as_bytes()),
        machine: HOST.to_owned(),
        needs: needs.map(|index| UNITS[*index].0.to_owned()).collect(),
        outcome: match length {
            0 => Outcome::Ready(Origin::Cache),
            9 => Outcome::Failed("make ended with exit status: 2 <&>".to_owned()),
            _ => Outcome::Ready(Origin::Build),
        },
        spans,
        cpu: (length > 0).then(|| Duration::from_millis(length * 900)),
        isolation: (length > 0).then(|| "full".to_owned()),
        n_bytes: (length != 9).then_some(1 << 20),
    }
}
