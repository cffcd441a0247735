//! Methods that come and go while calls are answered, and are carried out by somebody else: of their parameters only the
//! names are known here.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use serde_json::{Map, Value};

use crate::dispatch::Dispatcher;
use crate::envelope::Params;
use crate::error::{RpcError, code};
use crate::method::Outcome;
use crate::named;
use crate::table::DuplicateMethod;

/// Carries calls out.
type Handler = Box<dyn Fn(AddedCall) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// A method that can be added.
pub struct AddedMethod {
    /// The heading that `help` lists it below.
    pub(crate) category: String,
    pub(crate) name: String,
    /// The names of its parameters, alternatives parted by `|`.
    parameters: Vec<String>,
    handler: Handler,
    /// The calls that are under way, each a reader of the lock.
    calls: tokio::sync::RwLock<()>,
    /// Whether it was taken away, after which no call begins.
    is_gone: AtomicBool,
}

/// A call of an added method, whose parameters nobody has checked.
#[derive(Debug, Clone, PartialEq)]
pub struct AddedCall {
    /// An array, or an object of named parameters.
    pub parameters: Value,
    /// The path that the request was sent to.
    pub uri: String,
    /// Who calls.
    pub user: String,
    /// Whether the method's help is asked for instead of its work: a text is the answer then.
    pub help: bool,
}

impl AddedMethod {
    /// A method that `handler` carries out.
    pub fn new<F, Answer>(
        category: impl Into<String>,
        name: impl Into<String>,
        parameters: Vec<String>,
        handler: F,
    ) -> Self
    where
        F: Fn(AddedCall) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Outcome> + Send + 'static,
    {
        Self {
            category: category.into(),
            name: name.into(),
            parameters,
            handler: Box::new(move |call| Box::pin(handler(call))),
            calls: tokio::sync::RwLock::default(),
            is_gone: AtomicBool::new(false),
        }
    }

    /// The method's line in the list that `help` gives. Whether parameters can be left out is not known.
    pub(crate) fn usage(&self) -> String {
        let first_names = self
            .parameters
            .iter()
            .map(|names| names.split('|').next().unwrap_or_default());
        std::iter::once(self.name.as_str())
            .chain(first_names)
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Begins a call, which counts as under way until the result is done or dropped.
    pub(crate) fn call(self: &Arc<Self>, call: AddedCall) -> impl Future<Output = Outcome> + Send + use<> {
        let this = Arc::clone(self);
        async move {
            let _under_way = this.calls.read().await;
            if this.is_gone.load(Ordering::Acquire) {
                return Err(RpcError::new(code::METHOD_NOT_FOUND, "Method not found"));
            }
            (this.handler)(call).await
        }
    }
}

impl fmt::Debug for AddedMethod {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "AddedMethod({})", self.name)
    }
}

/// Parameters as they are handed on.
///
/// # Errors
/// A name is given twice.
pub(crate) fn parameters(params: Params) -> Result<Value, RpcError> {
    Ok(match params {
        Params::Positional(values) => Value::Array(values),
        Params::Named(pairs) => {
            named::check_distinct(&pairs)?;
            Value::Object(pairs.into_iter().collect::<Map<_, _>>())
        }
    })
}

/// Added methods by name.
#[derive(Debug, Default)]
pub(crate) struct AddedMethods(RwLock<BTreeMap<String, Arc<AddedMethod>>>);

impl AddedMethods {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Arc<AddedMethod>>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<AddedMethod>> {
        self.read().get(name).cloned()
    }

    /// All of them, by their names.
    pub(crate) fn all(&self) -> Vec<Arc<AddedMethod>> {
        self.read().values().cloned().collect()
    }

    fn insert(&self, method: &Arc<AddedMethod>) -> Result<(), DuplicateMethod> {
        let mut methods = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if methods.contains_key(&method.name) {
            return Err(DuplicateMethod(method.name.clone()));
        }
        methods.insert(method.name.clone(), Arc::clone(method));
        Ok(())
    }

    /// Takes a method away, unless another one has its name meanwhile.
    fn remove(&self, method: &Arc<AddedMethod>) {
        method.is_gone.store(true, Ordering::Release);
        let mut methods = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if methods
            .get(&method.name)
            .is_some_and(|there| Arc::ptr_eq(there, method))
        {
            methods.remove(&method.name);
        }
    }
}

impl Dispatcher {
    /// Answers calls of this method too, as long as the result lives.
    ///
    /// # Errors
    /// There is one of that name already.
    pub fn add(self: &Arc<Self>, method: AddedMethod) -> Result<Addition, DuplicateMethod> {
        if self.table.find(&method.name).is_some() {
            return Err(DuplicateMethod(method.name));
        }
        let method = Arc::new(method);
        self.added.insert(&method)?;
        Ok(Addition {
            dispatcher: Arc::clone(self),
            method,
        })
    }
}

/// A method that was added. Dropping this takes it away, and waits for nothing.
#[derive(Debug)]
#[must_use]
pub struct Addition {
    dispatcher: Arc<Dispatcher>,
    method: Arc<AddedMethod>,
}

impl Addition {
    /// Takes the method away, and waits for the calls that are under way. A second time it does nothing.
    pub async fn end(&self) {
        self.dispatcher.added.remove(&self.method);
        drop(self.method.calls.write().await);
    }
}

impl Drop for Addition {
    fn drop(&mut self) {
        self.dispatcher.added.remove(&self.method);
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::config::{DispatchConfig, Naming};
    use crate::envelope::Call;
    use crate::table::MethodTable;

    fn dispatcher() -> Arc<Dispatcher> {
        let config = DispatchConfig {
            log_path: String::new(),
            check_results: true,
            naming: Naming::for_tests(),
        };
        let dispatcher = Dispatcher::new(config, MethodTable::default(), || {}).unwrap();
        dispatcher.finish_warmup();
        dispatcher
    }

    /// A method that tells what it was called with.
    fn teller(name: &str) -> AddedMethod {
        let parameters = vec!["one".to_owned(), "two|zwei".to_owned()];
        AddedMethod::new("wallet", name, parameters, async |call: AddedCall| {
            match call.help {
                true => Ok(format!("help for {}", call.user).into()),
                false => Ok(json!([call.parameters, call.uri, call.user])),
            }
        })
    }

    async fn call(dispatcher: &Arc<Dispatcher>, method: &str, params: Params) -> Outcome {
        let method = method.to_owned();
        dispatcher
            .execute_at("/wallet/w", Call { method, params }, "ann")
            .await
    }

    fn nothing() -> Params {
        Params::Positional(Vec::new())
    }

    #[tokio::test]
    async fn an_added_method_is_called_as_long_as_its_addition_lives() {
        let dispatcher = dispatcher();
        let addition = dispatcher.add(teller("tell")).unwrap();
        let positional = Params::Positional(vec![json!(1), json!("x")]);
        assert_eq!(
            call(&dispatcher, "tell", positional).await,
            Ok(json!([[1, "x"], "/wallet/w", "ann"]))
        );
        let named = |names: [&str; 2]| Params::Named(names.map(|name| (name.to_owned(), json!(1))).into());
        assert_eq!(
            call(&dispatcher, "tell", named(["one", "zwei"])).await,
            Ok(json!([{"one": 1, "zwei": 1}, "/wallet/w", "ann"]))
        );
        assert_eq!(
            call(&dispatcher, "tell", named(["one", "one"])).await,
            Err(RpcError::invalid_parameter(
                "Parameter one specified multiple times"
            ))
        );
        assert!(dispatcher.method_names().contains(&"tell".to_owned()));
        drop(addition);
        let refused = call(&dispatcher, "tell", nothing()).await.unwrap_err();
        assert_eq!(refused.message, "Method not found");
        assert!(!dispatcher.method_names().contains(&"tell".to_owned()));
    }

    #[tokio::test]
    async fn help_lists_an_added_method_and_asks_it_for_its_text() {
        let dispatcher = dispatcher();
        let _addition = dispatcher.add(teller("tell")).unwrap();
        let list = call(&dispatcher, "help", nothing()).await.unwrap();
        let list = list.as_str().unwrap();
        assert!(list.ends_with("\n\n== Wallet ==\ntell one two"), "{list}");
        let one = Params::Positional(vec![json!("tell")]);
        assert_eq!(call(&dispatcher, "help", one).await, Ok(json!("help for ann")));
    }

    #[tokio::test]
    async fn no_two_methods_have_one_name() {
        let dispatcher = dispatcher();
        for name in ["help", "tell"] {
            let first = dispatcher.add(teller(name));
            let second = dispatcher.add(teller(name)).unwrap_err();
            assert_eq!(second, DuplicateMethod(name.to_owned()));
            assert_eq!(first.is_ok(), name == "tell");
        }
        // The first one left.
        let again = dispatcher.add(teller("tell")).unwrap();
        assert!(call(&dispatcher, "tell", nothing()).await.is_ok());
        drop(again);
    }

    #[tokio::test]
    async fn the_end_waits_for_the_calls_that_are_under_way() {
        let dispatcher = dispatcher();
        let (begun, gate) = (Arc::new(Semaphore::new(0)), Arc::new(Semaphore::new(0)));
        let waiting = {
            let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
            AddedMethod::new("wallet", "wait", Vec::new(), move |_call| {
                let (begun, gate) = (Arc::clone(&begun), Arc::clone(&gate));
                async move {
                    begun.add_permits(1);
                    gate.acquire().await.unwrap().forget();
                    Ok(json!("done"))
                }
            })
        };
        let addition = Arc::new(dispatcher.add(waiting).unwrap());
        let calling = tokio::spawn({
            let dispatcher = Arc::clone(&dispatcher);
            async move { call(&dispatcher, "wait", nothing()).await }
        });
        begun.acquire().await.unwrap().forget();
        let ending = tokio::spawn({
            let addition = Arc::clone(&addition);
            async move { addition.end().await }
        });
        while dispatcher.added.find("wait").is_some() {
            tokio::task::yield_now().await;
        }
        assert!(!ending.is_finished(), "a call is under way");
        gate.add_permits(1);
        assert_eq!(calling.await.unwrap(), Ok(json!("done")));
        ending.await.unwrap();
        addition.end().await;
    }
}
