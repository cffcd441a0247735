//! Calls a node's socket as clients of Bitcoin Core 30, 31 and 32 do, and prints what comes of it.

mod connection;
mod core30;
mod core31;
mod core32;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let socket = std::env::args().nth(1).ok_or("usage: clients SOCKET")?;
    // The objects of Cap'n Proto stay on one thread.
    let calls = async {
        core30::run(&socket).await?;
        core31::run(&socket).await?;
        core32::run(&socket).await
    };
    tokio::task::LocalSet::new().run_until(calls).await
}
