//! A client of Bitcoin Core 32, which has RPC over IPC.

super::connection::connection!(core32);

pub(crate) async fn run(socket: &str) -> Result<(), Box<dyn std::error::Error>> {
    let connection = Connection::open(socket).await?;
    println!("core32 echo: {}", connection.echo("hello").await?);

    let mut request = connection.init.make_rpc_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    let rpc = request.send().promise.await?.get()?.get_result()?;
    let mut request = rpc.execute_rpc_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    request
        .get()
        .set_request(r#"{"id": 1, "method": "echo", "params": ["hello"]}"#);
    request.get().set_uri("/");
    let response = request.send().promise.await?;
    println!(
        "core32 rpc: {}",
        response.get()?.get_result()?.to_str()?.trim_end()
    );

    match is_test_chain(&connection).await {
        Ok(is_test) => println!("core32 test chain: {is_test}"),
        Err(error) => println!("core32 test chain: {}", error.extra),
    }
    Ok(())
}

async fn is_test_chain(connection: &Connection) -> Result<bool, capnp::Error> {
    let mut request = connection.init.make_mining_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    let mining = request.send().promise.await?.get()?.get_result()?;

    let mut request = mining.is_test_chain_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    Ok(request.send().promise.await?.get()?.get_result())
}
