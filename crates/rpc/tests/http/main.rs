//! What clients see of the server: raw bytes in, raw bytes out.

mod ending;
mod limits;
mod pages;
mod support;

use std::sync::Arc;
use std::time::Duration;

use rpc::{Config, Page, PageRequest, PageStatus, Routes};
use support::{Client, DEADLINE, Running, authorization, config, dispatcher, post, start, start_with};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::Semaphore;

/// Sends one request to a server of its own, and looks at status and body.
async fn check(request: &str, status: u16, body: &str) {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    client.send(request).await;
    let response = client.response().await;
    assert_eq!(
        (response.status, response.body.as_str()),
        (status, body),
        "{request:.200}"
    );
}

#[tokio::test]
async fn each_call_is_answered_with_result_error_and_id_and_its_status() {
    let rows = [
        (
            r#"{"method":"echo","params":["x",1.50],"id":"a"}"#,
            200,
            r#"{"result":["x",1.50],"error":null,"id":"a"}"#,
        ),
        (
            r#"{"method":"echo","params":{"arg1":1}}"#,
            200,
            r#"{"result":[null,1],"error":null,"id":null}"#,
        ),
        (
            r#"{"method":"none","id":1}"#,
            404,
            r#"{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":1}"#,
        ),
        (
            r#"{"id":1}"#,
            400,
            r#"{"result":null,"error":{"code":-32600,"message":"Missing method"},"id":1}"#,
        ),
        (
            r#"{"method":"echo","params":{"x":1},"id":1}"#,
            500,
            r#"{"result":null,"error":{"code":-8,"message":"Unknown named parameter x"},"id":1}"#,
        ),
        (
            "garbage",
            500,
            r#"{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}"#,
        ),
        (
            "",
            500,
            r#"{"result":null,"error":{"code":-32700,"message":"Parse error"},"id":null}"#,
        ),
        (
            "7",
            500,
            r#"{"result":null,"error":{"code":-32700,"message":"Top-level object parse error"},"id":null}"#,
        ),
        ("[]", 200, "[]"),
        (
            r#"[{"method":"echo","id":1},{"method":"none","id":2},3]"#,
            200,
            concat!(
                r#"[{"result":[],"error":null,"id":1},"#,
                r#"{"result":null,"error":{"code":-32601,"message":"Method not found"},"id":2},"#,
                r#"{"result":null,"error":{"code":-32600,"message":"Invalid Request object"},"id":null}]"#,
            ),
        ),
    ];
    for (body, status, expected) in rows {
        check(&post(body), status, &format!("{expected}\n")).await;
    }
}

#[tokio::test]
async fn only_posts_to_the_root_are_calls() {
    let only_post = "JSONRPC server handles only POST requests";
    let rows = [
        ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", 405, only_post),
        (
            "PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
            405,
            only_post,
        ),
        ("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, ""),
        ("OPTIONS / HTTP/1.1\r\nHost: x\r\n\r\n", 501, ""),
        ("GET /rest/tx HTTP/1.1\r\nHost: x\r\n\r\n", 404, ""),
        (
            "POST /wallets HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n",
            404,
            "",
        ),
        ("garbage\r\n\r\n", 400, ""),
    ];
    for (request, status, body) in rows {
        check(request, status, body).await;
    }
}

#[tokio::test]
async fn a_method_that_is_not_on_the_users_list_is_forbidden() {
    let mut whitelist = rpc::Whitelist::new(rpc::Unlisted::Nothing);
    whitelist.add("user:echo");
    let mut credentials = config().credentials;
    credentials.add_password("stranger", "password");
    let config = rpc::Config {
        credentials,
        ..config()
    };
    let service = rpc::ServiceConfig {
        whitelist,
        ..rpc::ServiceConfig::default()
    };
    let running = start_with(&config, &service).await;
    let (user, stranger) = (authorization("user:password"), authorization("stranger:password"));
    let rows = [
        (&user, r#"{"method":"echo"}"#, 200),
        (&user, r#"{"method":"help"}"#, 403),
        (&user, r#"[{"method":"echo"},{"method":"help"}]"#, 403),
        (&user, r#"{"params":[]}"#, 400),
        // What is no call cannot be looked up in the list.
        (&user, r#"[{"method":"echo"},1,{"method":"help"}]"#, 400),
        (&user, r#"[{"method":"help"},1]"#, 403),
        (&user, r#"[{"method":"echo"},{"method":null}]"#, 500),
        (&user, "garbage", 500),
        (&stranger, r#"{"method":"echo"}"#, 403),
    ];
    for (authorization, body, status) in rows {
        let mut client = Client::connect(running.address).await;
        let request = post(body).replace(&user, authorization);
        client.send(&request).await;
        assert_eq!(client.response().await.status, status, "{request}");
    }
}

#[tokio::test]
async fn a_reply_says_that_it_is_json() {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    client.send(&post(r#"{"method":"echo"}"#)).await;
    assert_eq!(
        client.response().await.header("content-type"),
        Some("application/json")
    );
}

#[tokio::test]
async fn without_the_password_a_client_is_asked_for_it_and_a_guess_costs_time() {
    let running = start(&config()).await;
    for (header, least) in [
        (String::new(), 0),
        (authorization("user:wrong"), 250),
        (authorization("x:password"), 250),
    ] {
        let mut client = Client::connect(running.address).await;
        let started = std::time::Instant::now();
        let body = r#"{"method":"echo"}"#;
        client
            .send(&format!(
                "POST / HTTP/1.1\r\nHost: x\r\n{header}Content-Length: {}\r\n\r\n{body}",
                body.len()
            ))
            .await;
        let response = client.response().await;
        assert_eq!((response.status, response.body.as_str()), (401, ""));
        assert_eq!(
            response.header("www-authenticate"),
            Some("Basic realm=\"jsonrpc\"")
        );
        assert!(started.elapsed() >= Duration::from_millis(least));
        // The same connection serves the next attempt.
        client.send(&post(body)).await;
        assert_eq!(client.response().await.status, 200);
    }
}

#[tokio::test]
async fn a_connection_serves_many_requests_however_they_are_cut() {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    let request = post(r#"{"method":"echo","params":["₿"],"id":1}"#);
    for byte in request.as_bytes() {
        client.stream.write_all(&[*byte]).await.unwrap();
        client.stream.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    client.send(&request.repeat(20)).await;
    let authorization = authorization("user:password");
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\n{authorization}Transfer-Encoding: chunked\r\n\r\n\
             5\r\n{{\"met\r\nc\r\nhod\":\"echo\"}}\r\n0\r\n\r\n"
        ))
        .await;
    for _ in 0..21 {
        assert_eq!(
            client.response().await.body,
            "{\"result\":[\"₿\"],\"error\":null,\"id\":1}\n"
        );
    }
    assert_eq!(
        client.response().await.body,
        "{\"result\":[],\"error\":null,\"id\":null}\n"
    );
}

#[tokio::test]
async fn a_client_that_finished_sending_still_gets_its_answer() {
    let running = start(&config()).await;
    let mut client = Client::connect(running.address).await;
    client.send(&post(r#"{"method":"wait"}"#)).await;
    client.stream.shutdown().await.unwrap();
    running.gate.add_permits(1);
    assert_eq!(client.response().await.status, 200);
    assert!(client.is_closed().await);
}

#[tokio::test]
async fn a_client_that_may_not_connect_is_told_so_whatever_it_knows() {
    // Everything on loopback is allowed: only the mapped form of another address can be tried from here.
    let config = rpc::Config {
        bind: vec!["0.0.0.0:0".parse().unwrap()],
        ..config()
    };
    let Some(own) = own_address() else { return };
    let running = start(&config).await;
    let mut client = Client::connect((own, running.address.port()).into()).await;
    client.send(&post(r#"{"method":"echo"}"#)).await;
    let response = client.response().await;
    assert_eq!((response.status, response.body.as_str()), (403, ""));
    assert!(client.is_closed().await);
}

/// An address of this machine beside loopback; none where there is no network.
fn own_address() -> Option<std::net::IpAddr> {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").ok()?;
    // Nothing is sent: connecting a datagram socket only picks the route.
    socket.connect("192.0.2.1:9").ok()?;
    socket
        .local_addr()
        .ok()
        .map(|address| address.ip())
        .filter(|address| !address.is_loopback())
}
