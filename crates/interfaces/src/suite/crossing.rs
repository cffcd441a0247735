//! What crosses an interface: values that can be drawn, compared by what they say, and searched for objects.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::draw::Draw;
use super::objects::Object;
use crate::InterfaceError;

/// A type of parameters or results.
pub(super) trait Crossing: Sized + Send + Sync + 'static {
    /// A value: with the smallest and largest ones, the empty and the absent ones among them.
    fn draw(draw: &mut Draw) -> Self;

    /// All that can be told from the value. Objects are called for it.
    fn describe(&self) -> BoxFuture<'_, String>;

    /// Moves the objects in it to `objects`.
    fn take_objects(self, _objects: &mut Vec<Object>) {}
}

/// Values that their `Debug` output tells completely.
macro_rules! plain {
    ($($type:ty => |$draw:ident| $value:expr;)*) => {
        $(impl $crate::suite::crossing::Crossing for $type {
            fn draw($draw: &mut $crate::suite::draw::Draw) -> Self {
                $value
            }

            fn describe(&self) -> futures::future::BoxFuture<'_, String> {
                Box::pin(std::future::ready(format!("{self:?}")))
            }
        })*
    };
}
pub(super) use plain;

/// Structures, each field drawn.
macro_rules! structures {
    ($($type:ident { $($field:ident),* })*) => {
        $crate::suite::crossing::plain! {
            $(crate::$type => |draw| crate::$type {
                $($field: $crate::suite::crossing::Crossing::draw(draw)),*
            };)*
        }
    };
}
pub(super) use structures;

/// Enums without fields, each value drawn.
macro_rules! choices {
    ($($type:ident { $($value:ident),* })*) => {
        $crate::suite::crossing::plain! {
            $(crate::$type => |draw| draw.choose(&[$(crate::$type::$value),*]);)*
        }
    };
}
pub(super) use choices;

impl<T: Crossing> Crossing for Option<T> {
    fn draw(draw: &mut Draw) -> Self {
        (draw.below(3) > 0).then(|| T::draw(draw))
    }

    fn describe(&self) -> BoxFuture<'_, String> {
        async move {
            match self {
                Some(value) => format!("Some({})", value.describe().await),
                None => "None".to_owned(),
            }
        }
        .boxed()
    }

    fn take_objects(self, objects: &mut Vec<Object>) {
        if let Some(value) = self {
            value.take_objects(objects);
        }
    }
}

impl<T: Crossing> Crossing for Vec<T> {
    fn draw(draw: &mut Draw) -> Self {
        (0..draw.below(4)).map(|_| T::draw(draw)).collect()
    }

    fn describe(&self) -> BoxFuture<'_, String> {
        async move {
            let mut text = "[".to_owned();
            for value in self {
                text.push_str(&value.describe().await);
                text.push_str(", ");
            }
            text.push(']');
            text
        }
        .boxed()
    }

    fn take_objects(self, objects: &mut Vec<Object>) {
        for value in self {
            value.take_objects(objects);
        }
    }
}

impl<T: Crossing, E: Crossing> Crossing for Result<T, E> {
    fn draw(draw: &mut Draw) -> Self {
        if draw.below(3) > 0 {
            Ok(T::draw(draw))
        } else {
            Err(E::draw(draw))
        }
    }

    fn describe(&self) -> BoxFuture<'_, String> {
        async move {
            match self {
                Ok(value) => format!("Ok({})", value.describe().await),
                Err(error) => format!("Err({})", error.describe().await),
            }
        }
        .boxed()
    }

    fn take_objects(self, objects: &mut Vec<Object>) {
        if let Ok(value) = self {
            value.take_objects(objects);
        }
    }
}

/// What a failed call says, whether it failed here or in another process.
pub(super) fn said(error: &InterfaceError) -> String {
    match error {
        InterfaceError::Remote(text) => text.strip_prefix("std::exception: ").unwrap_or(text).to_owned(),
        _ => error.to_string(),
    }
}
