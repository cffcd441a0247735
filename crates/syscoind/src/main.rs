//! syscoind.

fn main() {}
