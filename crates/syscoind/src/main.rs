//! The daemon as one process: every interface is implemented here.

use std::process::ExitCode;
use std::sync::Arc;

use app::Program;
use interfaces::LocalInit;
use node::{Composed, Composition};

const PROGRAM: Program = Program {
    name: "syscoind",
    title: "Syscoin Core daemon",
    usage: "syscoind [options]    Start the daemon",
};

fn main() -> ExitCode {
    let composition = Composition {
        program: &PROGRAM,
        options: Vec::new(),
        compose: Box::new(|_| Ok(Composed::new(Arc::new(LocalInit)))),
    };
    node::run(composition, std::env::args_os())
}
