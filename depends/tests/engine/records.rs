//! Each run leaves a record of what it did with each package.

use std::time::{Duration, Instant};

use depends::observer::{Origin, Phase, Wait};
use depends::record::{Activity, Outcome, Record, UnitRecord};

use crate::support::{Package, Run, World, assert_says, files};

fn world() -> World {
    let busy = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done\n";
    World::new([
        Package::headers("a"),
        Package::phases("b", "", busy, "echo b > $out/b").needs(&["a"]),
    ])
}

fn last(run: &Run) -> Record {
    run.engine().records().list().swap_remove(0)
}

fn unit<'a>(record: &'a Record, label: &str) -> &'a UnitRecord {
    record.units.iter().find(|unit| unit.label == label).unwrap()
}

#[track_caller]
fn assert_has_no_gaps(record: &Record) {
    for unit in &record.units {
        let mut end = Duration::ZERO;
        for span in &unit.spans {
            assert_eq!(span.start, end, "{unit:?}");
            assert!(span.end >= span.start, "{unit:?}");
            end = span.end;
        }
        assert!(end <= record.wall, "{unit:?}");
    }
}

#[test]
fn a_record_says_what_was_built_and_what_it_cost() {
    let world = world();
    let run = world.run().option("DEBUG", "1");
    run.install();
    let record = last(&run);
    assert_has_no_gaps(&record);
    assert_eq!(record.host, run.plan().host.triplet);
    assert_eq!(
        (record.jobs, record.options.as_slice()),
        (2, &["DEBUG=1".to_owned()][..])
    );
    let labels: Vec<&str> = record.units.iter().map(|unit| unit.label.as_str()).collect();
    assert_eq!(labels, ["a", "b"]);
    let b = unit(&record, "b");
    assert_eq!(b.outcome, Outcome::Ready(Origin::Build));
    assert_eq!((b.key, &b.needs), (run.unit("b").key, &vec!["a".to_owned()]));
    let size = fs_err::metadata(run.cached("b", "tar.gz")).unwrap().len();
    assert_eq!(b.n_bytes, Some(size));
    let build = b
        .spans
        .iter()
        .find(|span| span.activity == Activity::Phase(Phase::Build));
    let build = build.unwrap();
    if cfg!(target_os = "linux") {
        // The shell counts for longer than a clock's tick, and nothing runs beside it in its package.
        let cpu = b.cpu.unwrap();
        assert!(cpu > Duration::ZERO, "{b:?}");
        assert!(cpu < build.end - build.start + Duration::from_secs(1), "{b:?}");
    }
    let waited = b
        .spans
        .iter()
        .find(|span| span.activity == Activity::Wait(Wait::Dependencies));
    assert!(waited.unwrap().end >= unit(&record, "a").end());
    assert_eq!(record.critical_path(), [0, 1]);

    fs_err::remove_dir_all(run.install().prefix).unwrap();
    run.install();
    let record = last(&run);
    for unit in &record.units {
        assert_eq!(unit.outcome, Outcome::Ready(Origin::Cache));
        assert_eq!((unit.cpu, unit.spans.len()), (None, 1));
    }
    let newest_build = run.engine().records().last(&record.host).unwrap();
    assert_eq!(unit(&newest_build, "b").outcome, Outcome::Ready(Origin::Build));
}

#[test]
fn a_run_with_nothing_to_do_leaves_no_record() {
    let world = world();
    let run = world.run();
    run.install();
    run.install();
    assert_eq!(run.engine().records().list().len(), 1);
}

#[test]
fn a_record_names_the_package_that_failed_and_those_that_were_ended_with_it() {
    let world = world();
    world.add(&Package::script("a", "exit 3"));
    let run = world.run();
    run.failure();
    let record = last(&run);
    assert_has_no_gaps(&record);
    let Outcome::Failed(reason) = &unit(&record, "a").outcome else {
        panic!("{record:?}");
    };
    assert_says(reason, &["a"]);
    assert_eq!(unit(&record, "b").outcome, Outcome::Cancelled);
    let key = run.unit("a").key;
    assert_eq!(run.engine().records().preimage(key), Some(run.unit("a").preimage));
}

#[test]
fn waiting_for_another_run_is_told_from_building() {
    let world = World::new([Package::headers("a")]);
    let other = world.run().base(world.path("other"));
    other.install();
    let run = world.run();
    let key = run.unit("a").key;
    let lock = world.write(&format!("base/work/locks/{key}.lock"), "");
    let lock = fs_err::File::open(lock).unwrap().into_parts().0;
    lock.lock().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| run.install());
        let deadline = Instant::now() + Duration::from_secs(60);
        while !run.recorder.warnings().contains("another run builds a") {
            assert!(Instant::now() < deadline, "the lock is not waited for");
            std::thread::yield_now();
        }
        let (from, to) = (world.path("other/built"), world.path("base/built"));
        for file in files(&from) {
            fs_err::create_dir_all(to.join(&file).parent().unwrap()).unwrap();
            fs_err::copy(from.join(&file), to.join(&file)).unwrap();
        }
        lock.unlock().unwrap();
    });
    let record = last(&run);
    let a = unit(&record, "a");
    assert_eq!(a.outcome, Outcome::Ready(Origin::OtherRun));
    let last_span = a.spans.last().unwrap();
    assert_eq!(last_span.activity, Activity::Wait(Wait::OtherRun));
}

#[test]
fn a_record_that_cannot_be_kept_stops_nothing() {
    let world = world();
    world.write("base/work/records", "in the way");
    let run = world.run();
    assert!(run.install().changed);
    assert_says(&run.recorder.warnings(), &["the record of this run is not kept"]);
    assert!(run.engine().records().list().is_empty());
}

#[test]
fn what_is_no_record_is_passed_over_and_old_records_are_forgotten() {
    let world = World::new([Package::headers("a")]);
    let unreadable = world.write("base/work/records/runs/00000000000000000000-1.json", "{");
    let salted = |salt: &str| world.run().option("HOST_ID_SALT", salt);
    for salt in std::iter::once("old").chain(["new"; 40]) {
        let run = salted(salt);
        let prefix = run.engine().layout().prefix(&run.plan().host.triplet);
        if prefix.exists() {
            fs_err::remove_dir_all(prefix).unwrap();
        }
        run.install();
    }
    let records = salted("new").engine().records();
    let list = records.list();
    assert_eq!(list.len(), 40);
    assert!(list.windows(2).all(|pair| pair[0].started > pair[1].started));
    assert!(!unreadable.exists());
    let preimage = |salt: &str| records.preimage(salted(salt).unit("a").key);
    assert_eq!(preimage("old"), None);
    assert_eq!(preimage("new"), Some(salted("new").unit("a").preimage));
}
