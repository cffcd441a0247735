//! Real child processes. The executable is parent and child: linked under another name and started with `-ipcfd`, it
//! behaves as that name says.

#![expect(clippy::unwrap_used, reason = "all of it is a test")]

#[path = "processes/alone.rs"]
mod alone;
#[path = "processes/children.rs"]
mod children;
#[path = "processes/cpp.rs"]
mod cpp;
#[path = "processes/parent.rs"]
mod parent;
#[path = "processes/traces.rs"]
mod traces;

use std::ffi::OsString;
use std::panic::catch_unwind;
use std::path::Path;

fn main() {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    if arguments.iter().any(|argument| argument == "-ipcfd") {
        let name = Path::new(&arguments[0]).file_name().expect("a program");
        children::run(&name.to_string_lossy(), &arguments);
        return;
    }
    let filter = std::env::args()
        .skip(1)
        .find(|argument| !argument.starts_with('-'));
    let mut failed = 0;
    let tests = parent::TESTS.into_iter().chain(alone::TESTS);
    let tests = tests.chain(traces::TESTS).chain(cpp::tests());
    for (name, test) in tests {
        if filter
            .as_ref()
            .is_some_and(|filter| !name.contains(filter.as_str()))
        {
            continue;
        }
        let passed = catch_unwind(test).is_ok();
        println!("test {name} ... {}", if passed { "ok" } else { "FAILED" });
        failed += usize::from(!passed);
    }
    assert_eq!(failed, 0, "tests failed");
}
