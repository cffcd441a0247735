//! The RPC server's HTTP: statuses, bodies, batches, and clients that speak it in unusual ways.

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Connection, Daemon, DataDir, Node, Reply, Response, basic, for_each_daemon, post};
use serde_json::{Value, json};

for_each_daemon![
    refuses_callers_without_the_right_credentials,
    refuses_other_methods_and_paths,
    answers_each_class_of_error_with_its_status,
    answers_with_the_id_of_the_request,
    answers_batches_in_order,
    keeps_connections_open,
    closes_connections_when_asked,
    answers_pipelined_requests_in_order,
    takes_requests_in_pieces,
    takes_chunked_bodies,
    takes_large_bodies_and_refuses_larger_ones,
    refuses_overlong_heads,
    survives_what_is_not_http,
];

/// The value of the header that lets a client in.
fn authorization(data_dir: &DataDir) -> Result<String> {
    Ok(basic(&data_dir.cookie()?))
}

fn refuses_callers_without_the_right_credentials(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let cookie = data_dir.cookie()?;
    let right = basic(&cookie);
    let wrong = [
        None,
        Some(String::new()),
        Some("Basic".to_owned()),
        Some("Basic !!!!".to_owned()),
        Some(format!("Bearer {}", right.trim_start_matches("Basic "))),
        Some(basic("")),
        Some(basic("__cookie__")),
        Some(basic("__cookie__:")),
        Some(basic(&cookie[..cookie.len() - 1])),
        Some(basic(&format!("{cookie}0"))),
        Some(basic(&format!("x{cookie}"))),
        Some(basic(&cookie.to_uppercase())),
    ];
    let body = json!({"method": "uptime"}).to_string();
    for value in &wrong {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        let response = connection.exchange(&post("/", value.as_deref(), &body))?;
        assert_eq!(response.status, 401, "{value:?}");
        assert_eq!(
            response.header("www-authenticate"),
            Some("Basic realm=\"jsonrpc\""),
            "{value:?}"
        );
        assert_eq!(response.body, "", "{value:?}");
    }
    node.log()
        .wait_for("ThreadRPCServer incorrect password attempt from 127.0.0.1:")?;
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    assert_eq!(connection.exchange(&post("/", Some(&right), &body))?.status, 200);
    node.stop()
}

fn refuses_other_methods_and_paths(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let authorization = authorization(&data_dir)?;
    for method in ["GET", "PUT"] {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        let request = format!(
            "{method} / HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Length: 0\r\n\r\n"
        );
        let response = connection.exchange(request.as_bytes())?;
        assert_eq!(response.status, 405, "{method}");
        assert_eq!(
            response.body, "JSONRPC server handles only POST requests",
            "{method}"
        );
    }
    let body = json!({"method": "uptime"}).to_string();
    let rows = [
        ("/", 200),
        ("/wallet/name", 200),
        ("/wallet/%E2%82%BF%20x", 200),
        ("/nonsuch", 404),
        ("//", 404),
        ("/index.html", 404),
    ];
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    for (path, status) in rows {
        assert_eq!(
            connection
                .exchange(&post(path, Some(&authorization), &body))?
                .status,
            status,
            "{path}"
        );
    }
    node.stop()
}

fn answers_each_class_of_error_with_its_status(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    let deep = "[".repeat(100_000);
    let rows = [
        ("", 500, -32700, "Parse error"),
        ("{", 500, -32700, "Parse error"),
        ("nonsense", 500, -32700, "Parse error"),
        ("{\"method\": \"uptime\"} {}", 500, -32700, "Parse error"),
        ("{'method': 'uptime'}", 500, -32700, "Parse error"),
        (&deep, 500, -32700, "Parse error"),
        ("\"uptime\"", 500, -32700, "Top-level object parse error"),
        ("5", 500, -32700, "Top-level object parse error"),
        ("null", 500, -32700, "Top-level object parse error"),
        ("{}", 400, -32600, "Missing method"),
        ("{\"method\": null}", 400, -32600, "Missing method"),
        ("{\"method\": 5}", 400, -32600, "Method must be a string"),
        (
            "{\"method\": \"uptime\", \"params\": 5}",
            400,
            -32600,
            "Params must be an array or object",
        ),
        (
            "{\"method\": \"uptime\", \"params\": \"x\"}",
            400,
            -32600,
            "Params must be an array or object",
        ),
        ("{\"method\": \"nonsuch\"}", 404, -32601, "Method not found"),
        (
            "{\"method\": \"\", \"params\": []}",
            404,
            -32601,
            "Method not found",
        ),
        (
            "{\"method\": \"Uptime\", \"params\": {}}",
            404,
            -32601,
            "Method not found",
        ),
        (
            "{\"method\": \"getmemoryinfo\", \"params\": [\"x\"]}",
            500,
            -8,
            "unknown mode x",
        ),
    ];
    for (body, status, code, message) in rows {
        let reply = Reply::parse(&rpc.post("/", body)?).with_context(|| format!("to {body:.80}"))?;
        assert_eq!(reply.refusal()?, (status, code, message), "{body:.80}");
    }
    for params in ["null", "[]", "{}"] {
        let response = rpc.post("/", &format!("{{\"method\": \"uptime\", \"params\": {params}}}"))?;
        assert_eq!(response.status, 200, "{params}");
    }
    node.stop()
}

fn answers_with_the_id_of_the_request(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    for id in [
        "1",
        "-1.50",
        "\"text ₿\"",
        "null",
        "[1,2]",
        "{\"a\":null}",
        "12345678901234567890123",
    ] {
        for method in ["uptime", "nonsuch"] {
            let response = rpc.post("/", &format!("{{\"id\": {id}, \"method\": \"{method}\"}}"))?;
            assert_eq!(Reply::parse(&response)?.id.to_string(), id, "{method}");
        }
    }
    assert_eq!(
        Reply::parse(&rpc.post("/", "{\"method\": \"uptime\"}")?)?.id,
        Value::Null
    );
    node.stop()
}

/// The documents of a batch's answer.
fn batch(response: &Response) -> Result<Vec<Reply>> {
    ensure!(
        response.status == 200 && response.body.ends_with("]\n"),
        "not a batch's answer: {response:?}"
    );
    let documents: Vec<Value> = serde_json::from_str(&response.body)?;
    documents
        .iter()
        .map(|document| Reply::from_document(200, document))
        .collect()
}

fn answers_batches_in_order(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let mut rpc = node.rpc()?;
    ensure!(
        batch(&rpc.post("/", "[]")?)?.is_empty(),
        "an empty batch has an empty answer"
    );

    let mixed = json!([
        {"id": 1, "method": "echo", "params": ["one"]},
        {"id": "two", "method": "nonsuch"},
        5,
        {"id": 4},
        {"id": 5, "method": "echo", "params": 5},
        [],
        {"id": 1, "method": "echo", "params": {"arg0": "again"}},
    ]);
    let replies = batch(&rpc.post("/", &mixed.to_string())?)?;
    let summary: Vec<(Value, Value)> = replies
        .iter()
        .map(|reply| {
            let outcome = match &reply.error {
                Some(error) => json!([error.code, error.message]),
                None => reply.result.clone(),
            };
            (reply.id.clone(), outcome)
        })
        .collect();
    let expected = [
        (json!(1), json!(["one"])),
        (json!("two"), json!([-32601, "Method not found"])),
        (Value::Null, json!([-32600, "Invalid Request object"])),
        (json!(4), json!([-32600, "Missing method"])),
        (json!(5), json!([-32600, "Params must be an array or object"])),
        (Value::Null, json!([-32600, "Invalid Request object"])),
        (json!(1), json!(["again"])),
    ];
    assert_eq!(summary, expected);

    let many: Vec<Value> = (0..1000)
        .map(|id| json!({"id": id, "method": "echo", "params": [id]}))
        .collect();
    let replies = batch(&rpc.post("/", &json!(many).to_string())?)?;
    ensure!(replies.len() == 1000, "{} answers", replies.len());
    for (id, reply) in replies.iter().enumerate() {
        assert_eq!((&reply.id, &reply.result), (&json!(id), &json!([id])));
    }
    node.stop()
}

fn keeps_connections_open(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let authorization = authorization(&data_dir)?;
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    for (body, status) in [
        ("{\"method\": \"uptime\"}", 200),
        ("{\"method\": \"nonsuch\"}", 404),
        ("{}", 400),
        ("[", 500),
    ] {
        for _ in 0..3 {
            let response = connection.exchange(&post("/", Some(&authorization), body))?;
            assert_eq!(response.status, status, "{body}");
        }
    }
    node.stop()
}

fn closes_connections_when_asked(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let authorization = authorization(&data_dir)?;
    let body = "{\"method\": \"uptime\"}";
    for head in [
        "POST / HTTP/1.1\r\nHost: x\r\nConnection: close",
        "POST / HTTP/1.0",
    ] {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        let length = body.len();
        let request =
            format!("{head}\r\nAuthorization: {authorization}\r\nContent-Length: {length}\r\n\r\n{body}");
        assert_eq!(connection.exchange(request.as_bytes())?.status, 200, "{head}");
        connection.wait_for_end().context(head)?;
    }
    node.stop()
}

fn answers_pipelined_requests_in_order(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let authorization = authorization(&data_dir)?;
    let requests: Vec<u8> = (0..50)
        .flat_map(|id| {
            let body = json!({"id": id, "method": "echo", "params": [id]}).to_string();
            post("/", Some(&authorization), &body)
        })
        .collect();
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    connection.send(&requests)?;
    for id in 0..50 {
        assert_eq!(Reply::parse(&connection.receive()?)?.id, json!(id));
    }
    node.stop()
}

fn takes_requests_in_pieces(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let request = post(
        "/",
        Some(&authorization(&data_dir)?),
        &json!({"method": "echo", "params": ["₿"]}).to_string(),
    );
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    for piece_size in [1, 7, request.len() / 2 + 1] {
        for piece in request.chunks(piece_size) {
            connection.send(piece)?;
        }
        assert_eq!(
            Reply::parse(&connection.receive()?)?.result,
            json!(["₿"]),
            "in pieces of {piece_size}"
        );
    }
    // A client may close its sending side before it reads.
    connection.send(&request)?;
    connection.finish_sending()?;
    assert_eq!(connection.receive()?.status, 200);
    node.stop()
}

fn takes_chunked_bodies(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let authorization = authorization(&data_dir)?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nTransfer-Encoding: chunked\r\n\r\n"
    );
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    connection.send(head.as_bytes())?;
    connection.send(b"c\r\n{\"method\": \"\r\n")?;
    connection.send(b"8\r\nuptime\"}\r\n0\r\n\r\n")?;
    assert_eq!(connection.receive()?.status, 200);
    node.stop()
}

fn takes_large_bodies_and_refuses_larger_ones(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let text = "x".repeat(8 << 20);
    let echo = node.rpc()?.call("echo", json!([text]))?;
    ensure!(echo[0].as_str() == Some(&text), "another text came back");

    // The limit is 32 MiB; the head alone says that this one is beyond it.
    let authorization = authorization(&data_dir)?;
    let length = (32 << 20) + 1;
    let mut connection = Connection::open(data_dir.rpc_port().number())?;
    let head = format!(
        "POST / HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\nContent-Length: {length}\r\n\r\n"
    );
    assert_eq!(connection.exchange(head.as_bytes())?.status, 413);
    node.stop()
}

fn refuses_overlong_heads(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    for (length, status) in [(1_000, 404), (10_000, 400)] {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        let request = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "x".repeat(length));
        assert_eq!(
            connection.exchange(request.as_bytes())?.status,
            status,
            "a path of {length} bytes"
        );
    }
    node.stop()
}

fn survives_what_is_not_http(daemon: Daemon) -> Result<()> {
    let data_dir = DataDir::new()?;
    let node = Node::start(daemon, &data_dir, &[])?;
    let rows: [&[u8]; 6] = [
        b"\r\n\r\n\r\n\r\n",
        b"nonsense\r\n\r\n",
        b"POST / HTTP/9.9\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        &[0; 20_000],
    ];
    for bytes in rows {
        let mut connection = Connection::open(data_dir.rpc_port().number())?;
        // Whether the server answers 400 or just hangs up is its own affair.
        if connection
            .send(bytes)
            .and_then(|()| connection.finish_sending())
            .is_ok()
            && let Ok(response) = connection.receive()
        {
            assert_eq!(response.status, 400, "{bytes:.20?}");
        }
    }
    node.rpc()?.call("uptime", json!([]))?;
    node.stop()
}
