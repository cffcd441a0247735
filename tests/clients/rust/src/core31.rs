//! A client of Bitcoin Core 31.

super::connection::connection!(core31);

pub(crate) async fn run(socket: &str) -> Result<(), Box<dyn std::error::Error>> {
    let connection = Connection::open(socket).await?;
    println!("core31 echo: {}", connection.echo("hello").await?);
    match tip(&connection).await {
        Ok(height) => println!("core31 tip: {height:?}"),
        Err(error) => println!("core31 tip: {}", error.extra),
    }
    Ok(())
}

/// The height of the chain's tip, where there is one.
async fn tip(connection: &Connection) -> Result<Option<i32>, capnp::Error> {
    let mut request = connection.init.make_mining_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    let mining = request.send().promise.await?.get()?.get_result()?;

    let mut request = mining.get_tip_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    let response = request.send().promise.await?;
    let response = response.get()?;
    if !response.get_has_result() {
        return Ok(None);
    }
    Ok(Some(response.get_result()?.get_height()))
}
