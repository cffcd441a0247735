//! Records what clients send in sound conversations: the seeds of the fuzz targets.
//!
//! `cargo run --example seeds` writes them to the directory `seeds` beside this file.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::Arc;
use std::thread;

use interfaces::{Init, LocalInit};
use ipc::EventLoop;
use tokio::runtime::Runtime;

/// What the clients' executable calls itself; it ends up in the names of threads.
const CLIENT: &str = "seeds";

fn main() -> std::io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    fs_err::create_dir_all(&directory)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let rows: [(&str, fn(&Runtime, &dyn Init)); 4] = [
        ("connect", |_, _| {}),
        ("echo", |runtime, init| {
            let echo = runtime.block_on(init.make_echo()).expect("there is one");
            for text in ["", "₿", &"x".repeat(300)] {
                runtime
                    .block_on(echo.echo(text.to_owned()))
                    .expect("it is given back");
            }
        }),
        ("objects", |runtime, init| {
            let make = || runtime.block_on(init.make_echo()).expect("there is one");
            let echoes = [make(), make(), make()];
            for echo in &echoes {
                runtime
                    .block_on(echo.echo("x".to_owned()))
                    .expect("it is given back");
            }
        }),
        ("refused", |runtime, init| {
            assert!(runtime.block_on(init.make_mining()).is_err());
            assert!(runtime.block_on(init.make_rpc()).is_err());
            assert!(runtime.block_on(init.make_chain()).is_err());
            assert!(runtime.block_on(init.make_node()).is_err());
        }),
    ];
    for (name, talk) in rows {
        fs_err::write(directory.join(name), record(&runtime, talk)?)?;
    }
    Ok(())
}

/// What the client sends from the first byte to the last.
fn record(runtime: &Runtime, talk: fn(&Runtime, &dyn Init)) -> std::io::Result<Vec<u8>> {
    let (client_end, client_side) = UnixStream::pair()?;
    let (server_side, server_end) = UnixStream::pair()?;
    let server = EventLoop::start("server")?;
    let serving = {
        let server = server.clone();
        runtime.spawn(async move { server.serve(server_end, Arc::new(LocalInit), None).await })
    };
    let back = {
        let (from, to) = (server_side.try_clone()?, client_side.try_clone()?);
        thread::spawn(move || pass_on(from, to))
    };
    let there = thread::spawn(move || pass_on(client_side, server_side));
    let client = EventLoop::start(CLIENT)?;
    let init = runtime
        .block_on(client.connect(client_end))
        .expect("the server serves");
    talk(runtime, &*init);
    drop(init);
    runtime.block_on(serving).expect("it does not panic")?;
    let sent = there.join().expect("it does not panic")?;
    back.join().expect("it does not panic")?;
    assert!(client.stop() && server.stop());
    Ok(sent)
}

/// Passes on what comes, to the end of it, and gives it.
fn pass_on(mut from: UnixStream, mut to: UnixStream) -> std::io::Result<Vec<u8>> {
    let mut passed = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            let _ = to.shutdown(std::net::Shutdown::Write);
            return Ok(passed);
        }
        passed.extend_from_slice(&buffer[..count]);
        // The other side may be gone already.
        let _ = to.write_all(&buffer[..count]);
    }
}
