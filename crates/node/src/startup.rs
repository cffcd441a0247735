//! What the node says while it starts: to the log, to callers that it cannot answer yet, and to those who follow it.

use std::sync::Arc;

use chain::{ChainObserver, LongWork};
use interfaces::NodeEvent;
use rpc::Dispatcher;

use crate::user_interface::Events;

/// Where a start is told of.
#[derive(Clone)]
pub(crate) struct Startup {
    dispatcher: Arc<Dispatcher>,
    events: Events,
}

impl Startup {
    pub(crate) fn new(dispatcher: Arc<Dispatcher>, events: Events) -> Self {
        Self { dispatcher, events }
    }

    /// Tells what the node does next.
    pub(crate) fn doing(&self, what: &str) {
        self.dispatcher.set_warmup_status(what);
        self.say(what);
    }

    /// Tells that calls are answered from now on.
    pub(crate) fn done(&self) {
        self.dispatcher.finish_warmup();
        self.say("Done loading");
    }

    fn say(&self, what: &str) {
        tracing::info!("init message: {what}");
        self.events.send(&NodeEvent::InitMessage(what.to_owned()));
    }

    /// Tells that no work is under way any more.
    pub(crate) fn end_progress(&self) {
        self.events.end_progress();
    }
}

impl ChainObserver for Startup {
    fn progressed(&self, work: LongWork, done: u64, total: u64) {
        let percent = (done * 100).checked_div(total).unwrap_or(100).min(100);
        let what = match work {
            LongWork::Reindexing => "Reindexing blocks…",
            LongWork::Connecting => "Connecting blocks…",
            LongWork::Verifying => "Verifying blocks…",
        };
        self.dispatcher.set_warmup_status(format!("{what} ({percent}%)"));
        self.events.send(&NodeEvent::Progress {
            title: what.to_owned(),
            percent: u8::try_from(percent).unwrap_or(100),
            // Blocks that are connected stay so.
            resume_possible: work == LongWork::Connecting,
        });
    }
}
