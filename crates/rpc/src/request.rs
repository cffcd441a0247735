//! What a handler is given.

use std::sync::Arc;

use crate::arguments::Arguments;
use crate::dispatch::Dispatcher;
use crate::help;

/// A call whose arguments were checked against the method's declaration.
#[derive(Debug)]
pub struct Request {
    /// The arguments.
    pub arguments: Arguments,
    /// Who calls.
    pub user: String,
    /// For the methods that speak of the server itself.
    pub(crate) dispatcher: Arc<Dispatcher>,
}

impl Request {
    /// The text that `help` gives for the method, which callers are told whose arguments make no sense.
    #[must_use]
    pub fn help(&self) -> String {
        help::full(self.arguments.declaration(), &self.dispatcher.config.naming)
    }
}
