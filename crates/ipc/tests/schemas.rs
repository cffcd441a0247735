//! Schemas that have no adapter, and so do not compile: what the generator in `build/` says of them.

#![expect(clippy::unwrap_used, reason = "all of it is a test")]
#![allow(dead_code, reason = "the generator uses what is read here")]

#[path = "../build/model.rs"]
mod model;
#[path = "../build/reading.rs"]
mod reading;

use std::path::Path;
use std::process::Command;

use site_profile::SiteProfile;

/// What the schema compiler says of a schema with one interface of one method, which has these results.
fn compiled(results: &str) -> Vec<u8> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let profile = SiteProfile::active(&package.join("../..")).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let schema = format!(
        "@0xa9c8a4fcb9ae8ec1;\n\
         using Proxy = import \"/mp/proxy.capnp\";\n\
         using Rust = import \"/rust.capnp\";\n\
         interface Thing {{ ask @0 (context :Proxy.Context) -> ({results}); }}\n"
    );
    fs_err::write(directory.path().join("thing.capnp"), schema).unwrap();
    let mut command = Command::new(profile.tool("capnp").unwrap());
    command
        .args(["compile", "-o-", "--no-standard-import", "thing.capnp", "-I"])
        .arg(package.join("schema"))
        .current_dir(directory.path());
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{results}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    output.stdout
}

#[test]
fn results_that_have_no_adapter_are_refused_by_name() {
    let rows = [
        ("result :Text", None),
        ("result :Int32, hasResult :Bool", None),
        (
            "result :Text, error :Text $Proxy.exception(\"std::exception\")",
            Some("`error`: errors that are results are said by `returns` or `holds`"),
        ),
        (
            "result :Int32 $Rust.optional",
            Some("`result` is no pointer that could be null"),
        ),
        (
            "result :List(List(Text))",
            Some("`result`: a list of lists has no adapter"),
        ),
        ("result :AnyPointer", Some("`result`: the type has no adapter")),
        ("result :Float32", Some("`result`: the type has no adapter")),
    ];
    for (results, expected) in rows {
        let refused = reading::read(&compiled(results)).map(drop).err();
        let refused = refused.map(|error| error.to_string());
        let expected = expected.map(|reason| format!("thing.capnp:Thing: ask: {reason}"));
        assert_eq!(refused, expected, "{results}");
    }
}
