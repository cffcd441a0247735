//! The key of a CI cache moves when and only when the key of any package or the host does.

use depends::digest::Digest;

use crate::support::{Package, Run, World};

/// The printed value, and what it should stand for: the host and all keys with their labels.
fn state(run: &Run) -> (String, (String, Vec<(String, Digest)>)) {
    let printed = run.engine().variable("final_build_id").unwrap().unwrap();
    let plan = run.plan();
    let keys = plan.units.iter().map(|unit| (unit.label(), unit.key)).collect();
    (printed, (plan.host.triplet.clone(), keys))
}

#[test]
fn the_final_id_moves_when_and_only_when_a_key_or_the_host_does() {
    let package = || Package::library("p", "int p(void) { return 1; }\n").needs_native(&["tool"]);
    let world = World::new([package(), Package::library("tool", "int t;\n")]);
    let cross = [
        ("HOST", "aarch64-linux-gnu"),
        ("CC", "gcc -D__aarch64__=1"),
        ("CXX", "g++ -D__aarch64__=1"),
        ("AR", "ar"),
        ("RANLIB", "ranlib"),
        ("NM", "nm"),
        ("STRIP", "strip"),
    ];
    let runs = || {
        let moving: [&[(&str, &str)]; 8] = [
            &[],
            &[("DEBUG", "1")],
            &[("CFLAGS", "-O0")],
            &[("HOST_ID_SALT", "pepper")],
            &[("BUILD_ID_SALT", "pepper")],
            &cross,
            &[("LOG", "1"), ("V", "1")],
            &[("DEBUG", "0")],
        ];
        let mut runs: Vec<Run> = moving
            .iter()
            .map(|options| world.run().options(options))
            .collect();
        runs.extend([
            world.run().jobs(7),
            world.run().offline(),
            world.run().base(world.path("elsewhere")),
            world.run().option("BASE_CACHE", world.path("cache")),
        ]);
        runs
    };
    let mut states: Vec<_> = runs().iter().map(state).collect();
    let same = states.iter().filter(|other| other.0 == states[0].0).count();
    assert_eq!(same, 7, "{states:?}");
    world.add(&package().version("2"));
    states.push(state(&world.run()));
    world.add(&package());
    world.add(&Package::library("tool", "int t = 1;\n"));
    states.push(state(&world.run()));
    // A package more, which nothing else needs.
    world.add(&Package::headers("more"));
    states.push(state(&world.run()));
    for (printed, inputs) in &states {
        for (other_printed, other_inputs) in &states {
            assert_eq!(
                printed == other_printed,
                inputs == other_inputs,
                "{inputs:?}\n{other_inputs:?}"
            );
        }
    }
}

#[test]
fn the_host_alone_moves_it_where_all_packages_are_for_every_platform() {
    let world = World::new([Package::headers("p")]);
    let tools = ["CC", "CXX", "AR", "RANLIB", "NM", "STRIP"];
    let programs = [
        "gcc -D__aarch64__=1",
        "g++ -D__aarch64__=1",
        "ar",
        "ranlib",
        "nm",
        "strip",
    ];
    let run = tools
        .iter()
        .zip(programs)
        .fold(world.run(), |run, (tool, program)| run.option(tool, program));
    let (here, (_, keys)) = state(&run);
    let (there, (_, other_keys)) = state(&run.option("HOST", "aarch64-linux-gnu"));
    assert_eq!(keys, other_keys);
    assert_ne!(here, there);
}
