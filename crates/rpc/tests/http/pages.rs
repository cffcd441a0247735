//! Pages beside the calls.

use super::*;

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
