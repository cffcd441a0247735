//! A node that is attacked while another client uses it, and what it may not come to.

use std::path::PathBuf;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use functional_tests::{Daemon, DataDir, IpcClient, IpcEcho, Node, process_table, wait_until};

/// How long another client may wait for one answer while the node is attacked on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// How much more memory the node may hold at any time.
const GROWTH: u64 = 32 << 20;

/// A node that is attacked, seen by the attacker.
pub(crate) struct Target<'a> {
    pub(crate) node: &'a Node<'a>,
    pub(crate) path: PathBuf,
}

impl Target<'_> {
    /// A client of it, which sends nothing by itself.
    pub(crate) fn client(&self) -> Result<IpcClient> {
        IpcClient::connect(&self.path)
    }

    /// How often the log says why a connection was given up, with this in the reason.
    pub(crate) fn count_given_up(&self, reason: &str) -> Result<usize> {
        self.count(&["is given up", reason])
    }

    /// How many lines of the log have all of these in them.
    pub(crate) fn count(&self, parts: &[&str]) -> Result<usize> {
        let lines = self.node.log().lines()?;
        let is_one = |message: &str| parts.iter().all(|part| message.contains(part));
        Ok(lines.iter().filter(|line| is_one(&line.message)).count())
    }

    /// What the log complains about.
    fn complaints(&self) -> String {
        let text = self.node.log().text().unwrap_or_default();
        let lines = text
            .lines()
            .filter(|line| line.contains("[warning]") || line.contains("[error]"));
        format!("the node says: {:#?}", lines.collect::<Vec<_>>())
    }

    /// Makes sure that the log says so, so many times by now and not more.
    pub(crate) fn check_given_up(&self, reason: &str, times: usize) -> Result<()> {
        wait_until(&format!("the log to say why: {reason}"), || {
            Ok((self.count_given_up(reason)? >= times).then_some(()))
        })?;
        assert_eq!(self.count_given_up(reason)?, times, "{reason}");
        Ok(())
    }
}

/// Calls without a pause until it is told that all is over, and once at least, however short the attack is.
fn stand_by(echo: &mut IpcEcho, begins: &Barrier, is_over: &AtomicBool) -> Result<()> {
    let ready = echo.client().set_patience(PATIENCE);
    begins.wait();
    ready?;
    loop {
        echo.check("₿ still here")
            .context("another client is not served during the attack")?;
        if is_over.load(Ordering::Relaxed) {
            return Ok(());
        }
    }
}

/// Attacks a node while another client uses it, and makes sure that neither notices much.
pub(crate) fn withstand(options: &[&str], attack: impl FnOnce(&Target<'_>) -> Result<()>) -> Result<()> {
    const WARM: usize = 200;
    let data_dir = DataDir::new()?;
    let all = [&["-ipcbind=unix"], options].concat();
    let node = Node::start(Daemon::SyscoinNode, &data_dir, &all)?;
    let path = data_dir.regtest("node.sock");
    let pid = node.pid()?;
    let mut early = IpcEcho::connect(&path)?;
    let mut bystander = IpcEcho::connect(&path)?;
    for _ in 0..WARM {
        early.check("warm")?;
    }
    let before = process_table::resident(pid)?;
    process_table::forget_peak(pid)?;
    let (begins, is_over) = (Barrier::new(2), AtomicBool::new(false));
    let target = Target { node: &node, path };
    let path = &target.path;
    thread::scope(|scope| -> Result<()> {
        let bystander = scope.spawn(|| stand_by(&mut bystander, &begins, &is_over));
        begins.wait();
        let attacked = attack(&target);
        is_over.store(true, Ordering::Relaxed);
        let stood_by = bystander
            .join()
            .expect("the bystander does not panic because it gives its failure as an error");
        attacked.with_context(|| target.complaints())?;
        stood_by
    })?;
    let growth = process_table::peak_resident(pid)?.saturating_sub(before);
    ensure!(growth <= GROWTH, "the node held {} KiB more", growth >> 10);
    early.check("after").context("a client from before the attack")?;
    IpcEcho::connect(path).context("a client from after the attack")?;
    node.stop()
}
