//! Traces that go on in a child, and from there in calls back.

use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use interfaces::{
    Chain, Echo, Init, InterfaceError, Json, RpcCommand, RpcFailure, RpcMethod, RpcRequest, suite,
};
use ipc::TraceContext;
use tracing::field::{Field, Visit};
use tracing::{Event, Instrument as _, Subscriber, info_span, span};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use super::children::Reporter;
use super::parent::{Parent, run, within};

pub(crate) const TESTS: [(&str, fn()); 3] = [
    (
        "a call that is made within a span is served within one of the same trace",
        a_trace_goes_on_in_a_child,
    ),
    (
        "calls back belong to the trace of the call that they are made in, however deep",
        a_trace_goes_on_in_calls_back,
    ),
    (
        "a call that is made outside of spans is served outside of spans",
        no_trace_begins_by_itself,
    ),
];

/// The fields of the process's latest span.
static LATEST: Mutex<String> = Mutex::new(String::new());

/// What the process logged of traces.
static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Takes note of both.
pub(crate) struct Noting;

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

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut fields = String::new();
        event.record(&mut Fields(&mut fields));
        let line = fields.strip_prefix("message=").map(str::trim_end);
        if let Some(line) = line.filter(|line| line.contains(" trace: ")) {
            LOGGED.lock().unwrap().push(line.to_owned());
        }
    }
}

/// What the process logged of traces since this was asked for.
fn take_logged() -> Vec<String> {
    std::mem::take(&mut *LOGGED.lock().unwrap())
}

/// Lets a child take note of its spans.
pub(crate) fn take_note() {
    let subscriber = tracing_subscriber::registry().with(Noting);
    tracing::subscriber::set_global_default(subscriber).expect("there is no other");
}

/// The child.
pub(crate) struct Child;

#[async_trait]
impl Init for Child {
    async fn make_echo(&self) -> Result<Arc<dyn Echo>, InterfaceError> {
        Ok(Arc::new(Reporter(report)))
    }

    async fn make_chain(&self) -> Result<Arc<dyn Chain>, InterfaceError> {
        // It calls what it is passed.
        suite::recorder().make_chain().await
    }
}

/// What the child tells of the span that it is called in, or of what it logged.
fn report(question: &str) -> String {
    if question == "logged" {
        return take_logged().join("\n");
    }
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

/// Calls of the child's that are made in each other.
const DEPTH: usize = 3;

/// Passes itself to the child's chain, which calls it, and takes note of the spans that it is called in.
struct Recursing {
    chain: Arc<dyn Chain>,
    n_more: usize,
    spans: Arc<Mutex<Vec<(TraceContext, String)>>>,
}

impl Recursing {
    async fn pass(self) {
        let command = RpcCommand {
            category: "test".to_owned(),
            name: "recurse".to_owned(),
            parameters: Vec::new(),
        };
        // What the chain answers is its own affair.
        let _ = Arc::clone(&self.chain).handle_rpc(command, Arc::new(self)).await;
    }
}

#[async_trait]
impl RpcMethod for Recursing {
    async fn call(&self, _: RpcRequest) -> Result<Result<Json, RpcFailure>, InterfaceError> {
        let own = TraceContext::current().expect("it is served in a span");
        let fields = std::mem::take(&mut *LATEST.lock().unwrap());
        self.spans.lock().unwrap().push((own, fields));
        if self.n_more > 0 {
            let again = Self {
                chain: Arc::clone(&self.chain),
                n_more: self.n_more - 1,
                spans: Arc::clone(&self.spans),
            };
            again.pass().await;
        }
        Ok(Ok(Json::Null))
    }
}

/// The spans that lines of this kind tell of, in their order.
fn spans_in(logged: &[String], kind: &str) -> Vec<String> {
    let prefix = format!("{kind} trace: ");
    let told = logged.iter().filter_map(|line| line.strip_prefix(&prefix));
    told.map(str::to_owned).collect()
}

fn a_trace_goes_on_in_calls_back() {
    run(async {
        let parent = Parent::new("tracing-child");
        let child = within(parent.init.start_child("tracing-child")).await.unwrap();
        let chain = within(child.init.make_chain()).await.unwrap();
        let echo = within(child.init.make_echo()).await.unwrap();
        within(echo.echo("logged".to_owned())).await.unwrap();
        take_logged();
        let spans = Arc::default();
        let method = Recursing {
            chain: Arc::clone(&chain),
            n_more: DEPTH - 1,
            spans: Arc::clone(&spans),
        };
        let outer = info_span!("outer");
        within(method.pass()).instrument(outer.clone()).await;
        let outer = outer.in_scope(TraceContext::current).expect("it is a span");

        let here = take_logged();
        let there = within(echo.echo("logged".to_owned())).await.unwrap();
        let there: Vec<String> = there.lines().map(str::to_owned).collect();
        let spans = std::mem::take(&mut *spans.lock().unwrap());
        assert_eq!(spans.len(), DEPTH);
        // What one side sends of each call, the other one receives.
        let calls = spans_in(&here, "send");
        let calls_back = spans_in(&there, "send");
        assert_eq!(
            (calls.len(), calls_back.len()),
            (DEPTH, DEPTH),
            "{here:?} {there:?}"
        );
        assert_eq!(spans_in(&there, "request"), calls);
        assert_eq!(spans_in(&here, "request"), calls_back);
        // Each call is made in the span that the call before it is served in.
        let trace = format!("{:032x}", outer.trace_id());
        let mut caller = outer;
        for (((own, fields), call), call_back) in spans.into_iter().zip(calls).zip(calls_back) {
            assert_eq!(call, caller.to_string());
            assert_eq!(own.trace_id(), outer.trace_id());
            let parent = call_back
                .strip_prefix(&format!("00-{trace}-"))
                .and_then(|rest| rest.strip_suffix("-01"))
                .unwrap_or_else(|| panic!("{call_back}"));
            let span = own.span_id();
            let expected =
                format!("method=\"RpcMethod.call\" trace_id={trace} parent_id={parent} span_id={span:016x} ");
            assert_eq!(fields, expected);
            caller = own;
        }
        drop((echo, chain, child));
        parent.finish().await;
    });
}
