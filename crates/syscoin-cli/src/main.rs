//! syscoin-cli.

fn main() {}
