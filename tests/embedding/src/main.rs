//! Asks the C library for some numbers.

use std::ffi::c_uint;

unsafe extern "C" {
    /// The steps from `start` to 1; 0 where a number on the way is too large.
    safe fn collatz_steps(start: u64) -> c_uint;
}

fn main() {
    println!("collatz {}", env!("COLLATZ_VERSION"));
    for start in [6, 27, 97] {
        println!("from {start} to 1 in {} steps", collatz_steps(start));
    }
}
