//! Bitcoin Core's public vectors, run through the interpreter and through the library.

mod assembly;
mod flags;
mod hashes;
mod scripts;
mod transactions;

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use serde_json::Value;

/// Reads a file of vectors.
fn read(name: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/vectors")
        .join(name);
    let mut text = String::new();
    GzDecoder::new(fs_err::File::open(path).expect("the file is there"))
        .read_to_string(&mut text)
        .expect("it is compressed text");
    serde_json::from_str(&text).expect("it is JSON")
}

/// The vectors of a file, without its comments.
fn vectors(name: &str) -> Vec<Vec<Value>> {
    let Value::Array(rows) = read(name) else {
        panic!("{name} is an array");
    };
    let rows: Vec<Vec<Value>> = rows
        .into_iter()
        .map(|row| row.as_array().expect("rows are arrays").clone())
        .filter(|row| row.len() > 1)
        .collect();
    assert!(rows.len() > 90, "{name}");
    rows
}

fn text(value: &Value) -> &str {
    value.as_str().expect("it is a string")
}
