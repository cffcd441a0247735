//! What the node publishes over ZeroMQ: blocks and transactions, as hashes or whole, and how the pool changes.
//!
//! Each message has three parts: a topic, a body, and how many messages of the kind were sent at that address before, as
//! 32 bits with the lowest first. Hashes stand in the order in which they are shown. Topics, bodies and options are
//! Bitcoin Core v26's.

mod events;
mod options;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use app::Args;
use chain::ChainObserver;
use rpc::Method;
use serde_json::{Value, json};
use zmtp::Publisher;

use crate::shapes;
use crate::state::{Node, NodeState};
use events::Follower;
use options::{Topic, Wish};
pub(crate) use options::{check, options};

/// What is published while the node runs.
#[derive(Default)]
pub(crate) struct Publications(OnceLock<Arc<Vec<Publication>>>);

/// Messages of one kind at one address.
struct Publication {
    topic: Topic,
    /// As the user wrote it.
    address: String,
    high_water_mark: usize,
    publisher: Arc<Publisher>,
    /// How many messages were sent.
    sent: Mutex<u32>,
}

impl Publication {
    fn publish(&self, body: &[u8]) {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let parts = [self.topic.name().as_bytes(), body, &sent.to_le_bytes()];
        self.publisher.publish(&parts);
        *sent = sent.wrapping_add(1);
    }
}

impl Publications {
    /// Publishes nothing more.
    pub(crate) fn stop(&self) {
        let all = self.0.get().into_iter().flat_map(|all| all.iter());
        all.for_each(|publication| publication.publisher.close());
    }
}

/// Publishes what happens to the node from now on, as the options say. When one address cannot be had, nothing is.
pub(crate) async fn start(args: &Args, node: &Arc<NodeState>) {
    let wishes = options::wishes(args);
    if wishes.is_empty() {
        return;
    }
    match open(wishes).await {
        Ok(publications) => {
            let publications = Arc::new(publications);
            let follower = Arc::new(Follower::new(Arc::clone(&publications), node));
            let of_pool = Arc::clone(&follower);
            node.pool.report_to(move |events| of_pool.pool_changed(events));
            node.chain.observe(follower as Arc<dyn ChainObserver>);
            // It is started once.
            _ = node.publications.0.set(publications);
        }
        Err((address, error)) => {
            tracing::warn!("zmq: nothing is published, because {address} cannot be listened at: {error}");
        }
    }
}

/// Listens at all addresses; at one that several kinds are published at, once.
async fn open(wishes: Vec<Wish>) -> Result<Vec<Publication>, (String, std::io::Error)> {
    let mut publishers: BTreeMap<String, Arc<Publisher>> = BTreeMap::new();
    let mut publications = Vec::new();
    for wish in wishes {
        let publisher = match publishers.get(&wish.address) {
            Some(publisher) => Arc::clone(publisher),
            None => {
                let bound = match &wish.endpoint {
                    Ok(endpoint) => Publisher::bind(endpoint, wish.high_water_mark).await,
                    Err(error) => Err(std::io::Error::new(std::io::ErrorKind::InvalidInput, *error)),
                };
                let bound = bound.map_err(|error| (wish.address.clone(), error))?;
                tracing::debug!(target: "zmq", "zmq: publishing at {}", bound.endpoint());
                let publisher = Arc::new(bound);
                publishers.insert(wish.address.clone(), Arc::clone(&publisher));
                publisher
            }
        };
        publications.push(Publication {
            topic: wish.topic,
            address: wish.address,
            high_water_mark: wish.high_water_mark,
            publisher,
            sent: Mutex::new(0),
        });
    }
    Ok(publications)
}

/// `getzmqnotifications`.
pub(crate) fn getzmqnotifications(node: Node) -> Method {
    Method::declare(
        "zmq",
        "getzmqnotifications",
        "Lists what is published over ZeroMQ.",
    )
    .result(shapes::array(shapes::object(vec![
        ("type", shapes::text("What is published")),
        ("address", shapes::text("Where")),
        (
            "hwm",
            shapes::number("How many messages are kept for a subscriber that does not keep up; 0 for all"),
        ),
    ])))
    .example("", "")
    .handle(move |_request| {
        let node = node.clone();
        async move {
            let publications = node.get()?.publications.0.get();
            let all = publications.into_iter().flat_map(|all| all.iter());
            let told = all.map(|publication| {
                json!({
                    "type": format!("pub{}", publication.topic.name()),
                    "address": publication.address,
                    "hwm": publication.high_water_mark,
                })
            });
            Ok(Value::Array(told.collect()))
        }
    })
}
