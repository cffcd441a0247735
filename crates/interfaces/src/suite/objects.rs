//! Objects of any interface, and their methods as rows.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::crossing::{Crossing, said};
use super::draw::Draw;
use crate::InterfaceError;

/// What can be seen of a call: all that its result tells, and the objects in it.
pub(super) struct Outcome {
    pub(super) text: String,
    pub(super) objects: Vec<Object>,
}

/// A method of interface `I`.
pub(super) struct Row<I: ?Sized + 'static> {
    /// As in `Chain.get_height`.
    pub(super) name: &'static str,
    /// Calls it with drawn arguments.
    pub(super) call: for<'a> fn(&'a I, Draw) -> BoxFuture<'a, Outcome>,
}

/// What can be seen of `result`.
pub(super) async fn see<T: Crossing>(result: Result<T, InterfaceError>) -> Outcome {
    let mut objects = Vec::new();
    let text = match result {
        Ok(value) => {
            let text = value.describe().await;
            value.take_objects(&mut objects);
            text
        }
        Err(error) => format!("error: {}", said(&error)),
    };
    Outcome { text, objects }
}

/// What the first `n_rows` methods of an object answer: enough to tell it from another.
pub(super) async fn describe<I: ?Sized + Sync>(object: &I, rows: &[Row<I>], n_rows: usize) -> String {
    let mut text = "{".to_owned();
    for row in rows.iter().take(n_rows) {
        let outcome = (row.call)(object, Draw::new(1)).await;
        text.push_str(&outcome.text);
        text.push_str(", ");
    }
    text.push('}');
    text
}

macro_rules! n_rows {
    (all) => {
        usize::MAX
    };
    (the first) => {
        1
    };
}
pub(super) use n_rows;

/// The methods of one interface: their rows, the recorder that answers them, and how its objects cross others.
///
/// It does not compile where a method of the trait is missing.
macro_rules! interface {
    ($interface:ident in $module:ident, described by $($by:ident)+ {
        $($method:ident($($argument:ident: $type:ty),*) -> $result:ty;)*
    }) => {
        #[async_trait::async_trait]
        impl crate::$interface for $crate::suite::recorder::Recorder {
            $(async fn $method(&self, $($argument: $type),*) -> Result<$result, crate::InterfaceError> {
                let arguments = [$($crate::suite::crossing::Crossing::describe(&$argument).await),*];
                self.answer(concat!(stringify!($interface), ".", stringify!($method)), &arguments)
            })*
        }

        mod $module {
            use $crate::suite::draw::Draw;
            use $crate::suite::objects::{Outcome, see};

            $(pub(super) fn $method<'a>(
                object: &'a dyn crate::$interface,
                #[allow(unused_mut, unused_variables, reason = "some methods have no arguments")]
                mut draw: Draw,
            ) -> futures::future::BoxFuture<'a, Outcome> {
                Box::pin(async move {
                    see(object.$method($({
                        let $argument = $crate::suite::crossing::Crossing::draw(&mut draw);
                        $argument
                    }),*).await).await
                })
            })*
        }

        impl $crate::suite::objects::Rows for dyn crate::$interface {
            const ROWS: &[$crate::suite::objects::Row<Self>] = &[
                $($crate::suite::objects::Row {
                    name: concat!(stringify!($interface), ".", stringify!($method)),
                    call: $module::$method,
                }),*
            ];
        }

        impl $crate::suite::crossing::Crossing for std::sync::Arc<dyn crate::$interface> {
            fn draw(draw: &mut $crate::suite::draw::Draw) -> Self {
                std::sync::Arc::new($crate::suite::recorder::Recorder::new(draw.number()))
            }

            fn describe(&self) -> futures::future::BoxFuture<'_, String> {
                Box::pin($crate::suite::objects::describe(
                    &**self,
                    <dyn crate::$interface as $crate::suite::objects::Rows>::ROWS,
                    $crate::suite::objects::n_rows!($($by)+),
                ))
            }

            fn take_objects(self, objects: &mut Vec<$crate::suite::objects::Object>) {
                objects.push($crate::suite::objects::Object::$interface(self));
            }
        }
    };
}
pub(super) use interface;

/// The methods of an interface.
pub(super) trait Rows: 'static {
    const ROWS: &[Row<Self>];
}

macro_rules! objects {
    ($($interface:ident)*) => {
        /// An object of any interface.
        #[derive(Clone)]
        pub(super) enum Object {
            $($interface(Arc<dyn crate::$interface>)),*
        }

        /// The names of all interfaces.
        pub(super) const INTERFACES: &[&str] = &[$(stringify!($interface)),*];

        impl Object {
            /// The interface's name.
            pub(super) fn interface(&self) -> &'static str {
                match self {
                    $(Self::$interface(_) => stringify!($interface)),*
                }
            }

            /// The methods' names.
            pub(super) fn methods(&self) -> Vec<&'static str> {
                match self {
                    $(Self::$interface(_) => <dyn crate::$interface>::ROWS.iter().map(|row| row.name).collect()),*
                }
            }

            /// Calls a method by its place among the names.
            pub(super) async fn call(&self, method: usize, draw: Draw) -> Outcome {
                match self {
                    $(Self::$interface(object) => (<dyn crate::$interface>::ROWS[method].call)(&**object, draw).await),*
                }
            }
        }
    };
}

objects! {
    Init Echo Mining BlockTemplate Rpc RpcMethod Chain Notifications Handler Node NodeEvents Wallet WalletEvents
    WalletLoader LoadWalletListener
}
