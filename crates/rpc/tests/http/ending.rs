//! How a server ends, and calls that go on meanwhile.

use super::*;

#[tokio::test]
async fn a_call_goes_on_when_its_client_leaves() {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    client.send(&post(r#"{"method":"wait"}"#)).await;
    running.begun.acquire().await.unwrap().forget();
    drop(client);
    running.gate.add_permits(1);
    // The gate's permit is gone only when the abandoned call took it.
    let gone = async {
        while running.gate.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(DEADLINE, gone).await.expect("the call ends");
}

#[tokio::test]
async fn stopping_finishes_what_runs_and_closes_the_rest() {
    let running = start(&config()).await;
    let mut idle = Client::connect(running.address).await;
    idle.send(&post(r#"{"method":"echo"}"#)).await;
    assert_eq!(idle.response().await.status, 200);
    let mut busy = Client::connect(running.address).await;
    busy.send(&post(r#"{"method":"wait"}"#)).await;
    running.begun.acquire().await.unwrap().forget();
    let stop = tokio::spawn(running.server.stop());
    assert!(idle.is_closed().await);
    running.gate.add_permits(1);
    let response = busy.response().await;
    assert_eq!(
        (response.status, response.header("connection")),
        (200, Some("close"))
    );
    tokio::time::timeout(DEADLINE, stop)
        .await
        .expect("stops in time")
        .unwrap();
    assert!(tokio::net::TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let config = rpc::Config {
        stop_deadline: Duration::from_millis(50),
        ..config()
    };
    let running = start(&config).await;
    let mut busy = Client::connect(running.address).await;
    busy.send(&post(r#"{"method":"wait"}"#)).await;
    running.begun.acquire().await.unwrap().forget();
    tokio::time::timeout(DEADLINE, running.server.stop())
        .await
        .expect("stops in time");
    assert!(busy.is_closed().await);
}

#[tokio::test]
async fn a_server_with_no_free_address_does_not_start() {
    let running = start(&config()).await;
    let config = rpc::Config {
        bind: vec![running.address],
        ..config()
    };
    let dispatcher = dispatcher(rpc::MethodTable::default());
    let service = rpc::Service::new(&rpc::ServiceConfig::default(), dispatcher);
    let error = rpc::Server::start(&config, service).await.unwrap_err();
    assert_eq!(error.to_string(), "Unable to bind any endpoint for RPC server");
}
