//! What clients see of the server: raw bytes in, raw bytes out.

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
    let mut client = Client::connect(running.address).await;
    client
        .send(&format!(
            "POST / HTTP/1.1\r\nHost: x\r\n{authorization}Content-Length: 9\r\n\r\n{{"
        ))
        .await;
    assert_eq!(client.response().await.status, 408);
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

/// A server that also has pages below `/page/`, which wait as the method `wait` does and echo what they are asked.
async fn start_with_pages(service: &rpc::ServiceConfig) -> (Running, Arc<Semaphore>, Arc<Semaphore>) {
    let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
    let (own_begun, own_gate) = (Arc::clone(&begun), Arc::clone(&gate));
    let mut routes = Routes::default();
    routes.add("/page/", move |request: PageRequest| {
        let (begun, gate) = (Arc::clone(&own_begun), Arc::clone(&own_gate));
        async move {
            begun.add_permits(1);
            gate.acquire().await.expect("nothing closes it").forget();
            assert!(!request.target.contains("mistake"), "a mistake in the program");
            Page {
                status: PageStatus::NotFound,
                content_type: "text/plain",
                body: format!("{} {}", request.target, String::from_utf8_lossy(&request.body)).into_bytes(),
            }
        }
    });
    let config = Config { routes, ..config() };
    (start_with(&config, service).await, begun, gate)
}

fn page(method: &str, target: &str, body: &str) -> String {
    let length = body.len();
    format!("{method} {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
}

#[tokio::test]
async fn pages_are_served_without_a_password_whatever_the_method() {
    let (running, _begun, gate) = start_with_pages(&rpc::ServiceConfig::default()).await;
    let mut client = Client::connect(running.address).await;
    for (request, status, body) in [
        (page("GET", "/page/a%20b?c=d", ""), 404, "a%20b?c=d "),
        (page("POST", "/page/", "body"), 404, " body"),
        (page("PUT", "/page/x", "body"), 404, "x body"),
        (page("DELETE", "/page/x", ""), 405, ""),
        (page("GET", "/page/mistake", ""), 500, ""),
        (page("GET", "/page", ""), 404, ""),
        (page("POST", "/", "{}"), 401, ""),
    ] {
        gate.add_permits(1);
        client.send(&request).await;
        let response = client.response().await;
        assert_eq!(
            (response.status, response.body.as_str()),
            (status, body),
            "{request}"
        );
    }
}

#[tokio::test]
async fn what_is_sent_to_a_page_is_limited() {
    const MOST: usize = 1 << 20;
    let (running, _begun, gate) = start_with_pages(&rpc::ServiceConfig::default()).await;
    gate.add_permits(1);
    let mut client = Client::connect(running.address).await;
    client.send(&page("POST", "/page/", &"x".repeat(MOST))).await;
    assert_eq!(client.response().await.body.len(), MOST + 1);
    let length = MOST + 1;
    let head = format!("POST /page/ HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n");
    client.send(&head).await;
    assert_eq!(client.response().await.status, 413);
}

#[tokio::test]
async fn pages_wait_their_turn_among_calls() {
    let service = rpc::ServiceConfig {
        threads: 1,
        work_queue: 1,
        ..rpc::ServiceConfig::default()
    };
    let (running, begun, gate) = start_with_pages(&service).await;
    let mut first = Client::connect(running.address).await;
    first.send(&page("GET", "/page/1", "")).await;
    begun.acquire().await.unwrap().forget();
    let mut others = [
        Client::connect(running.address).await,
        Client::connect(running.address).await,
    ];
    others[0].send(&page("GET", "/page/2", "")).await;
    others[1].send(&post(r#"{"method":"echo"}"#)).await;
    let [left, right] = &mut others;
    let (refused, waiting) = tokio::select! {
        response = left.response() => (response, right),
        response = right.response() => (response, left),
    };
    assert_eq!(
        (refused.status, refused.body.as_str()),
        (503, "Work queue depth exceeded")
    );
    gate.add_permits(2);
    assert_eq!(first.response().await.body, "1 ");
    waiting.response().await;
}

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
