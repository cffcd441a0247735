//! Commands of the user's that the node runs when something happens.

use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use app::{Args, OptionCategory, OptionSpec};
use bitcoin::BlockHash;
use chain::ChainObserver;
use tokio::process::Command;
use tokio::task::JoinSet;

use crate::state::NodeState;

/// How long the node waits for commands of `-shutdownnotify`.
const SHUTDOWN_DEADLINE: Duration = Duration::from_secs(60);

/// The options that name commands.
pub(crate) fn options() -> Vec<OptionSpec> {
    let command =
        |name, help: &'static str| OptionSpec::new(name, OptionCategory::General, help).argument("<cmd>");
    vec![
        command(
            "alertnotify",
            "Run this command when there is a new warning, as getblockchaininfo shows it. %s stands for its text, in single \
             quotes.",
        ),
        command(
            "blocknotify",
            "Run this command when the best block has changed. %s stands for the block's hash.",
        ),
        command("startupnotify", "Run this command when the node has started."),
        command(
            "shutdownnotify",
            "Run this command when the node begins to stop, and wait for it. May be given several times.",
        ),
    ]
}

/// Runs the command of `-startupnotify`, if there is one, and does not wait for it.
pub(crate) fn started(args: &Args) {
    if let Some(command) = args.text("startupnotify").filter(|command| !command.is_empty()) {
        tokio::spawn(run(command));
    }
}

/// Runs the commands of `-shutdownnotify` side by side, and waits for all of them.
pub(crate) async fn stopping(args: &Args) {
    let mut running: JoinSet<()> = args.texts("shutdownnotify").into_iter().map(run).collect();
    let all = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(SHUTDOWN_DEADLINE, all).await.is_err() {
        tracing::warn!(
            "a command of -shutdownnotify was still running after {} s: it is left alone",
            SHUTDOWN_DEADLINE.as_secs()
        );
        running.detach_all();
    }
}

/// Runs the command of `-blocknotify`, if there is one, for each new tip once the chain has caught up.
pub(crate) fn blocks(args: &Args, node: &Arc<NodeState>) {
    let Some(command) = args.text("blocknotify").filter(|command| !command.is_empty()) else {
        return;
    };
    let (sender, mut tips) = tokio::sync::mpsc::unbounded_channel();
    node.chain.observe(Arc::new(NewTips(sender)));
    let node = Arc::downgrade(node);
    tokio::spawn(async move {
        while let Some(hash) = tips.recv().await {
            let Some(node) = node.upgrade() else { return };
            if !node.chain.is_initial_block_download() {
                tokio::spawn(run(command.replace("%s", &hash.to_string())));
            }
        }
    });
}

/// Runs the command of `-alertnotify`, if there is one, for each new warning.
pub(crate) fn alerts(args: &Args, node: &NodeState) {
    let Some(command) = args.text("alertnotify").filter(|command| !command.is_empty()) else {
        return;
    };
    let (sender, mut texts) = tokio::sync::mpsc::unbounded_channel();
    node.warnings.alert(sender);
    tokio::spawn(async move {
        while let Some(text) = texts.recv().await {
            tokio::spawn(run(command.replace("%s", &quoted(&text))));
        }
    });
}

/// A text that a shell takes for one word: in single quotes, and without whatever might end or mean something in them.
fn quoted(text: &str) -> String {
    let is_safe = |letter: &char| letter.is_ascii_alphanumeric() || " .,;-_/:?@()".contains(*letter);
    format!("'{}'", text.chars().filter(is_safe).collect::<String>())
}

struct NewTips(tokio::sync::mpsc::UnboundedSender<BlockHash>);

impl ChainObserver for NewTips {
    fn tip_changed(&self, hash: BlockHash, _height: u32) {
        // Nobody hears of it when the node stops.
        _ = self.0.send(hash);
    }
}

/// Runs a command by the system's shell, and logs a failure.
async fn run(command: String) {
    let outcome = shell(&command)
        .stdin(Stdio::null())
        .status()
        .await
        .map(|status| status.code());
    match outcome {
        Ok(Some(0)) => {}
        Ok(Some(code)) => tracing::warn!("runCommand error: system({command}) returned {code}"),
        Ok(None) => tracing::warn!("runCommand error: system({command}) was ended by a signal"),
        Err(error) => tracing::warn!("runCommand error: system({command}) did not start: {error}"),
    }
}

#[cfg(unix)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(command);
    shell
}

#[cfg(windows)]
fn shell(command: &str) -> Command {
    let mut shell = Command::new("cmd");
    shell.arg("/C").raw_arg(command);
    shell
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_text_leaves_its_quotes() {
        for (text, expected) in [
            (
                "Unknown new rules activated (versionbit 15)",
                "'Unknown new rules activated (versionbit 15)'",
            ),
            ("a'; rm -r $HOME; echo '`b`\n\\", "'a; rm -r HOME; echo b'"),
            ("₿!", "''"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
