//! Scans that take long: one of a kind at a time, which callers can watch and abort.

pub(super) mod blocks;
pub(super) mod coins;

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rpc::{Kind, Param, Request, RpcError, Shape, ShapeKind, code};
use serde_json::Value;

use crate::methods::scan_object::{self, Wanted};
use crate::shapes;
use crate::state::NodeState;

/// What callers ask of scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Action {
    Start,
    Abort,
    Status,
}

/// The scans of one kind, of which there is one at most. Clones share it.
#[derive(Debug, Clone, Default)]
struct Scans(Arc<Mutex<Option<Arc<Progress>>>>);

/// How far a scan is.
#[derive(Debug, Default)]
struct Progress {
    percent: AtomicU32,
    height: AtomicU32,
    is_aborted: AtomicBool,
}

/// A scan that runs, until this is dropped.
#[derive(Debug)]
struct Running {
    scans: Scans,
    progress: Arc<Progress>,
}

impl Scans {
    fn current(&self) -> Option<Arc<Progress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Begins a scan.
    ///
    /// # Errors
    /// One is running.
    fn begin(&self) -> Result<Running, RpcError> {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if current.is_some() {
            return Err(RpcError::invalid_parameter(
                "Scan already in progress, use action \"abort\" or \"status\"",
            ));
        }
        let progress = Arc::<Progress>::default();
        *current = Some(Arc::clone(&progress));
        Ok(Running {
            scans: self.clone(),
            progress,
        })
    }

    /// Lets the scan that is running end, and tells whether there was one.
    fn abort(&self) -> bool {
        let current = self.current();
        if let Some(progress) = &current {
            progress.is_aborted.store(true, Ordering::Relaxed);
        }
        current.is_some()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        *self.scans.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl Running {
    fn is_aborted(&self) -> bool {
        self.progress.is_aborted.load(Ordering::Relaxed)
    }

    /// Whether the scan is to go on.
    ///
    /// # Errors
    /// The node stops, or the scan was aborted.
    fn check(&self, node: &NodeState) -> Result<(), RpcError> {
        check_runs(node)?;
        match self.is_aborted() {
            true => Err(RpcError::misc("Scan aborted")),
            false => Ok(()),
        }
    }

    /// What to look for, which may be millions of scripts; nothing if the scan is aborted while they are made.
    fn wanted(&self, node: &NodeState, objects: &Value) -> Result<Wanted, RpcError> {
        let made = scan_object::all(objects, &node.chain.params().address, || self.check(node));
        match made {
            Err(_) if self.is_aborted() => Ok(Wanted::default()),
            made => made,
        }
    }

    fn is_at(&self, percent: u32) {
        self.progress.percent.store(percent, Ordering::Relaxed);
    }

    fn is_at_height(&self, height: u32) {
        self.progress.height.store(height, Ordering::Relaxed);
    }
}

impl Progress {
    fn percent(&self) -> u32 {
        self.percent.load(Ordering::Relaxed)
    }

    fn height(&self) -> u32 {
        self.height.load(Ordering::Relaxed)
    }
}

/// The error of work that ends because the node stops.
pub(super) fn check_runs(node: &NodeState) -> Result<(), RpcError> {
    match node.shutdown.is_requested() {
        true => Err(RpcError::new(code::CLIENT_NOT_CONNECTED, "Shutting down")),
        false => Ok(()),
    }
}

fn action_param() -> Param {
    Param::required(
        "action",
        Kind::String,
        "start begins a scan and gives its result, abort ends the one that is running, status tells how far it is",
    )
}

fn action(request: &Request) -> Result<Action, RpcError> {
    let action: String = request.arguments.required("action")?;
    match action.as_str() {
        "start" => Ok(Action::Start),
        "abort" => Ok(Action::Abort),
        "status" => Ok(Action::Status),
        other => Err(RpcError::invalid_parameter(format!("Invalid action '{other}'"))),
    }
}

/// What is to be looked for.
fn objects(request: &Request) -> Result<Value, RpcError> {
    match request.arguments.value("scanobjects") {
        Value::Null => Err(RpcError::misc(
            "scanobjects argument is required for the start action",
        )),
        objects => Ok(objects.clone()),
    }
}

fn aborted() -> Shape {
    shapes::flag("Whether there was a scan to abort; it may run on for a moment")
}

fn nothing() -> Shape {
    Shape::new(ShapeKind::Null, "")
}

fn percent() -> Shape {
    shapes::number("About how many percent are done")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_scan_runs_at_a_time_and_can_be_aborted() {
        let scans = Scans::default();
        assert!(!scans.abort());
        let running = scans.begin().unwrap();
        running.is_at(7);
        assert_eq!(scans.current().unwrap().percent(), 7);
        let error = scans.begin().unwrap_err();
        assert_eq!(
            (error.code, error.message.as_str()),
            (-8, "Scan already in progress, use action \"abort\" or \"status\"")
        );
        assert!(!running.is_aborted());
        assert!(scans.abort());
        assert!(running.is_aborted());
        drop(running);
        assert!(scans.current().is_none());
        assert!(!scans.begin().unwrap().is_aborted());
    }
}
