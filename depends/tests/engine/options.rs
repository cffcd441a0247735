//! What options select, and what the engine says of itself.

use crate::support::{Package, World, assert_says, expect_success, told};

const RULES: &str = r#"
[feature.multiple]
enabled-by = "MULTIPLE"
packages = ["ipc"]
native-packages = ["ipc"]
tools = { gen = "bin/gen" }

[feature.wallet]
disabled-by = ["NO_WALLET"]
packages = ["store"]

[feature.gui]
disabled-by = ["NO_QT"]
not-carried = "there is no package qt yet"
"#;

/// Options by name and value.
type Arguments<'a> = &'a [(&'a str, &'a str)];

fn world() -> World {
    let world = World::new([
        Package::headers("ipc").needs(&["base"]),
        Package::headers("base"),
        Package::library("store", "int store(void) { return 1; }\n"),
        Package::headers("extra"),
    ]);
    world.write("packages/selection.toml", RULES);
    world
}

#[test]
fn options_select_features_and_their_packages() {
    let rows: [(Arguments<'_>, &str, &str); 6] = [
        (&[], "store", ""),
        (&[("MULTIPLE", "1")], "base ipc store", "base ipc"),
        (&[("MULTIPLE", "0")], "store", ""),
        (&[("MULTIPLE", "")], "store", ""),
        (&[("NO_WALLET", "1"), ("MULTIPLE", "yes")], "base ipc", "base ipc"),
        (&[("NO_WALLET", "off")], "store", ""),
    ];
    let world = world();
    for (options, packages, native) in rows {
        let engine = world.run().options(options).engine();
        let variable = |name| expect_success(engine.variable(name)).unwrap();
        assert_eq!(variable("packages"), packages, "{options:?}");
        assert_eq!(variable("native_packages"), native, "{options:?}");
    }
}

#[test]
fn the_profile_says_what_was_selected_and_built() {
    let world = world();
    let run = world.run().option("MULTIPLE", "1");
    let installed = run.install();
    let text = fs_err::read_to_string(&installed.profile).unwrap();
    assert!(!text.contains(world.base().to_str().unwrap()), "{text}");
    let profile: toml::Table = text.parse().unwrap();
    assert_eq!(profile["features"]["multiple"].as_bool(), Some(true));
    assert_eq!(profile["features"]["wallet"].as_bool(), Some(true));
    assert_eq!(profile["features"]["gui"].as_bool(), Some(false));
    assert_eq!(profile["packages"]["ipc"]["version"].as_str(), Some("1.0"));
    let key = run.unit("ipc").key.to_string();
    assert_eq!(profile["packages"]["ipc"]["key"].as_str(), Some(key.as_str()));
    assert_eq!(profile["tools"]["gen"].as_str(), Some("native/bin/gen"));
}

#[test]
fn a_switch_that_is_off_by_its_value_is_said_to_be() {
    let world = world();
    for value in ["0", "no", "off"] {
        let run = world.run().option("MULTIPLE", value);
        run.try_engine()
            .unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_says(
            &run.recorder.warnings(),
            &[&format!("MULTIPLE={value} is taken as off")],
        );
    }
    for value in ["", "1", "yes"] {
        let run = world.run().option("MULTIPLE", value);
        run.try_engine()
            .unwrap_or_else(|error| panic!("{}", told(&error)));
        assert_eq!(run.recorder.warnings(), "", "{value}");
    }
}

#[test]
fn an_option_for_what_is_not_carried_is_accepted_and_said_to_have_no_effect() {
    let world = world();
    let run = world.run().option("NO_QT", "1");
    let packages = expect_success(run.engine().variable("packages"));
    assert_eq!(packages.as_deref(), Some("store"));
    assert_says(
        &run.recorder.warnings(),
        &["NO_QT has no effect: there is no package qt yet"],
    );
}

#[test]
fn a_switch_of_the_rules_is_no_option_elsewhere() {
    let world = World::new([Package::headers("a")]);
    let error = world.run().option("MULTIPLE", "1").try_engine().err().unwrap();
    assert_says(&told(&error), &["there is no option MULTIPLE"]);
}

#[test]
fn variables_are_printed_and_unknown_ones_are_none() {
    let world = world();
    let run = world
        .run()
        .option("MULTIPLE", "1")
        .option("SOURCES_PATH", world.path("mine"));
    let engine = run.engine();
    let base = world.base().display().to_string();
    let rows = [
        ("HOST", Some(engine.host().triplet.clone())),
        ("BUILD", Some(engine.build_machine().triplet.clone())),
        ("SOURCES_PATH", Some(world.path("mine").display().to_string())),
        ("BASE_CACHE", Some(format!("{base}/built"))),
        ("WORK_PATH", Some(format!("{base}/work"))),
        ("MULTIPLE", Some("1".to_owned())),
        ("C_STANDARD", Some("c11".to_owned())),
        ("CXX_STANDARD", Some("c++20".to_owned())),
        ("DOWNLOAD_CONNECT_TIMEOUT", Some("30".to_owned())),
        ("DEBUG", Some(String::new())),
        ("ipc_version", Some("1.0".to_owned())),
        (
            "ipc_build_id",
            Some(run.unit("ipc").key.to_string()[..11].to_owned()),
        ),
        (
            "native_ipc_build_id",
            Some(run.unit("native_ipc").key.to_string()[..11].to_owned()),
        ),
        (
            "ipc_cached",
            Some(run.cached("ipc", "tar.gz").display().to_string()),
        ),
        ("no_such_build_id", None),
        ("NO_SUCH_THING", None),
    ];
    for (name, expected) in rows {
        assert_eq!(expect_success(engine.variable(name)), expected, "{name}");
    }
    assert_eq!(world.server.requests(), [""; 0]);
}

#[test]
fn the_final_id_covers_every_package_and_nothing_else() {
    let world = world();
    let id = |options: Arguments<'_>| {
        let engine = world.run().options(options).engine();
        expect_success(engine.variable("final_build_id")).unwrap()
    };
    let original = id(&[]);
    assert_eq!(original.len(), 64);
    assert_eq!(id(&[("V", "1"), ("LOG", "1"), ("NO_QT", "1")]), original);
    for option in ["MULTIPLE", "NO_WALLET", "DEBUG", "HOST_ID_SALT"] {
        assert_ne!(id(&[(option, "1")]), original, "{option}");
    }
}

#[test]
fn a_package_that_does_not_exist_is_refused_with_the_nearest() {
    let world = world();
    let error = world.run().engine().build_package("stoer", None).unwrap_err();
    assert_says(
        &told(&error),
        &["there is no package stoer", "did you mean store?"],
    );
    let error = world
        .run()
        .engine()
        .build_package("native_ipcc", None)
        .unwrap_err();
    assert_says(
        &told(&error),
        &["there is no package native_ipcc", "did you mean ipc?"],
    );
}

#[test]
fn a_package_that_the_platform_does_not_have_is_left_out_and_the_reason_is_told() {
    let world = World::new([
        Package::headers("a").end("[when.'cfg(unix)']\nunsupported = \"it is for others\""),
        Package::headers("b").needs(&["a"]),
        Package::headers("c"),
    ]);
    let run = world.run();
    run.install();
    assert_eq!(run.recorder.built(), ["c"]);
    for (name, reason) in [
        ("a", "it is for others"),
        ("b", "it needs a, which is not there: it is for others"),
    ] {
        let error = world.run().engine().build_package(name, None).unwrap_err();
        assert_says(&told(&error), &[name, reason]);
    }
}

#[test]
fn a_package_whose_native_tool_the_platform_does_not_have_is_left_out_as_well() {
    let world = World::new([
        Package::headers("tool").end("[when.'cfg(unix)']\nunsupported = \"it is for others\""),
        Package::headers("user").needs_native(&["tool"]),
        Package::headers("c"),
    ]);
    let run = world.run();
    run.install();
    assert_eq!(run.recorder.built(), ["c"]);
}

#[test]
fn each_salt_moves_the_packages_of_its_own_side() {
    let world = World::new([
        Package::library("lib", "int lib;\n"),
        Package::headers("user").needs_native(&["lib"]),
    ]);
    let keys = |options: Arguments<'_>| {
        let run = world.run().options(options);
        [run.unit("lib").key, run.unit("native_lib").key]
    };
    let [host, native] = keys(&[]);
    let [other_host, same_native] = keys(&[("HOST_ID_SALT", "x")]);
    assert_eq!((other_host == host, same_native), (false, native));
    let [same_host, other_native] = keys(&[("BUILD_ID_SALT", "x")]);
    assert_eq!((same_host, other_native == native), (host, false));
    assert_eq!(
        keys(&[("HOST_ID_SALT", "salt"), ("BUILD_ID_SALT", "")]),
        [host, native]
    );
}

#[test]
fn packages_of_the_system_are_allowed_in_the_profile_and_change_no_package() {
    let world = world();
    let id = |run: &crate::support::Run| expect_success(run.engine().variable("final_build_id"));
    let (without, with) = (world.run(), world.run().option("ALLOW_HOST_PACKAGES", "1"));
    assert_eq!(id(&without), id(&with));
    for (run, expected) in [(without, false), (with, true)] {
        let installed = run.install();
        assert!(installed.changed, "{expected}");
        let profile: toml::Table = fs_err::read_to_string(&installed.profile)
            .unwrap()
            .parse()
            .unwrap();
        assert_eq!(profile["search"]["allow-host-packages"].as_bool(), Some(expected));
    }
}

#[test]
fn the_path_of_sdks_is_said_to_have_no_effect() {
    let world = world();
    let run = world.run().option("SDK_PATH", world.path("sdk"));
    expect_success(run.try_engine());
    assert_says(&run.recorder.warnings(), &["SDK_PATH has no effect"]);
}
