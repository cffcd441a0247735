//! What `-debug=ipc` shows: Core's names for threads, and calls with an excerpt of their data.

mod shown;

use std::cell::OnceCell;
use std::fmt::{self, Debug, Write as _};
use std::sync::Arc;

use capnp::dynamic_value::Reader;

use shown::Shown;

/// Characters of a call's data that are shown.
const EXCERPT: usize = 200;

thread_local! {
    static LABEL: OnceCell<Arc<str>> = const { OnceCell::new() };
}

/// The calling thread in Core's spelling: `<program>-<pid>/<thread name>-<thread id>`.
pub(crate) fn thread_label(program: &str) -> Arc<str> {
    LABEL.with(|label| {
        Arc::clone(label.get_or_init(|| {
            let thread = std::thread::current();
            let name = thread.name().map(|name| format!("{name}-")).unwrap_or_default();
            format!("{program}-{}/{name}{}", std::process::id(), thread_id()).into()
        }))
    })
}

/// The name of a thread that was made for the peer's thread `from`.
pub(crate) fn served_thread_label(program: &str, from: &str) -> String {
    format!("{program}-{}/{} (from {from})", std::process::id(), thread_id())
}

#[cfg(target_os = "linux")]
fn thread_id() -> impl fmt::Display {
    rustix::thread::gettid().as_raw_nonzero()
}

#[cfg(not(target_os = "linux"))]
fn thread_id() -> impl fmt::Display {
    format!("{:?}", std::thread::current().id())
}

/// Logs a call that is sent.
pub(crate) fn sent<'a>(caller: &str, method: &str, data: impl Into<Reader<'a>>) {
    if is_shown() {
        let text = format!("{{{caller}}} IPC client send {method}$Params");
        message(&text, "send", data.into());
    }
}

/// Logs the answer to a call.
pub(crate) fn received<'a>(caller: &str, method: &str, data: impl Into<Reader<'a>>) {
    if is_shown() {
        let text = format!("{{{caller}}} IPC client recv {method}$Results");
        message(&text, "recv", data.into());
    }
}

/// Whether calls are logged.
#[inline(never)]
pub(crate) fn is_shown() -> bool {
    tracing::enabled!(target: "ipc", tracing::Level::DEBUG)
}

/// Logs that a call failed, but for a connection that is lost, which is logged once for all of its calls.
pub(crate) fn failed(caller: &str, error: &capnp::Error) {
    if error.kind != capnp::ErrorKind::Disconnected {
        tracing::debug!(target: "ipc", "{{{caller}}} IPC client exception {}", exception(error));
    }
}

/// An error as C++ peers show it, in the words of whoever says so.
pub(crate) fn exception(error: &capnp::Error) -> String {
    let reason = if error.extra.is_empty() {
        error.kind.to_string()
    } else {
        excerpt_of_text(&error.extra)
    };
    format!("kj::Exception: {reason}")
}

/// Whether the data of calls is logged.
pub(crate) fn shows_data() -> bool {
    tracing::enabled!(target: "ipc", tracing::Level::TRACE)
}

/// Logs one line, and at trace level its data.
pub(crate) fn message(text: &str, kind: &str, data: Reader<'_>) {
    tracing::debug!(target: "ipc", "{text}");
    if shows_data() {
        tracing::trace!(target: "ipc", "{kind} data: {}", excerpt(&Shown(data)));
    }
}

/// The first characters of what the data looks like. A message that cannot be decoded ends where it goes wrong.
fn excerpt(data: &dyn Debug) -> String {
    let mut excerpt = Excerpt::default();
    // Writing stops at the limit by failing.
    let _ = write!(excerpt, "{data:?}");
    excerpt.finish()
}

/// The first characters of a text that a peer may have chosen, on one line.
pub(crate) fn excerpt_of_text(text: &str) -> String {
    let mut excerpt = Excerpt::default();
    // As above.
    let _ = write!(excerpt, "{}", OneLine(text));
    excerpt.finish()
}

/// A text that a peer may have chosen, which begins no line of its own in the log.
pub(crate) struct OneLine<'a>(pub(crate) &'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| {
            if character.is_control() {
                write!(formatter, "{}", character.escape_default())
            } else {
                formatter.write_char(character)
            }
        })
    }
}

struct Excerpt {
    text: String,
    left: usize,
    cut: bool,
}

impl Default for Excerpt {
    fn default() -> Self {
        Self {
            text: String::new(),
            left: EXCERPT,
            cut: false,
        }
    }
}

impl Excerpt {
    fn finish(mut self) -> String {
        if self.cut {
            self.text.push_str("...");
        }
        self.text
    }
}

impl fmt::Write for Excerpt {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for character in text.chars() {
            if self.left == 0 {
                self.cut = true;
                return Err(fmt::Error);
            }
            self.left -= 1;
            self.text.push(character);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{excerpt, excerpt_of_text, thread_label};

    #[test]
    fn data_is_cut_after_two_hundred_characters() {
        let rows = [
            (197, format!("\"{}", "₿".repeat(197)) + "\""),
            (198, format!("\"{}\"", "₿".repeat(198))),
            (199, format!("\"{}...", "₿".repeat(199))),
            (5_000, format!("\"{}...", "₿".repeat(199))),
        ];
        for (length, expected) in rows {
            assert_eq!(excerpt(&"₿".repeat(length)), expected, "{length}");
        }
    }

    #[test]
    fn what_peers_say_is_cut_and_begins_no_line_of_its_own() {
        let rows = [
            ("so there ₿".to_owned(), "so there ₿".to_owned()),
            (
                "a\n[error] b\u{1b}[1m".to_owned(),
                "a\\n[error] b\\u{1b}[1m".to_owned(),
            ),
            ("₿".repeat(200), "₿".repeat(200)),
            ("₿".repeat(201), "₿".repeat(200) + "..."),
        ];
        for (said, expected) in rows {
            assert_eq!(excerpt_of_text(&said), expected);
        }
    }

    #[test]
    fn threads_are_named_by_program_process_name_and_number() {
        let label = std::thread::Builder::new()
            .name("b-test".to_owned())
            .spawn(|| thread_label("syscoin-node"))
            .expect("threads can be made")
            .join()
            .expect("no panic");
        let prefix = format!("syscoin-node-{}/b-test-", std::process::id());
        let number = label.strip_prefix(&prefix).expect("the prefix");
        assert!(number.parse::<u32>().is_ok(), "{label}");
    }
}
