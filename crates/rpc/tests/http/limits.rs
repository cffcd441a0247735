//! What is too large, too slow or too much.

use super::*;

#[tokio::test]
async fn half_a_request_does_not_hold_up_the_end() {
    let running = start(&rpc::Config {
        server_timeout: 100 * DEADLINE,
        stop_deadline: 100 * DEADLINE,
        ..config()
    })
    .await;
    let mut clients = Vec::new();
    for part in [
        "POST / HT",
        "POST / HTTP/1.1\r\nContent-Length: 9\r\n\r\n[",
        &post("[]")[..60],
    ] {
        let mut client = Client::connect(running.address).await;
        client.send(part).await;
        clients.push(client);
    }
    let mut client = Client::connect(running.address).await;
    client.send(&post("[]")).await;
    client.response().await;
    tokio::time::timeout(DEADLINE, running.server.stop())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_timeout_can_be_as_long_as_can_be() {
    let running = start(&rpc::Config {
        server_timeout: Duration::MAX,
        ..config()
    })
    .await;
    let mut client = Client::connect(running.address).await;
    client.send(&post(r#"{"method":"echo"}"#)).await;
    assert_eq!(client.response().await.status, 200);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_kept() {
    let authorization = authorization("user:password");
    let head = format!("POST / HTTP/1.1\r\nHost: x\r\n{authorization}");
    check(&format!("{head}Content-Length: 33554433\r\n\r\n"), 413, "").await;
    check(
        &format!("{head}Content-Length: 99999999999999999999999\r\n\r\n"),
        400,
        "",
    )
    .await;
    check(&format!("{head}X: {}\r\n\r\n", "x".repeat(9000)), 400, "").await;
    check(&format!("{head}{}\r\n", "X: x\r\n".repeat(200)), 431, "").await;
    check(
        &format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(10_000)),
        400,
        "",
    )
    .await;
}

#[tokio::test]
async fn a_head_without_end_is_cut_off() {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    client.send("POST / HTTP/1.1\r\nX: ").await;
    let more = "x".repeat(8192);
    // The server closes its side after some of it.
    while client.stream.write_all(more.as_bytes()).await.is_ok() {}
    client.until_closed().await;
}

#[tokio::test]
async fn a_chunked_body_is_measured_as_it_arrives() {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    let authorization = authorization("user:password");
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\n{authorization}Transfer-Encoding: chunked\r\n\r\n"
        ))
        .await;
    let chunk = format!("100000\r\n{}\r\n", "x".repeat(0x10_0000));
    for _ in 0..33 {
        // The server may have closed its side by now.
        if client.stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    assert_eq!(client.response().await.status, 413);
}

#[tokio::test]
async fn a_body_of_the_largest_size_is_read() {
    let body = format!("[{}]", " ".repeat(0x0200_0000 - 2));
    check(&post(&body), 200, "[]\n").await;
}

#[tokio::test]
async fn a_silent_client_is_let_go() {
    let config = rpc::Config {
        server_timeout: Duration::from_millis(50),
        ..config()
    };
    let running = start(&config).await;
    let authorization = authorization("user:password");
    for sent in ["", "POST / HT", "POST / HTTP/1.1\r\nHost: x\r\n"] {
        let mut client = Client::connect(running.address).await;
        client.send(sent).await;
        assert!(client.is_closed().await, "{sent:?}");
    }
    drop(running);
    // Whose request has begun is told so. On a busy machine its head may come too late for that, unless there is more time.
    let begun = format!("POST / HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 9\r\n\r\n{{");
    let mut timeout = Duration::from_millis(50);
    loop {
        let running = start(&rpc::Config {
            server_timeout: timeout,
            ..config.clone()
        })
        .await;
        let mut client = Client::connect(running.address).await;
        // The connection may be closed by now.
        _ = client.stream.write_all(begun.as_bytes()).await;
        let answer = client.until_closed().await;
        if answer.starts_with("HTTP/1.1 408 ") {
            return;
        }
        assert!(answer.is_empty() && timeout < DEADLINE, "{timeout:?}: {answer}");
        timeout *= 4;
    }
}

#[tokio::test]
async fn more_requests_than_the_queue_takes_are_turned_away() {
    let service = rpc::ServiceConfig {
        threads: 1,
        work_queue: 1,
        ..rpc::ServiceConfig::default()
    };
    let running = start_with(&config(), &service).await;
    let wait = post(r#"{"method":"wait"}"#);
    let mut first = Client::connect(running.address).await;
    first.send(&wait).await;
    running.begun.acquire().await.unwrap().forget();
    // One more may wait. Whichever of these two arrives first does; the other is turned away at once.
    let mut others = [
        Client::connect(running.address).await,
        Client::connect(running.address).await,
    ];
    for other in &mut others {
        other.send(&wait).await;
    }
    let [left, right] = &mut others;
    let refused = tokio::select! {
        response = left.response() => response,
        response = right.response() => response,
    };
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (503, "Work queue depth exceeded")
    );
    assert_eq!(
        running.begun.available_permits(),
        0,
        "the waiting request has begun too early"
    );
    running.gate.add_permits(2);
    assert_eq!(first.response().await.status, 200);
    let waited = tokio::select! {
        response = left.response() => response,
        response = right.response() => response,
    };
    assert_eq!(waited.status, 200);
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_their_turn() {
    let config = rpc::Config {
        max_connections: 1,
        ..config()
    };
    let running = start(&config).await;
    let echo = post(r#"{"method":"echo"}"#);
    let mut first = Client::connect(running.address).await;
    first.send(&echo).await;
    assert_eq!(first.response().await.status, 200);
    let mut second = Client::connect(running.address).await;
    second.send(&echo).await;
    first.send(&echo).await;
    assert_eq!(first.response().await.status, 200);
    drop(first);
    assert_eq!(second.response().await.status, 200);
}
