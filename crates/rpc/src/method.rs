//! A method: its declaration and its handler, side by side.

use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use crate::error::RpcError;
use crate::param::{Kind, Param};
use crate::request::Request;
use crate::shape::Shape;

/// What a call comes to.
pub type Outcome = Result<Value, RpcError>;

/// Answers calls. It runs on the async runtime: what blocks or computes for long goes to a blocking thread.
pub(crate) type Handler = Arc<dyn Fn(Request) -> Pin<Box<dyn Future<Output = Outcome> + Send>> + Send + Sync>;

/// All that is known of a method but how it is answered.
#[derive(Debug)]
pub struct Declaration {
    pub(crate) category: &'static str,
    pub(crate) name: &'static str,
    pub(crate) description: Cow<'static, str>,
    pub(crate) params: Vec<Param>,
    /// Results with the conditions under which they are returned; an empty condition is left out of `help`.
    pub(crate) results: Vec<(&'static str, Shape)>,
    pub(crate) examples: Vec<Example>,
}

/// The arguments of an example call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Example {
    pub(crate) command_line: &'static str,
    pub(crate) json: &'static str,
}

/// A method that can be registered and called.
#[derive(Clone)]
pub struct Method {
    pub(crate) declaration: Arc<Declaration>,
    pub(crate) handler: Handler,
}

impl Method {
    /// Begins a declaration. Methods of the category `hidden` are left out of the list that `help` gives.
    pub fn declare(
        category: &'static str,
        name: &'static str,
        description: impl Into<Cow<'static, str>>,
    ) -> Declaration {
        let description = description.into();
        Declaration {
            category,
            name,
            description,
            params: Vec::new(),
            results: Vec::new(),
            examples: Vec::new(),
        }
    }
}

impl fmt::Debug for Method {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Method({})", self.declaration.name)
    }
}

impl Declaration {
    /// Adds the next parameter.
    #[must_use]
    pub fn param(mut self, param: Param) -> Self {
        self.params.push(param);
        self
    }

    /// Adds a result.
    #[must_use]
    pub fn result(self, shape: Shape) -> Self {
        self.result_when("", shape)
    }

    /// Adds a result that is returned under a condition.
    #[must_use]
    pub fn result_when(mut self, condition: &'static str, shape: Shape) -> Self {
        self.results.push((condition, shape));
        self
    }

    /// Adds an example, with its arguments as typed on a command line and as JSON.
    #[must_use]
    pub fn example(mut self, command_line: &'static str, json: &'static str) -> Self {
        self.examples.push(Example { command_line, json });
        self
    }

    /// Ends the declaration with what answers the calls.
    pub fn handle<F, Answer>(self, handler: F) -> Method
    where
        F: Fn(Request) -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Outcome> + Send + 'static,
    {
        Method {
            declaration: Arc::new(self),
            handler: Arc::new(move |request| Box::pin(handler(request))),
        }
    }

    /// Whether a call may have that many positional arguments.
    pub(crate) fn takes(&self, count: usize) -> bool {
        let required = self
            .params
            .iter()
            .rposition(|param| !param.is_optional())
            .map_or(0, |last| last + 1);
        (required..=self.params.len()).contains(&count)
    }

    /// Each name by which an argument can be passed: the parameter's position, the name, and whether a command-line
    /// client passes the argument on as a string.
    pub(crate) fn each_argument(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        self.params.iter().enumerate().flat_map(|(position, param)| {
            let inner: &[Param] = match &param.kind {
                Kind::Options(inner) => inner,
                _ => &[],
            };
            let own = std::iter::once(param).chain(inner);
            own.flat_map(move |param| {
                param
                    .each_name()
                    .map(move |name| (position, name, param.kind.is_text()))
            })
        })
    }
}
