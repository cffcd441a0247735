//! Measures calls between two processes, one figure a run; `cargo xtask bench ipc` runs it and says what it means.
//!
//! The executable is both sides: started with `-ipcfd` it serves, with the name of a case it measures against a server
//! that it spawns. It does not choose its processors: whoever starts it does, for both sides.

#[path = "calls/caller.rs"]
mod caller;
#[path = "calls/cpp.rs"]
mod cpp;
#[path = "calls/raw.rs"]
mod raw;
#[path = "calls/served.rs"]
mod served;
#[path = "calls/window.rs"]
mod window;

#[path = "../tests/processes/cpp/program.rs"]
mod program;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

const USAGE: &str = "\
usage: calls raw | raw-megabyte
       calls call | in-flight | threads | megabyte | hold SERVER
       calls cpp
`cargo xtask bench ipc` runs it.";

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if let Some(descriptor) = ipc::requested_descriptor(&arguments) {
        return served::serve(descriptor);
    }
    let words: Vec<_> = arguments
        .iter()
        .skip(1)
        .filter_map(|word| word.to_str())
        .collect();
    match words[..] {
        ["raw"] => println!("{}", raw::call()),
        ["raw-megabyte"] => println!("{}", raw::megabyte()),
        ["raw-peer"] => raw::serve(),
        ["call", server] => println!("{}", caller::call(Path::new(server))),
        ["in-flight", server] => println!("{}", caller::in_flight(Path::new(server))),
        ["threads", server] => println!("{}", caller::threads(Path::new(server))),
        ["megabyte", server] => println!("{}", caller::megabyte(Path::new(server))),
        ["hold", server] => caller::hold(Path::new(server)),
        ["cpp"] => println!("{}", cpp::build().unwrap_or_default().display()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}
