//! From a call to its outcome: warm-up, lookup, argument checks, the handler, the check of its result.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde_json::ser::PrettyFormatter;
use serde_json::{Map, Value};
use tracing::Instrument as _;

use crate::added::{self, AddedCall, AddedMethod, AddedMethods};
use crate::arguments::Arguments;
use crate::config::DispatchConfig;
use crate::control;
use crate::eager::{self, Lost};
use crate::envelope::{Call, Params};
use crate::error::{RpcError, code};
use crate::help;
use crate::method::{Declaration, Method, Outcome};
use crate::named;
use crate::request::Request;
use crate::table::{DuplicateMethod, MethodTable};

/// Answers calls, whichever way they come in.
///
/// It starts in warm-up and answers nothing but [`code::IN_WARMUP`] until [`finish_warmup`](Self::finish_warmup).
pub struct Dispatcher {
    pub(crate) config: DispatchConfig,
    pub(crate) table: MethodTable,
    /// Those that come and go.
    pub(crate) added: AddedMethods,
    request_stop: Box<dyn Fn() + Send + Sync>,
    /// What the process is busy with until it can answer calls.
    warmup: Mutex<Option<String>>,
    active: Mutex<BTreeMap<u64, (Cow<'static, str>, Instant)>>,
    next_active: AtomicU64,
}

impl Dispatcher {
    /// Serves the table's methods and three of its own. `request_stop` is called when a client asks the process to stop.
    ///
    /// # Errors
    /// The table has one of the three already.
    pub fn new(
        config: DispatchConfig,
        mut table: MethodTable,
        request_stop: impl Fn() + Send + Sync + 'static,
    ) -> Result<Arc<Self>, DuplicateMethod> {
        for method in control::methods(&config.naming) {
            table.register(method)?;
        }
        Ok(Arc::new(Self {
            config,
            table,
            added: AddedMethods::default(),
            request_stop: Box::new(request_stop),
            warmup: Mutex::new(Some("RPC server started".to_owned())),
            active: Mutex::default(),
            next_active: AtomicU64::new(0),
        }))
    }

    /// The names of all methods, sorted.
    pub fn method_names(&self) -> Vec<String> {
        let added = self.added.all().into_iter().map(|method| method.name.clone());
        let mut names: Vec<String> = self.table.names().map(str::to_owned).chain(added).collect();
        names.sort_unstable();
        names
    }

    /// Tells what the process is busy with during warm-up. Afterwards it has no effect.
    pub fn set_warmup_status(&self, status: impl Into<String>) {
        if let Some(current) = lock(&self.warmup).as_mut() {
            *current = status.into();
        }
    }

    /// What the process is busy with, as long as it answers no calls.
    pub fn warmup_status(&self) -> Option<String> {
        lock(&self.warmup).clone()
    }

    /// Answers calls from now on.
    pub fn finish_warmup(&self) {
        *lock(&self.warmup) = None;
    }

    /// Carries a call out that was sent to the path `/`. The handler runs to its end even when the caller stops waiting.
    ///
    /// # Errors
    /// The call cannot be carried out, or its handler says so.
    pub async fn execute(self: &Arc<Self>, call: Call, user: &str) -> Outcome {
        self.execute_at("/", call, user).await
    }

    /// As [`execute`](Self::execute), of a call that was sent to another path.
    pub(crate) async fn execute_at(self: &Arc<Self>, uri: &str, call: Call, user: &str) -> Outcome {
        if let Some(status) = &*lock(&self.warmup) {
            return Err(RpcError::new(code::IN_WARMUP, status.as_str()));
        }
        let Some(method) = self.table.find(&call.method) else {
            return self.execute_added(uri, call, user).await;
        };
        let arguments = self.check_arguments(method, call.params)?;
        let request = Request {
            arguments,
            user: user.to_owned(),
            dispatcher: Arc::clone(self),
        };
        let name = Cow::Borrowed(method.declaration.name);
        let result = self.run(name, (method.handler)(request)).await?;
        self.check_result(&method.declaration, &result)?;
        Ok(result)
    }

    /// Carries a call out that one of the methods answers that were added.
    async fn execute_added(self: &Arc<Self>, uri: &str, call: Call, user: &str) -> Outcome {
        let Some(method) = self.added.find(&call.method) else {
            return Err(RpcError::new(code::METHOD_NOT_FOUND, "Method not found"));
        };
        let call = AddedCall {
            parameters: added::parameters(call.params)?,
            uri: uri.to_owned(),
            user: user.to_owned(),
            help: false,
        };
        self.run(method.name.clone().into(), method.call(call)).await
    }

    /// What `help` says of a method that was added: its own text, or how it is called where it has none.
    pub(crate) async fn help_of(&self, method: &Arc<AddedMethod>, user: &str) -> String {
        let call = AddedCall {
            parameters: Value::Array(Vec::new()),
            uri: "/".to_owned(),
            user: user.to_owned(),
            help: true,
        };
        match method.call(call).await {
            Ok(Value::String(text)) => text,
            Ok(_) => method.usage(),
            Err(error) => error.message,
        }
    }

    /// Runs a call to its end.
    async fn run(
        self: &Arc<Self>,
        name: Cow<'static, str>,
        running: impl Future<Output = Outcome> + Send + 'static,
    ) -> Outcome {
        let active = self.note_active(name.clone());
        let running = async move {
            let outcome = running.await;
            drop(active);
            outcome
        };
        let span = tracing::debug_span!(target: "rpc", "call", method = &*name);
        let finished = eager::finish(running.instrument(span)).await;
        finished.unwrap_or_else(|lost| {
            // A client learns no more than that it happened.
            let what = match lost {
                Lost::Panicked => format!("{name} panicked"),
                Lost::Cancelled => format!("{name} was cancelled"),
            };
            Err(RpcError::new(
                code::INTERNAL_ERROR,
                self.config.naming.internal_bug(&what),
            ))
        })
    }

    fn check_arguments(&self, method: &Method, params: Params) -> Result<Arguments, RpcError> {
        let declaration = &method.declaration;
        let values = match params {
            Params::Positional(values) => values,
            Params::Named(named) => named::to_positions(declaration, named)?,
        };
        if !declaration.takes(values.len()) {
            return Err(RpcError::misc(help::full(declaration, &self.config.naming)));
        }
        let mut wrong = Map::new();
        for (index, param) in declaration.params.iter().enumerate() {
            if let Some(mismatch) = param.mismatch(values.get(index).unwrap_or(&Value::Null)) {
                wrong.insert(
                    format!("Position {} ({})", index + 1, param.names),
                    mismatch.into(),
                );
            }
        }
        if wrong.is_empty() {
            Ok(Arguments::new(Arc::clone(declaration), values))
        } else {
            let message = format!("Wrong type passed:\n{}", indented(&Value::Object(wrong)));
            Err(RpcError::new(code::TYPE_ERROR, message))
        }
    }

    fn check_result(&self, declaration: &Declaration, result: &Value) -> Result<(), RpcError> {
        if !self.config.check_results {
            return Ok(());
        }
        let mut mismatches = Vec::new();
        for (_, shape) in &declaration.results {
            match shape.mismatch(result) {
                None => return Ok(()),
                Some(mismatch) => mismatches.push(mismatch),
            }
        }
        let explanation = match mismatches.as_slice() {
            [] => "no possible results defined".to_owned(),
            [mismatch] => indented(mismatch),
            _ => indented(&Value::Array(mismatches)),
        };
        let what = format!(
            "RPC call \"{}\" returned incorrect type:\n{explanation}",
            declaration.name
        );
        Err(RpcError::misc(self.config.naming.internal_bug(&what)))
    }

    pub(crate) fn request_stop(&self) {
        (self.request_stop)();
    }

    /// The calls that are running, oldest first, with the time they have taken so far.
    pub(crate) fn active(&self) -> Vec<(Cow<'static, str>, Duration)> {
        lock(&self.active)
            .values()
            .map(|(name, since)| (name.clone(), since.elapsed()))
            .collect()
    }

    fn note_active(self: &Arc<Self>, name: Cow<'static, str>) -> ActiveCall {
        let number = self.next_active.fetch_add(1, Ordering::Relaxed);
        lock(&self.active).insert(number, (name, Instant::now()));
        ActiveCall {
            dispatcher: Arc::clone(self),
            number,
        }
    }
}

impl std::fmt::Debug for Dispatcher {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Dispatcher")
            .field("config", &self.config)
            .field("table", &self.table)
            .finish()
    }
}

/// A call that is listed as running as long as this lives.
struct ActiveCall {
    dispatcher: Arc<Dispatcher>,
    number: u64,
}

impl Drop for ActiveCall {
    fn drop(&mut self) {
        lock(&self.dispatcher.active).remove(&self.number);
    }
}

/// No panic happens while one of these locks is held, so a poisoned one is as good as any.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// JSON over several lines, four spaces a level.
fn indented(value: &Value) -> String {
    let mut bytes = Vec::new();
    let mut serializer =
        serde_json::Serializer::with_formatter(&mut bytes, PrettyFormatter::with_indent(b"    "));
    value
        .serialize(&mut serializer)
        .expect("writing JSON to memory cannot fail because keys are strings");
    String::from_utf8(bytes).expect("JSON is UTF-8 because its strings are")
}

#[cfg(test)]
mod tests;
