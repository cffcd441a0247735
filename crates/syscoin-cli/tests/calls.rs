//! The client as a process, against a server that answers what the test says.

#![expect(clippy::unwrap_used, reason = "a test ends where its set-up fails")]

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread::JoinHandle;

use tempfile::TempDir;

/// What the server saw of one request.
#[derive(Debug)]
struct Seen {
    request_line: String,
    headers: Vec<String>,
    body: String,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        let prefix = format!("{name}: ");
        let header = self
            .headers
            .iter()
            .find_map(|header| header.strip_prefix(&prefix));
        header.unwrap_or_else(|| panic!("no {name} in {self:?}"))
    }
}

/// Answers one connection after the other and reports what was asked.
struct Server {
    port: u16,
    thread: JoinHandle<Vec<Seen>>,
}

impl Server {
    /// An answer is a status with a body; an empty status closes the connection without one.
    fn answer(answers: Vec<(&'static str, String)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let thread = std::thread::spawn(move || {
            answers
                .iter()
                .map(|(status, body)| serve(&listener.accept().unwrap().0, status, body))
                .collect()
        });
        Self { port, thread }
    }

    fn result(result: &str) -> Self {
        Self::answer(vec![(
            "200 OK",
            format!("{{\"result\":{result},\"error\":null,\"id\":1}}\n"),
        )])
    }

    fn seen(self) -> Vec<Seen> {
        self.thread.join().unwrap()
    }
}

fn serve(stream: &TcpStream, status: &str, body: &str) -> Seen {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let length = lines
        .iter()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut bytes = vec![0; length.unwrap().parse().unwrap()];
    reader.read_exact(&mut bytes).unwrap();
    if !status.is_empty() {
        let length = body.len();
        let mut writer = stream;
        write!(
            writer,
            "HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        )
        .unwrap();
    }
    let request_line = lines.remove(0);
    Seen {
        request_line,
        headers: lines,
        body: String::from_utf8(bytes).unwrap(),
    }
}

fn home() -> TempDir {
    tempfile::Builder::new().prefix("₿🦀").tempdir().unwrap()
}

fn client(home: &Path, words: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_syscoin-cli"))
        .arg(format!("-datadir={}", home.display()))
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn call(server: &Server, words: &[&str], input: &str) -> Output {
    let port = format!("-rpcport={}", server.port);
    let login = ["-rpcuser=u", "-rpcpassword=p", port.as_str()];
    let words: Vec<&str> = login.into_iter().chain(words.iter().copied()).collect();
    client(home().path(), &words, input)
}

#[track_caller]
fn check(output: &Output, status: i32, stdout: &str, stderr: &str) {
    let shown = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert_eq!(
        (output.status.code(), shown.0.as_ref(), shown.1.as_ref()),
        (Some(status), stdout, stderr)
    );
}

#[test]
fn a_call_is_a_post_with_login_and_converted_arguments() {
    let server = Server::result("\"₿ raw\"");
    check(&call(&server, &["getblock", "00", "2"], ""), 0, "₿ raw\n", "");
    let seen = server.seen().remove(0);
    assert_eq!(seen.request_line, "POST / HTTP/1.1");
    assert_eq!(seen.header("authorization"), "Basic dTpw");
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.header("host"), "127.0.0.1");
    assert_eq!(
        seen.body,
        "{\"method\":\"getblock\",\"params\":[\"00\",2],\"id\":1}\n"
    );
}

#[test]
fn results_are_printed_as_scripts_expect() {
    let rows = [
        ("null", ""),
        ("7", "7\n"),
        ("[1.50]", "[\n  1.50\n]\n"),
        ("{\"a\":{}}", "{\n  \"a\": {\n  }\n}\n"),
    ];
    for (result, expected) in rows {
        check(&call(&Server::result(result), &["x"], ""), 0, expected, "");
    }
}

#[test]
fn errors_end_with_the_low_bits_of_their_code() {
    let body =
        |code: i32| format!("{{\"result\":null,\"error\":{{\"code\":{code},\"message\":\"No.\"}},\"id\":1}}");
    let rows = [
        ("500 Internal Server Error", -8, 8),
        ("404 Not Found", -32601, 89),
        ("400 Bad Request", -32600, 88),
        ("200 OK", -1, 1),
    ];
    for (http, code, status) in rows {
        let server = Server::answer(vec![(http, body(code))]);
        check(
            &call(&server, &["x"], ""),
            status,
            "",
            &format!("error code: {code}\nerror message:\nNo.\n"),
        );
    }
}

#[test]
fn http_without_a_reply_is_explained() {
    let rows = [
        (
            "401 Unauthorized",
            "",
            "Authorization failed: Incorrect rpcuser or rpcpassword",
        ),
        (
            "503 Service Unavailable",
            "Work queue depth exceeded",
            "Server response: Work queue depth exceeded",
        ),
        ("403 Forbidden", "", "server returned HTTP error 403"),
        ("200 OK", "", "no response from server"),
        (
            "500 Internal Server Error",
            "<html>",
            "couldn't parse reply from server",
        ),
        (
            "200 OK",
            "{}",
            "expected reply to have result, error and id properties",
        ),
        (
            "200 OK",
            "[]",
            "expected reply to have result, error and id properties",
        ),
    ];
    for (http, body, expected) in rows {
        let server = Server::answer(vec![(http, body.to_owned())]);
        check(&call(&server, &["x"], ""), 1, "", &format!("error: {expected}\n"));
    }
}

#[test]
fn a_closed_connection_is_explained() {
    let server = Server::answer(vec![("", String::new())]);
    let port = server.port;
    let expected = format!(
        "error: timeout on transient error: Could not connect to the server 127.0.0.1:{port} (error code 1 - \"EOF \
         reached\")\n\nMake sure the syscoind server is running and that you are connecting to the correct RPC port.\n"
    );
    check(&call(&server, &["x"], ""), 1, "", &expected);
}

#[test]
fn a_silent_server_is_given_up() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server {
        port,
        thread: std::thread::spawn(Vec::new),
    };
    let output = call(&server, &["-rpcclienttimeout=1", "x"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("(error code 0 - \"timeout reached\")"));
}

/// A socket that keeps its port and does not listen.
fn deaf_socket() -> (tokio::net::TcpSocket, u16) {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let port = socket.local_addr().unwrap().port();
    (socket, port)
}

#[test]
fn a_missing_server_is_explained() {
    let (_socket, port) = deaf_socket();
    let expected = format!(
        "error: timeout on transient error: Could not connect to the server 127.0.0.1:{port}\n\nMake sure the \
         syscoind server is running and that you are connecting to the correct RPC port.\n"
    );
    check(
        &client(home().path(), &[&format!("-rpcport={port}"), "x"], ""),
        1,
        "",
        &expected,
    );
}

#[test]
fn waiting_for_a_server_has_an_end() {
    let (_socket, port) = deaf_socket();
    let port = format!("-rpcport={port}");
    let output = client(home().path(), &[&port, "-rpcwait", "-rpcwaittimeout=1", "x"], "");
    assert_eq!(output.status.code(), Some(1));
    assert!(
        String::from_utf8_lossy(&output.stderr).starts_with("error: timeout on transient error: Could not")
    );
}

#[test]
fn waiting_goes_through_the_warm_up() {
    let warming = "{\"result\":null,\"error\":{\"code\":-28,\"message\":\"Loading…\"},\"id\":1}";
    let server = Server::answer(vec![
        ("500 Internal Server Error", warming.to_owned()),
        ("200 OK", "{\"result\":1,\"error\":null,\"id\":1}".to_owned()),
    ]);
    check(&call(&server, &["-rpcwait", "x"], ""), 0, "1\n", "");
    let server = Server::answer(vec![("500 Internal Server Error", warming.to_owned())]);
    check(
        &call(&server, &["x"], ""),
        28,
        "",
        "error code: -28\nerror message:\nLoading…\n",
    );
}

#[test]
fn the_cookie_lets_in_and_its_absence_is_explained() {
    let home = home();
    let network = home.path().join("regtest");
    fs_err::create_dir(&network).unwrap();
    fs_err::write(network.join(".cookie"), "__cookie__:00ff").unwrap();
    let server = Server::result("1");
    let port = format!("-rpcport={}", server.port);
    check(&client(home.path(), &["-regtest", &port, "x"], ""), 0, "1\n", "");
    assert_eq!(
        server.seen()[0].header("authorization"),
        "Basic X19jb29raWVfXzowMGZm"
    );
    fs_err::remove_file(network.join(".cookie")).unwrap();
    let server = Server::answer(vec![("401 Unauthorized", String::new())]);
    let port = format!("-rpcport={}", server.port);
    let expected = format!(
        "error: Could not locate RPC credentials. No authentication cookie could be found, and RPC password is not \
         set.  See -rpcpassword and -stdinrpcpass.  Configuration file: ({})\n",
        home.path().join("syscoin.conf").display()
    );
    check(
        &client(home.path(), &["-regtest", &port, "x"], ""),
        1,
        "",
        &expected,
    );
}

#[test]
fn the_configuration_file_names_port_and_login() {
    let home = home();
    let server = Server::result("1");
    let config = format!(
        "regtest=1\nunknown=1\n[regtest]\nrpcport={}\nrpcuser=u\nrpcpassword=p\n",
        server.port
    );
    fs_err::write(home.path().join("syscoin.conf"), config).unwrap();
    check(&client(home.path(), &["x"], ""), 0, "1\n", "");
    assert_eq!(server.seen()[0].header("authorization"), "Basic dTpw");
}

#[test]
fn wallets_have_their_own_path() {
    for (option, expected) in [
        ("-rpcwallet=", "/wallet/"),
        ("-rpcwallet=a b/₿", "/wallet/a%20b%2F%E2%82%BF"),
    ] {
        let server = Server::result("1");
        check(&call(&server, &[option, "x"], ""), 0, "1\n", "");
        assert_eq!(server.seen()[0].request_line, format!("POST {expected} HTTP/1.1"));
    }
}

#[test]
fn standard_input_gives_password_passphrase_and_arguments() {
    let server = Server::result("null");
    let words = [
        "-stdin",
        "-stdinrpcpass",
        "-stdinwalletpassphrase",
        "walletpassphrase",
    ];
    check(&call(&server, &words, "secret\npass phrase\n60\n"), 0, "", "");
    let seen = server.seen().remove(0);
    assert_eq!(seen.header("authorization"), "Basic dTpzZWNyZXQ=");
    assert_eq!(
        seen.body,
        "{\"method\":\"walletpassphrase\",\"params\":[\"pass phrase\",60],\"id\":1}\n"
    );
    let unanswered = Server {
        port: 1,
        thread: std::thread::spawn(Vec::new),
    };
    let expected = "error: -stdinrpcpass specified but failed to read from standard input\n";
    check(&call(&unanswered, &["-stdinrpcpass", "x"], ""), 1, "", expected);
}

#[test]
fn named_arguments_make_an_object() {
    let server = Server::result("null");
    check(
        &call(
            &server,
            &["-named", "getblock", "blockhash=00", "verbosity=1"],
            "",
        ),
        0,
        "",
        "",
    );
    let body = "{\"method\":\"getblock\",\"params\":{\"blockhash\":\"00\",\"verbosity\":1},\"id\":1}\n";
    assert_eq!(server.seen()[0].body, body);
}

#[test]
fn arguments_that_stand_twice_in_a_call_are_refused_as_the_node_does() {
    let home = home();
    let refused = client(home.path(), &["-named", "echo", "args=[0]", "1"], "");
    let expected = "error code: -8\nerror message:\nParameter args specified multiple times\n";
    check(&refused, 8, "", expected);
}

#[test]
fn queries_show_the_error_of_a_method_that_does_not_exist() {
    let error = "\"result\":null,\"error\":{\"code\":-32601,\"message\":\"Method not found\"}";
    let batch = |count: usize| {
        let replies: Vec<String> = (0..count).map(|id| format!("{{{error},\"id\":{id}}}")).collect();
        format!("[{}]", replies.join(","))
    };
    let single = format!("{{{error},\"id\":1}}");
    let rows = [
        ("-getinfo", batch(4)),
        ("-netinfo", batch(2)),
        ("-generate", single.clone()),
        ("-addrinfo", single),
    ];
    for (option, body) in rows {
        let server = Server::answer(vec![("200 OK", body)]);
        check(
            &call(&server, &[option], ""),
            89,
            "",
            "error code: -32601\nerror message:\nMethod not found\n",
        );
    }
}

#[test]
fn generate_asks_for_an_address_first() {
    let reply = |result: &str| {
        (
            "200 OK",
            format!("{{\"result\":{result},\"error\":null,\"id\":1}}"),
        )
    };
    let server = Server::answer(vec![reply("\"addr\""), reply("[\"00\"]")]);
    let expected = "{\n  \"address\": \"addr\",\n  \"blocks\": [\n    \"00\"\n  ]\n}\n";
    check(&call(&server, &["-generate", "2"], ""), 0, expected, "");
    assert!(server.seen()[1].body.contains("\"params\":[2,\"addr\"]"));
}

#[test]
fn wrong_options_are_explained() {
    let rows: [(&[&str], &str); 10] = [
        (&["-getinfo", "x"], "error: -getinfo takes no arguments\n"),
        (
            &["-getinfo", "-color=x"],
            "error: Invalid value for -color option. Valid values: always, auto, never.\n",
        ),
        (
            &["-netinfo", "x"],
            "error: invalid -netinfo argument: x\nFor more information, run: syscoin-cli -netinfo help\n",
        ),
        (
            &["-rpcport=0", "x"],
            "error: Invalid port provided in -rpcport: 0\n",
        ),
        (
            &["-stdinwalletpassphrase", "x"],
            "error: -stdinwalletpassphrase is only applicable for walletpassphrase(change)\n",
        ),
        (
            &["-x=1"],
            "Error parsing command line arguments: Invalid parameter -x=1\n",
        ),
        (
            &["-regtest", "-testnet", "x"],
            "Error: Invalid combination of -regtest, -signet, -testnet and -chain. Can use at most one.\n",
        ),
        (
            &["-datadir=/nonexistent", "x"],
            "Error: Specified data directory \"/nonexistent\" does not exist.\n",
        ),
        (
            &["-regtest"],
            "error: too few parameters (need at least command)\n",
        ),
        (&["echojson", "{"], "error: Error parsing JSON: {\n"),
    ];
    for (words, expected) in rows {
        check(&client(home().path(), words, ""), 1, "", expected);
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    for (word, beginning) in [
        ("-version", "Syscoin Core RPC client version v5.1.1\nCopyright"),
        (
            "-?",
            "Syscoin Core RPC client version v5.1.1\n\nUsage:  syscoin-cli",
        ),
    ] {
        let output = client(home().path(), &[word], "");
        assert!(output.status.success() && output.stderr.is_empty());
        assert!(String::from_utf8(output.stdout).unwrap().starts_with(beginning));
    }
    let bare = Command::new(env!("CARGO_BIN_EXE_syscoin-cli")).output().unwrap();
    assert_eq!(
        (bare.status.code(), bare.stderr.as_slice()),
        (Some(1), &b"Error: too few parameters\n"[..])
    );
}
