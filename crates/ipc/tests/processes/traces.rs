//! Traces that go on in a child.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use interfaces::{Echo, Init as _};
use ipc::TraceContext;
use tracing::field::{Field, Visit};
use tracing::{Instrument as _, Subscriber, info_span, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::parent::{Parent, run, within};

pub(crate) const TESTS: [(&str, fn()); 2] = [
    (
        "a call that is made within a span is served within one of the same trace",
        a_trace_goes_on_in_a_child,
    ),
    (
        "a call that is made outside of spans is served outside of spans",
        no_trace_begins_by_itself,
    ),
];

/// The fields of the child's latest span.
static LATEST: Mutex<String> = Mutex::new(String::new());

struct Noting;

struct Fields<'a>(&'a mut String);

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, "{}={value:?} ", field.name()).expect("there is memory");
    }
}

impl<S: Subscriber> Layer<S> for Noting {
    fn on_new_span(&self, attributes: &span::Attributes<'_>, _: &span::Id, _: Context<'_, S>) {
        let mut fields = String::new();
        attributes.record(&mut Fields(&mut fields));
        *LATEST.lock().unwrap() = fields;
    }
}

/// Lets a child take note of its spans.
pub(crate) fn take_note() {
    let subscriber = tracing_subscriber::registry().with(Noting);
    tracing::subscriber::set_global_default(subscriber).expect("there is no other");
}

/// What the child tells of the span that it is called in.
pub(crate) fn report(_: &str) -> String {
    let fields = std::mem::take(&mut *LATEST.lock().unwrap());
    format!("{fields}{:?}", TraceContext::current().map(|own| own.to_string()))
}

/// The span that this is called in, and what the child tells of its own.
async fn ask(echo: Arc<dyn Echo>) -> (Option<TraceContext>, String) {
    let told = within(echo.echo("?".to_owned())).await.unwrap();
    (TraceContext::current(), told)
}

/// What the child must have told of a span within this one, but for that span's own id, which is returned.
fn check_told(parent: TraceContext, told: &str) -> u64 {
    let (trace, parent) = (format!("{:032x}", parent.trace_id()), parent.span_id());
    let before = format!("method=\"Echo.echo\" trace_id={trace} parent_id={parent:016x} span_id=");
    let rest = told.strip_prefix(&before).unwrap_or_else(|| panic!("{told}"));
    let (own, current) = rest.split_once(' ').unwrap();
    assert_eq!(current, format!("Some(\"00-{trace}-{own}-01\")"));
    u64::from_str_radix(own, 16).unwrap()
}

fn a_trace_goes_on_in_a_child() {
    run(async {
        let parent = Parent::new("tracing-child");
        let echo = within(parent.init.make_echo()).await.unwrap();
        let outer = info_span!("outer");
        let inner = outer.in_scope(|| info_span!("inner"));
        let other = info_span!("other");
        let mut told = Vec::new();
        for span in [&inner, &outer, &outer, &other] {
            let (own, answer) = ask(Arc::clone(&echo)).instrument(span.clone()).await;
            let own = own.expect("it is in a span");
            told.push((own, check_told(own, &answer)));
        }
        let [(inner, a), (outer, b), (again, c), (other, d)] = told[..] else {
            unreachable!("there are four")
        };
        assert_eq!(again, outer);
        assert_eq!(inner.trace_id(), outer.trace_id());
        assert_ne!(other.trace_id(), outer.trace_id());
        let mut ids = [inner.span_id(), outer.span_id(), other.span_id(), a, b, c, d];
        ids.sort_unstable();
        assert!(ids.windows(2).all(|pair| pair[0] != pair[1]), "{ids:?}");
        drop(echo);
        parent.finish().await;
    });
}

fn no_trace_begins_by_itself() {
    run(async {
        let parent = Parent::new("tracing-child");
        let echo = within(parent.init.make_echo()).await.unwrap();
        let (own, told) = ask(Arc::clone(&echo)).await;
        assert_eq!((own, told.as_str()), (None, "None"));
        drop(echo);
        parent.finish().await;
    });
}
