//! A build reaches nothing that its recipe does not declare, under each kind of isolation.

use std::path::{Path, PathBuf};

use crate::support::{Package, Run, World, assert_says};

/// The kinds of isolation that this machine must offer for these tests.
const CONFINED: [&str; 2] = ["namespaces", "landlock"];

fn confined(world: &World, isolation: &str) -> Run {
    world.run().option("SANDBOX", isolation)
}

/// A header of this system that belongs to no compiler and no C library; made, and removed again, where there is none.
struct ForeignHeader {
    name: String,
    made: Option<PathBuf>,
}

impl ForeignHeader {
    fn find() -> Self {
        for name in ["zlib.h", "curses.h", "expat.h", "lzma.h"] {
            if Path::new("/usr/include").join(name).is_file() {
                return Self {
                    name: name.to_owned(),
                    made: None,
                };
            }
        }
        let name = format!("depends-test-{}.h", std::process::id());
        let made = Path::new("/usr/local/include").join(&name);
        fs_err::write(&made, "").expect("this test needs root, or a library's headers in /usr/include");
        Self {
            name,
            made: Some(made),
        }
    }
}

impl Drop for ForeignHeader {
    fn drop(&mut self) {
        if let Some(made) = &self.made {
            let _ = fs_err::remove_file(made);
        }
    }
}

/// A library whose one file includes `header`.
fn includes(header: &str) -> Package {
    Package::library(
        "p",
        &format!("#include <{header}>\nint p(void) {{ return 1; }}\n"),
    )
}

#[test]
fn a_header_of_the_system_that_no_recipe_brought_is_refused_with_the_reason() {
    let header = ForeignHeader::find();
    for isolation in CONFINED {
        let world = World::new([includes(&header.name)]);
        let message = confined(&world, isolation).failure();
        let reason = format!("{} is not of a declared dependency", header.name);
        assert_says(&message, &["Build of p failed", &reason, "`dependencies`"]);

        // The C library's own are there, and so is the header of a package that is declared.
        world.add(&includes("stdio.h"));
        confined(&world, isolation).install();
    }
}

#[test]
fn a_header_of_a_package_that_is_not_declared_is_refused_with_its_package() {
    for isolation in CONFINED {
        let world = World::new([Package::headers("brought"), Package::headers("z").needs(&["p"])]);
        world.add(&includes("stdio.h"));
        confined(&world, isolation).install();
        world.add(&includes("brought.h"));
        let message = confined(&world, isolation).failure();
        assert_says(
            &message,
            &["brought.h is of the package brought, which the recipe does not name"],
        );
        world.add(&includes("brought.h").needs(&["brought"]));
        confined(&world, isolation).install();
    }
}

#[test]
fn a_download_is_refused_with_the_reason() {
    for isolation in CONFINED {
        let world = World::new([]);
        let address = world.server.url("").replace("http://", "");
        let (host, port) = address.trim_end_matches('/').split_once(':').unwrap();
        // bash is there wherever Debian is, and needs no other program for a connection.
        let script = format!("bash -c 'exec 3<>/dev/tcp/{host}/{port}' && touch $out/connected");
        world.add(&Package::script("p", &script));
        let message = confined(&world, isolation).failure();
        assert_says(
            &message,
            &["Stage of p failed", "builds have no network", "`sandbox.network`"],
        );

        let declared = "[sandbox]\nnetwork = \"its server is part of the test\"";
        world.add(&Package::script("p", &script).end(declared));
        let run = confined(&world, isolation);
        assert!(run.install().prefix.join("connected").is_file());
        let warnings = run.recorder.warnings();
        assert_says(
            &warnings,
            &["p is built with the network: its server is part of the test"],
        );
    }
}

#[test]
fn a_write_to_home_is_refused_with_the_reason() {
    let world = World::new([Package::script("p", "touch $HOME/.cache; touch $out/x")]);
    for isolation in CONFINED {
        let message = confined(&world, isolation).failure();
        assert_says(
            &message,
            &["Stage of p failed", "home directory is not one of them", ".cache"],
        );
    }
    // Without a sandbox, the build gets to its end, and is refused then.
    let message = confined(&world, "off").failure();
    assert_says(&message, &["the build of p wrote .cache to its home directory"]);
}

#[test]
fn a_build_reads_and_writes_nothing_outside_its_own_directories() {
    let world = World::new([Package::headers("d")]);
    let secret = world.write("secret", "secret");
    let rows = [
        format!("cat {} > $out/x", secret.display()),
        format!("echo leak > {}", world.path("leak").display()),
        "echo leak > /usr/include/leak.h".to_owned(),
        "echo leak > /etc/leak".to_owned(),
        "echo leak > {dependencies}/include/d.h".to_owned(),
        "chmod u+w {dependencies}/include; echo leak > {dependencies}/include/leak.h".to_owned(),
        "echo leak > $(dirname {build})/leak".to_owned(),
        format!("ls {} > $out/x", world.recipes().display()),
    ];
    for isolation in CONFINED {
        for script in &rows {
            world.add(&Package::script("p", &format!("{script}\ntouch $out/y")).needs(&["d"]));
            let run = confined(&world, isolation).try_install();
            assert!(run.is_err(), "{isolation}: {script}");
            assert!(!world.path("leak").exists(), "{isolation}: {script}");
        }
    }
    assert!(!Path::new("/usr/include/leak.h").exists());
}

#[test]
fn a_path_that_is_declared_is_read_and_told() {
    let world = World::new([]);
    let sdk = world.write("sdk/version", "12");
    let sdk = sdk.parent().unwrap();
    let package =
        |end: &str| Package::script("p", &format!("cat {}/version > $out/version", sdk.display())).end(end);
    let declared = format!("[sandbox.read]\n{sdk:?} = \"it is built against an SDK\"");
    for isolation in CONFINED {
        world.add(&package(""));
        confined(&world, isolation).failure();
        world.add(&package(&declared));
        let run = confined(&world, isolation);
        assert_eq!(run.installed("version"), "12");
        assert_says(&run.recorder.warnings(), &["it is built against an SDK"]);
        fs_err::remove_dir_all(world.base()).unwrap();
    }
}

#[test]
fn a_build_does_not_see_the_machines_processes_users_or_name() {
    let script = "ls /proc | grep -c '^[0-9]' > $out/processes; id -un > $out/user; id -u > $out/number; \
                  uname -n > $out/machine; ls /tmp | wc -l > $out/temporary";
    let world = World::new([Package::script("p", script)]);
    let run = confined(&world, "namespaces");
    let processes: usize = run.installed("processes").trim().parse().unwrap();
    assert!(processes < 10, "{processes}");
    for (file, expected) in [("user", "builder"), ("number", "1000"), ("machine", "localhost")] {
        assert_eq!(run.installed(file).trim(), expected, "{file}");
    }
}

#[test]
fn an_escape_is_part_of_the_key_and_the_kind_of_isolation_is_not() {
    let world = World::new([Package::headers("p")]);
    let key = world.run().unit("p").key;
    for isolation in ["namespaces", "landlock", "off", "auto"] {
        assert_eq!(confined(&world, isolation).unit("p").key, key, "{isolation}");
    }
    world.add(&Package::headers("p").end("[sandbox]\nnetwork = \"why not\""));
    assert_ne!(world.run().unit("p").key, key);
}

#[test]
fn what_is_not_isolated_is_said_and_an_unknown_isolation_is_refused() {
    let world = World::new([Package::script("p", "touch $out/x")]);
    let run = confined(&world, "off");
    run.install();
    assert_says(
        &run.recorder.warnings(),
        &["packages are built without a sandbox"],
    );
    assert_says(
        &confined(&world, "jail").failure(),
        &["SANDBOX=jail: it is auto, namespaces, landlock or off"],
    );
}

#[test]
fn what_a_build_leaves_in_the_background_does_not_outlive_it() {
    for isolation in ["namespaces", "landlock", "off"] {
        let world = World::new([]);
        let alive = world.path("alive");
        let made = std::process::Command::new("mkfifo").arg(&alive).status().unwrap();
        assert!(made.success());
        // Whoever holds the pipe open for reading lets it be opened for writing.
        let script = format!("(exec 3<> {}; exec sleep 600) & touch $out/x", alive.display());
        let mut package = Package::script("p", &script);
        if isolation == "off" {
            package = package.watched();
        }
        world.add(&package);
        confined(&world, isolation).install();
        use rustix::fs::{Mode, OFlags, open};
        let opened = open(&alive, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty());
        assert_eq!(opened.err(), Some(rustix::io::Errno::NXIO), "{isolation}");
    }
}
