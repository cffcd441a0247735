use std::path::PathBuf;
use std::time::Duration;

use depends::plan::Variant;
use expect_test::{Expect, expect};

use super::*;

const NOW: Duration = Duration::from_secs(1_000_000);

fn built(key: &[u8], archive: bool) -> Built {
    Built {
        key: Digest::of(key),
        version: "1.0".to_owned(),
        machine: "x86_64-pc-linux-gnu".to_owned(),
        variant: Some("release".to_owned()),
        when: SystemTime::UNIX_EPOCH + NOW - Duration::from_hours(3),
        archive: archive.then(|| PathBuf::from("/cache/p.tar.gz")),
    }
}

fn answer() -> Why {
    Why {
        label: "p".to_owned(),
        key: Digest::of(b"now"),
        machine: "x86_64-pc-linux-gnu".to_owned(),
        variant: Variant::Release,
        archive: None,
        damaged: None,
        against: None,
        comparison: None,
        others: Vec::new(),
        last_failure: None,
    }
}

fn change(input: &str, difference: Difference) -> Change {
    Change {
        input: input.to_owned(),
        difference,
    }
}

#[track_caller]
fn check(why: &Why, expected: &Expect) {
    let mut text = String::new();
    write(&mut text, why, SystemTime::UNIX_EPOCH + NOW).unwrap();
    expected.assert_eq(&text);
}

#[test]
fn causes_stand_before_what_they_cause() {
    let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
    let tool = Comparison {
        package: "tool".to_owned(),
        before: Digest::of(b"tool before"),
        after: Digest::of(b"tool after"),
        changes: vec![
            change(
                "flags.c",
                Difference::Members {
                    removed: words(&["-O2"]),
                    added: words(&["-O0"]),
                },
            ),
            change(
                "toolchain.cc1plus",
                Difference::Members {
                    removed: vec![Digest::of(b"old").to_string()],
                    added: vec![Digest::of(b"new").to_string()],
                },
            ),
            change(
                "patches.fix.patch",
                Difference::Added(Digest::of(b"fix").to_string()),
            ),
            change(
                "salt",
                Difference::Replaced {
                    before: String::new(),
                    after: "long ".repeat(40),
                },
            ),
        ],
        dependencies: Vec::new(),
    };
    let needs = |name: &str, before: Option<&[u8]>, why| DependencyChange {
        name: name.to_owned(),
        native: name == "tool",
        before: before.map(Digest::of),
        after: Some(Digest::of(b"tool after")),
        why,
    };
    let comparison = Comparison {
        package: "p".to_owned(),
        before: Digest::of(b"before"),
        after: Digest::of(b"now"),
        changes: Vec::new(),
        dependencies: vec![
            needs("tool", Some(b"tool before"), Some(tool)),
            needs("lost", Some(b"lost"), None),
            needs("fresh", None, None),
        ],
    };
    let why = Why {
        against: Some(built(b"before", false)),
        comparison: Some(comparison),
        others: vec![built(b"before", false)],
        ..answer()
    };
    check(
        &why,
        &expect![[r#"
        p for x86_64-pc-linux-gnu (release), key ed5eb9a37e2
        Compared with 6db7d803e74  1.0 release for x86_64-pc-linux-gnu, 3 hours ago, not in the cache any more:

        tool  2b3d7368634 → 9918c057978
          flags.c (CFLAGS): -O2 → -O0
          toolchain.cc1plus (the program's contents): cba06b5736f → 11507a0e2f5
          patches.fix.patch: added, 1c6e6c4c02e
          salt (HOST_ID_SALT, BUILD_ID_SALT): "" → long long long long long long long long long long long long long long long long long long long long …

        p  6db7d803e74 → ed5eb9a37e2
          native dependency tool: key 2b3d7368634 → 9918c057978, as above
          dependency lost: key 76f75e6129f → 9918c057978, why is not known any more
          dependency fresh: added

        Other builds, for --against:
          6db7d803e74  1.0 release for x86_64-pc-linux-gnu, 3 hours ago, not in the cache any more
    "#]],
    );
}

#[test]
fn what_is_built_and_what_never_was_is_said() {
    check(
        &answer(),
        &expect![[r#"
        p for x86_64-pc-linux-gnu (release), key ed5eb9a37e2
        It was never built for this machine as release.
    "#]],
    );
    let cached = Why {
        archive: Some(PathBuf::from("/cache/p.tar.gz")),
        others: vec![built(b"other", true)],
        ..answer()
    };
    check(
        &cached,
        &expect![[r#"
        p for x86_64-pc-linux-gnu (release), key ed5eb9a37e2
        It is built with exactly these inputs: /cache/p.tar.gz
        Nothing changed since.

        Other builds, for --against:
          d9298a10d1b  1.0 release for x86_64-pc-linux-gnu, 3 hours ago
    "#]],
    );
    let damaged = Why {
        damaged: Some("its digest is missing".to_owned()),
        last_failure: Some("make ended with exit status: 2".to_owned()),
        ..answer()
    };
    check(
        &damaged,
        &expect![[r#"
        p for x86_64-pc-linux-gnu (release), key ed5eb9a37e2
        It is in the cache, but will be built again: its digest is missing.
        The last attempt to build it failed: make ended with exit status: 2
    "#]],
    );
}
