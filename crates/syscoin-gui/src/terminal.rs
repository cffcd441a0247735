//! What the user sees: a line for each thing that the node tells.

use std::borrow::Cow;
use std::fmt::Display;
use std::io::Write as _;

use async_trait::async_trait;
use interfaces::{BlockTip, EventListener, InterfaceError, MessageStyle, Node, NodeEvent, StartedAt};
use tokio::sync::watch;

/// The terminal, as the node's events reach it.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// What was heard that somebody has to act on.
    heard: watch::Sender<Heard>,
}

/// What the node has told that is more than a line.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Heard {
    /// How often its warnings have changed.
    pub(crate) alerts: u64,
    /// Whether it is about to stop.
    pub(crate) is_stopping: bool,
    /// Whether it has said what went wrong.
    pub(crate) has_failed: bool,
}

impl Terminal {
    /// What was heard, now and later.
    pub(crate) fn heard(&self) -> watch::Receiver<Heard> {
        self.heard.subscribe()
    }
}

/// Writes a line. Who closes the terminal need not read it.
pub(crate) fn line(text: impl Display) {
    let mut stdout = std::io::stdout().lock();
    _ = writeln!(stdout, "{text}");
}

/// Where the node is when it has started.
pub(crate) fn started(at: &StartedAt) {
    match &at.tip {
        Some(tip) => line(described(tip, at.verification_progress)),
        None => line("There are no blocks yet"),
    }
}

/// What the node wants people to know.
pub(crate) async fn warnings(node: &dyn Node) -> Result<(), InterfaceError> {
    for warning in node.get_warnings().await? {
        // Some say themselves what they are.
        app::report::warning(readable(warning.strip_prefix("Warning: ").unwrap_or(&warning)));
    }
    Ok(())
}

/// A text that the node, or one of its clients, has said, without what would make the terminal do more than to show it.
fn readable(text: &str) -> Cow<'_, str> {
    let is_readable = |letter: char| !letter.is_control() || letter == '\n' || letter == '\t';
    if text.chars().all(is_readable) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for letter in text.chars() {
        if is_readable(letter) {
            shown.push(letter);
        } else {
            shown.extend(letter.escape_default());
        }
    }
    Cow::Owned(shown)
}

fn described(tip: &BlockTip, progress: f64) -> String {
    let (height, hash) = (tip.block.height, tip.block.hash);
    format!("Block {height} is {hash}, {:.1} % verified", progress * 100.0)
}

#[async_trait]
impl EventListener for Terminal {
    async fn hear(&self, event: NodeEvent) -> Result<(), InterfaceError> {
        match event {
            NodeEvent::InitMessage(text) | NodeEvent::Message(text, MessageStyle::Information) => {
                line(readable(&text));
            }
            NodeEvent::Message(text, MessageStyle::Warning) => app::report::warning(readable(&text)),
            NodeEvent::Message(text, MessageStyle::Error) => {
                app::report::error(readable(&text));
                self.heard.send_modify(|heard| heard.has_failed = true);
            }
            NodeEvent::Progress { title, percent, .. } => {
                line(format_args!("{} {percent} %", readable(&title)));
            }
            NodeEvent::Connections(count) => line(format_args!("Connected peers: {count}")),
            NodeEvent::NetworkActive(true) => line("The network is on"),
            NodeEvent::NetworkActive(false) => line("The network is off"),
            NodeEvent::Alert => self.heard.send_modify(|heard| heard.alerts += 1),
            NodeEvent::Bans => line("The list of bans has changed"),
            NodeEvent::BlockTip { tip, progress, .. } => line(described(&tip, progress)),
            NodeEvent::ShutdownRequested => {
                line("Shutting down…");
                self.heard.send_modify(|heard| heard.is_stopping = true);
            }
            // A header is of interest with its block, which has a line of its own.
            NodeEvent::HeaderTip { .. } | NodeEvent::InitWallet => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::readable;

    #[test]
    fn what_would_drive_the_terminal_is_shown_instead() {
        for (text, expected) in [
            ("Loading block index…", "Loading block index…"),
            ("one\n\ttwo", "one\n\ttwo"),
            ("\u{1b}]0;title\u{7}", "\\u{1b}]0;title\\u{7}"),
            ("100 %\rdone\u{9b}2J", "100 %\\rdone\\u{9b}2J"),
        ] {
            assert_eq!(readable(text), expected);
        }
    }
}
