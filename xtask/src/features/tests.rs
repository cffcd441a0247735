//! Claims about features over profiles of both kinds and systems that have this and lack that.

use expect_test::{Expect, expect};

use super::*;

const SYSTEM: &str = r#"
schema = 1
[features]
multiprocess = MULTIPROCESS
wallet = true
zmq = ZMQ
gui = false
[tools]
capnp = "capnp"
[system.zeromq]
feature = "zmq"
pkg-config = "libzmq"
min-version = "4"
vcpkg = "zeromq"
install = { apt = "libzmq3-dev", dnf = "zeromq-devel" }
"#;

const PREFIX: &str = r#"
schema = 1
[host]
triplet = "x86_64-pc-linux-gnu"
rust-target = "x86_64-unknown-linux-gnu"
[features]
sqlite = true
zmq = true
[search]
prefix = ".."
include = []
lib = []
pkg-config = []
cmake = []
native-bin = []
allow-host-packages = ALLOW
[packages.sqlite]
version = "3.50.4"
license = "blessing"
key = ""
archive-sha256 = ""
[unsupported]
zeromq = "it is not built for this host"
[system.sqlite]
feature = "sqlite"
pkg-config = "sqlite3"
min-version = "3.7.17"
vcpkg = "sqlite3"
[system.zeromq]
feature = "zmq"
pkg-config = "libzmq"
min-version = "4"
vcpkg = "zeromq"
"#;

fn resolve(text: &str, probe: &Probe, has_tool: bool) -> String {
    let directory = tempfile::tempdir().unwrap();
    let share = directory.path().join("share");
    fs_err::create_dir(&share).unwrap();
    let path = share.join(site_profile::FILE_NAME);
    fs_err::write(&path, text).unwrap();
    let site = SiteProfile::load(&path).unwrap();
    let surroundings = Surroundings {
        rules: &site.profile().system,
        probe: &|_| probe.clone(),
        tool: &|name| {
            if has_tool {
                Ok(PathBuf::from("/usr/bin").join(name))
            } else {
                Err(format!("{name} is not on PATH"))
            }
        },
    };
    let (features, missing) = Features::resolve(&site, &surroundings);
    let mut lines: Vec<_> = features
        .iter()
        .map(|(name, finding)| format!("{name} {} {}\n", finding.on, finding.reason))
        .collect();
    lines.extend(missing.iter().map(|tool| format!("missing {}\n", tool.name)));
    lines.concat()
}

#[test]
fn a_system_profile_is_met_by_what_the_system_has() {
    let rows: [(&str, &str, Probe, bool, Expect); 4] = [
        (
            "false",
            "\"auto\"",
            Probe::Absent,
            false,
            expect![[r#"
            gui false off in the profile
            multiprocess false off in the profile
            wallet true on in the profile
            zmq false libzmq >= 4 is not on the system (apt: libzmq3-dev, dnf: zeromq-devel)
        "#]],
        ),
        (
            "true",
            "true",
            Probe::TooOld {
                version: "3.2".to_owned(),
            },
            false,
            expect![[r#"
            gui false off in the profile
            multiprocess false capnp is not on PATH (apt: capnproto, brew: capnp, dnf: capnproto)
            wallet true on in the profile
            zmq false libzmq >= 4 is wanted, the system has 3.2 (apt: libzmq3-dev, dnf: zeromq-devel)
            missing capnp
            missing libzmq >= 4
        "#]],
        ),
        (
            "\"auto\"",
            "\"auto\"",
            Probe::NoAnswer {
                reason: "pkg-config is not installed".to_owned(),
            },
            true,
            expect![[r#"
            gui false off in the profile
            multiprocess true capnp is /usr/bin/capnp
            wallet true on in the profile
            zmq false libzmq >= 4 cannot be looked for: pkg-config is not installed (apt: libzmq3-dev, dnf: zeromq-devel)
        "#]],
        ),
        (
            "false",
            "true",
            Probe::Found {
                version: Some("4.3.5".to_owned()),
            },
            true,
            expect![[r#"
            gui false off in the profile
            multiprocess false off in the profile
            wallet true on in the profile
            zmq true libzmq 4.3.5 on the system, >= 4
        "#]],
        ),
    ];
    for (multiprocess, zmq, probe, has_tool, expected) in rows {
        let text = SYSTEM.replace("MULTIPROCESS", multiprocess).replace("ZMQ", zmq);
        expected.assert_eq(&resolve(&text, &probe, has_tool));
    }
}

#[test]
fn the_system_fills_gaps_of_a_prefix_only_where_it_may() {
    let found = Probe::Found {
        version: Some("4.3.5".to_owned()),
    };
    let rows: [(&str, &Probe, Expect); 3] = [
        (
            "false",
            &found,
            expect![[r#"
            sqlite true sqlite 3.50.4 in the prefix
            zmq false zeromq: it is not built for this host
        "#]],
        ),
        (
            "true",
            &found,
            expect![[r#"
            sqlite true sqlite 3.50.4 in the prefix
            zmq true libzmq 4.3.5 on the system, >= 4
        "#]],
        ),
        (
            "true",
            &Probe::Absent,
            expect![[r#"
            sqlite true sqlite 3.50.4 in the prefix
            zmq false libzmq >= 4 is not on the system
            missing libzmq >= 4
        "#]],
        ),
    ];
    for (allow, probe, expected) in rows {
        expected.assert_eq(&resolve(&PREFIX.replace("ALLOW", allow), probe, false));
    }
}
