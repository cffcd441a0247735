use super::*;
use crate::digest::Digest;
use crate::fetch::test_support::{CONTENT, FILE, Place, Reply, Server, source};

#[test]
fn a_file_arrives_under_its_name_with_progress() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    let place = Place::new();
    place.check(&source(vec![server.route("/f")]));
    let url = server.url("/f");
    let size = CONTENT.len();
    let lines = place.observer.lines();
    assert_eq!(lines.first(), Some(&format!("fetching p {FILE} {url}")));
    assert!(
        lines.contains(&format!("received p {FILE} {size} Some({size})")),
        "{lines:?}"
    );
    assert_eq!(lines.last(), Some(&format!("fetched p {FILE}")));
    place.check(&source(vec![server.route("/f")]));
    assert_eq!(server.n_requests("/f"), 1);
}

/// The route fails with `expected` after `n_requests`, and the next one serves.
fn check_next_route(replies: &[Reply], expected: &str, n_requests: usize) {
    let server = Server::new(&[("/f", replies), ("/good", &[Reply::ok()])]);
    let place = Place::new();
    place.check(&source(vec![server.route("/f"), server.route("/good")]));
    let url = server.url("/f");
    let wanted = format!("failed p {url} {}", expected.replace("URL", &url));
    let lines = place.observer.lines();
    assert!(
        lines.iter().any(|line| line.starts_with(&wanted)),
        "{wanted}\n{lines:#?}"
    );
    assert_eq!(server.n_requests("/f"), n_requests, "{lines:#?}");
    assert_eq!(place.sources(), [FILE]);
}

#[test]
fn wrong_bytes_lead_to_the_next_route_at_once() {
    let expected = Digest::of(CONTENT);
    let wrong = |body: &[u8], hint: &str| {
        let actual = Digest::of(body);
        format!("URL has the wrong digest: expected sha256 {expected}, got {actual} ({hint})")
    };
    check_next_route(&[Reply::body(b"other")], &wrong(b"other", "5 bytes"), 1);
    check_next_route(&[Reply::body(b"")], &wrong(b"", "0 bytes"), 1);
    check_next_route(&[Reply::Short], &wrong(b"the", "3 bytes"), 1);
    let page = Reply::Whole {
        status: 200,
        kind: "text/html; charset=utf-8",
        body: b"<html>".to_vec(),
    };
    check_next_route(&[page], &wrong(b"<html>", "the server sent a web page"), 1);
}

#[test]
fn only_failures_that_may_pass_are_tried_again() {
    for status in [400, 401, 403, 404, 410, 451, 501] {
        check_next_route(
            &[Reply::status(status)],
            &format!("the server answers {status}"),
            1,
        );
    }
    for status in [408, 429, 500, 502, 503, 504] {
        check_next_route(
            &[Reply::status(status)],
            &format!("the server answers {status}"),
            3,
        );
    }
    check_next_route(&[Reply::Truncated], "the transfer broke off after 3 bytes: ", 3);
    check_next_route(&[Reply::Close], "error sending request", 3);
    for failure in [Reply::status(503), Reply::Truncated, Reply::Close] {
        let server = Server::new(&[("/f", &[failure.clone(), failure, Reply::ok()])]);
        let place = Place::new();
        place.check(&source(vec![server.route("/f")]));
        assert_eq!(server.n_requests("/f"), 3);
    }
}

#[test]
fn servers_that_say_nothing_are_given_up() {
    for (reply, expected) in [
        (Reply::Silence, "error sending request: operation timed out"),
        (Reply::Stall, "the transfer broke off after 3 bytes: "),
    ] {
        let server = Server::new(&[("/f", &[reply])]);
        let mut place = Place::new();
        place.config.connect_timeout = Duration::from_millis(100);
        place.config.stall_timeout = Duration::from_millis(200);
        place.config.retries = 1;
        let error = place.check_fails(&source(vec![server.route("/f")]));
        assert!(
            error.contains(&format!("{}: {expected}", server.url("/f"))),
            "{error}"
        );
        assert_eq!(server.n_requests("/f"), 2);
    }
}

#[test]
fn bodies_that_trickle_are_given_up() {
    // No time at all is allowed: the first bytes come too late, unless they are many.
    for (length, is_given_up) in [(0, false), (1, true), (1023, true), (1024, false)] {
        let body = vec![0; length];
        let result = Watched::new(&body[..], Duration::ZERO).read(&mut [0; 4096]);
        assert_eq!(result.is_err(), is_given_up, "{length}");
    }
    let mut patient = Watched::new(&[0][..], Duration::from_secs(60));
    assert_eq!(patient.read(&mut [0; 4096]).unwrap(), 1);
}

#[test]
fn a_connection_that_is_refused_is_an_error_with_its_cause() {
    let url = Server::new(&[]).url("/f");
    let place = Place::new();
    let error = place.check_fails(&source(vec![crate::recipe::source::Route::Url(url)]));
    assert!(error.contains("Connection refused"), "{error}");
}

#[test]
fn redirections_are_followed_but_not_for_ever() {
    let around = Reply::Redirect("/f".to_owned());
    check_next_route(
        &[around],
        "error following redirect: more than 10 redirections",
        11,
    );
    let server = Server::new(&[
        ("/f", &[Reply::Redirect("/g".to_owned())]),
        ("/g", &[Reply::ok()]),
    ]);
    Place::new().check(&source(vec![server.route("/f")]));
}

#[test]
fn redirections_do_not_lead_away_from_encryption() {
    let url = |text: &str| Url::parse(text).unwrap();
    for (previous, next, is_refused) in [
        (&["http://a/"][..], "http://b/", false),
        (&["http://a/"], "https://b/", false),
        (&["https://a/"], "https://b/", false),
        (&["https://a/"], "http://b/", true),
        (&["http://a/", "https://b/"], "http://a/", true),
        (&["https://a/"; 10], "https://b/", false),
        (&["https://a/"; 11], "https://b/", true),
    ] {
        let previous: Vec<Url> = previous.iter().copied().map(url).collect();
        assert_eq!(
            refusal(&previous, &url(next)).is_some(),
            is_refused,
            "{previous:?} {next}"
        );
    }
}

#[test]
fn a_client_works_in_any_thread() {
    let server = Server::new(&[("/f", &[Reply::ok()])]);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| Place::new().check(&source(vec![server.route("/f")])));
        }
    });
    assert_eq!(server.n_requests("/f"), 4);
}
