//! From `tracing` events to records.
//!
//! The target of DEBUG and TRACE events is the category; those whose target is no category are never written. More
//! important events are always written.

use std::fmt::{self, Write as _};
use std::sync::Arc;
use std::time::SystemTime;

use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

use crate::logging::category::{Category, Verbosity};
use crate::logging::format::{Record, Source};
use crate::logging::state::State;

pub(crate) struct LogLayer {
    pub(crate) state: Arc<State>,
}

impl<Inner: Subscriber> Layer<Inner> for LogLayer {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        match verbosity(metadata) {
            None => Interest::always(),
            Some(_) if Category::from_target(metadata.target()).is_some() => Interest::sometimes(),
            Some(_) => Interest::never(),
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _context: Context<'_, Inner>) -> bool {
        verbosity(metadata).is_none_or(|verbosity| {
            let category = Category::from_target(metadata.target());
            category.is_some_and(|category| self.state.speaks(category, verbosity))
        })
    }

    fn on_event(&self, event: &Event<'_>, _context: Context<'_, Inner>) {
        let metadata = event.metadata();
        let target = metadata.target();
        // An important event of a module is not meant for a category unless it says so.
        let category = match verbosity(metadata) {
            Some(_) => Category::from_target(target),
            None => Category::from_name(target),
        };
        let mut message = Message::default();
        event.record(&mut message);
        let source = metadata.file().zip(metadata.line()).map(|(file, line)| Source {
            file,
            line,
            module: metadata.module_path().unwrap_or_default(),
        });
        self.state.write(Record {
            time: SystemTime::now(),
            thread: thread_name(),
            level: *metadata.level(),
            category,
            source,
            message: message.finish(),
        });
    }
}

/// How much a category must be willing to say for the event to be written; nothing for important events.
pub(crate) fn verbosity(metadata: &Metadata<'_>) -> Option<Verbosity> {
    match *metadata.level() {
        Level::DEBUG => Some(Verbosity::Debug),
        Level::TRACE => Some(Verbosity::Trace),
        Level::INFO | Level::WARN | Level::ERROR => None,
    }
}

/// The first thread is called as in Core.
fn thread_name() -> String {
    match std::thread::current().name() {
        Some("main") => "init".to_owned(),
        Some(name) => name.to_owned(),
        None => "unknown".to_owned(),
    }
}

/// The message, and the other fields behind it.
#[derive(Default)]
struct Message {
    text: String,
    fields: String,
}

impl Message {
    fn finish(mut self) -> String {
        self.text.push_str(&self.fields);
        self.text
    }
}

impl Visit for Message {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.text.push_str(value);
        } else {
            self.fields.push_str(&format!(" {}={value}", field.name()));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = if field.name() == "message" {
            write!(self.text, "{value:?}")
        } else {
            write!(self.fields, " {}={value:?}", field.name())
        };
        written.expect("a string takes all text because it grows");
    }
}
