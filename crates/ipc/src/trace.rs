//! Spans that go on in other processes.
//!
//! A call that is made within a span says so to a peer of this project, and the span there in which the call is served
//! belongs to the same trace. Spans have what identifies them elsewhere once a call is made within them: it is kept with
//! the spans themselves, which takes a subscriber that stands on [`Registry`]. Without one, or outside of spans,
//! nothing is sent.

use std::fmt;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use capnp::message::{Builder, HeapAllocator};
use capnp::traits::IntoInternalStructReader as _;
use tracing::{Dispatch, Span, span};
use tracing_subscriber::Registry;
use tracing_subscriber::registry::{LookupSpan as _, SpanRef};

use crate::schema::process_capnp::traced_context;
use crate::schema::proxy_capnp::context;

/// A span as other processes know it. It is shown as W3C's `traceparent` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceContext {
    trace: u128,
    span: u64,
}

/// What a call says of the span that it is made in, on its way.
pub(crate) struct Sent(Builder<HeapAllocator>);

impl TraceContext {
    /// Of the span that the caller is in.
    pub fn current() -> Option<Self> {
        let current = Span::current();
        let known = current.with_subscriber(|(id, dispatch)| find(id, dispatch).map(|span| Self::of(&span)));
        known.flatten()
    }

    /// The trace: what all spans that led to each other have in common.
    pub fn trace_id(self) -> u128 {
        self.trace
    }

    /// The span.
    pub fn span_id(self) -> u64 {
        self.span
    }

    /// Spans get it when it is first asked for.
    fn of(span: &SpanRef<'_, Registry>) -> Self {
        if let Some(known) = span.extensions().get() {
            return *known;
        }
        let parent = span.parent().map(|parent| Self::of(&parent));
        let made = Self {
            trace: parent.map_or_else(new_trace, |parent| parent.trace),
            span: new_id(),
        };
        let mut extensions = span.extensions_mut();
        // Another thread may be in the same span.
        match extensions.get_mut() {
            Some(known) => *known,
            None => {
                extensions.insert(made);
                made
            }
        }
    }

    /// The span in which a call is served that was made within this one.
    pub(crate) fn serve(self, method: &'static str) -> Span {
        let own = Self {
            trace: self.trace,
            span: new_id(),
        };
        let span = tracing::debug_span!(
            target: "ipc",
            parent: None,
            "served",
            method,
            trace_id = format_args!("{:032x}", own.trace),
            parent_id = format_args!("{:016x}", self.span),
            span_id = format_args!("{:016x}", own.span),
        );
        span.with_subscriber(|(id, dispatch)| {
            if let Some(span) = find(id, dispatch) {
                span.extensions_mut().insert(own);
            }
        });
        span
    }

    /// As it is sent.
    pub(crate) fn to_sent(self) -> Sent {
        // The pointer to the structure, and what that has.
        let mut message = Builder::new(HeapAllocator::new().first_segment_words(1 + 3 + 2));
        let mut traced = message.init_root::<traced_context::Builder<'_>>();
        let [high, low] = halves(self.trace);
        traced.set_trace_high(high);
        traced.set_trace_low(low);
        traced.set_span(self.span);
        Sent(message)
    }

    /// What a peer of this project sent with a call, where it did.
    pub(crate) fn received(context: context::Reader<'_>) -> Option<Self> {
        // A context that is shorter reads as one with zeros.
        let traced = traced_context::Reader::from(context.into_internal_struct_reader());
        let trace = u128::from(traced.get_trace_high()) << 64 | u128::from(traced.get_trace_low());
        let span = traced.get_span();
        (trace != 0 && span != 0).then_some(Self { trace, span })
    }
}

impl Sent {
    /// A context that names no threads yet.
    pub(crate) fn context(&self) -> capnp::Result<context::Reader<'_>> {
        self.0.get_root_as_reader()
    }
}

impl fmt::Display for TraceContext {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "00-{:032x}-{:016x}-01", self.trace, self.span)
    }
}

fn find<'a>(id: &span::Id, dispatch: &'a Dispatch) -> Option<SpanRef<'a, Registry>> {
    dispatch.downcast_ref::<Registry>()?.span(id)
}

fn halves(trace: u128) -> [u64; 2] {
    let bytes = trace.to_be_bytes();
    let (halves, _) = bytes.as_chunks::<8>();
    [u64::from_be_bytes(halves[0]), u64::from_be_bytes(halves[1])]
}

/// What differs between processes, and each time. Zero stands for nothing.
fn new_id() -> u64 {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static LAST: AtomicU64 = AtomicU64::new(0);
    KEYS.hash_one(LAST.fetch_add(1, Ordering::Relaxed)).max(1)
}

fn new_trace() -> u128 {
    u128::from(new_id()) << 64 | u128::from(new_id())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{TraceContext, context};

    #[test]
    fn it_is_shown_as_a_traceparent() {
        let shown = TraceContext {
            trace: 0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c,
            span: 0xb7ad_6b71_6920_3331,
        };
        assert_eq!(
            shown.to_string(),
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        );
    }

    proptest! {
        #[test]
        fn what_is_sent_is_received(trace in 1_u128.., span in 1_u64..) {
            let sent = TraceContext { trace, span };
            let message = sent.to_sent();
            let context = message.context().expect("it is well-formed");
            prop_assert!(!context.has_thread() && !context.has_callback_thread());
            prop_assert_eq!(TraceContext::received(context), Some(sent));
        }
    }

    #[test]
    fn a_context_of_another_make_tells_of_no_trace() {
        let mut message = capnp::message::Builder::new_default();
        let context = message.init_root::<context::Builder<'_>>();
        assert_eq!(TraceContext::received(context.into_reader()), None);
    }
}
