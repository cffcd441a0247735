//! What the children do, by the name that they are started under.

use std::ffi::OsString;
use std::io::Read as _;
use std::os::fd::AsFd as _;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use interfaces::{Echo, Init, InterfaceError, LocalInit, suite};

use super::traces;

pub(crate) fn run(name: &str, arguments: &[OsString]) {
    let argument = ipc::requested_descriptor(arguments).expect("three arguments");
    let init: Arc<dyn Init> = match name {
        "silent-child" => return wait_for_end_of_input(),
        "leaving-child" => return,
        "crashing-child" => Arc::new(Reporter(|_| std::process::abort())),
        "reporting-child" => Arc::new(Reporter(report)),
        "panicking-child" => Arc::new(Reporter(panic_when_told)),
        "stubborn-child" => Arc::new(Stubborn),
        "recording-child" => suite::recorder(),
        "tracing-child" => {
            traces::take_note();
            Arc::new(traces::Child)
        }
        _ => Arc::new(LocalInit),
    };
    let configure = Box::new(|settings: &[(String, String)]| {
        // The first setting is a file that shows what arrived; a parent that has no settings to give is heard out too.
        if let Some((path, _)) = settings.first() {
            fs_err::write(path, format!("{settings:?}"))?;
        }
        Ok(())
    });
    if let Err(error) = ipc::serve_parent(name, argument, init, configure) {
        eprintln!("Error: {error}");
        std::process::exit(1);
    }
}

/// Reads what comes, answers nothing.
fn wait_for_end_of_input() {
    let stdin = std::io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .expect("descriptors are free");
    let mut received = Vec::new();
    std::fs::File::from(stdin)
        .read_to_end(&mut received)
        .expect("the socket can be read");
}

/// Answers each echo from what the text asks for.
pub(crate) struct Reporter(pub(crate) fn(&str) -> String);

#[async_trait]
impl Init for Reporter {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(Reporter(self.0)))
    }
}

#[async_trait]
impl Echo for Reporter {
    async fn echo(&self, text: String) -> Result<String, InterfaceError> {
        Ok((self.0)(&text))
    }
}

fn report(question: &str) -> String {
    match question {
        "print" => {
            println!("printed");
            eprintln!("printed");
            "done".to_owned()
        }
        "pid" => std::process::id().to_string(),
        "arguments" => std::env::args().skip(1).collect::<Vec<_>>().join(" "),
        "sockets and strays" => descriptors().join(","),
        _ => "?".to_owned(),
    }
}

fn panic_when_told(text: &str) -> String {
    assert!(text != "fail", "as asked for");
    text.to_owned()
}

/// Targets of the descriptors that are not standard ones, and not of the runtime's own kinds.
fn descriptors() -> Vec<String> {
    let mut targets = Vec::new();
    for entry in fs_err::read_dir("/proc/self/fd").expect("Linux has it") {
        let path = entry.expect("readable").path();
        let Ok(target) = fs_err::read_link(&path) else {
            continue;
        };
        let target = target.to_string_lossy().into_owned();
        let own = target.starts_with("anon_inode:") || target.starts_with("/proc/") || target == "/dev/null";
        let standard = ["1", "2"]
            .iter()
            .any(|number| path == Path::new("/proc/self/fd").join(number));
        if !own && !standard {
            targets.push(target);
        }
    }
    targets
}

/// Blocks the IPC thread, so that the connection's end goes unnoticed.
struct Stubborn;

#[async_trait]
impl Init for Stubborn {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(Stubborn))
    }
}

#[async_trait]
impl Echo for Stubborn {
    async fn echo(&self, _: String) -> Result<String, InterfaceError> {
        loop {
            std::thread::park();
        }
    }
}
