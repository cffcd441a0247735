//! A client of Bitcoin Core 30, whose number for `makeMining` has meant something else since.

super::connection::connection!(core30);

pub(crate) async fn run(socket: &str) -> Result<(), Box<dyn std::error::Error>> {
    let connection = Connection::open(socket).await?;
    println!("core30 echo: {}", connection.echo("hello").await?);

    let mut request = connection.init.make_mining_request();
    request.get().get_context()?.set_thread(connection.thread.clone());
    match request.send().promise.await {
        Ok(_) => println!("core30 mining: there"),
        Err(error) => println!("core30 mining: {}", error.extra),
    }
    Ok(())
}
