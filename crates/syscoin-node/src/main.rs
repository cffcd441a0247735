//! syscoin-node.

fn main() {}
