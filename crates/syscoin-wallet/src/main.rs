//! syscoin-wallet.

fn main() {}
