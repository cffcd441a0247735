//! What becomes of panics of the store.
//!
//! Seals find damage before the store sees it. Where it nevertheless runs into something that it takes for its own mistake,
//! as in a file that was made to deceive, it panics. That must neither end a thread that others wait for nor be written to
//! a terminal: it is one more way in which a store is damaged.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

thread_local! {
    static IS_GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a panic of this thread is taken care of just now, so that nobody else need be told.
#[must_use]
pub fn is_guarded() -> bool {
    IS_GUARDED.get()
}

/// A panic with its text.
#[derive(Debug)]
pub(super) struct Panicked(pub(super) String);

/// Does something that may panic. What it has changed until then must not be used any more.
pub(super) fn catch<T>(act: impl FnOnce() -> T) -> Result<T, Panicked> {
    let was_guarded = IS_GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(act));
    IS_GUARDED.set(was_guarded);
    outcome.map_err(|payload| Panicked(format!("its pages do not fit together ({})", text(&*payload))))
}

fn text(payload: &(dyn Any + Send)) -> &str {
    match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => text,
        (None, Some(text)) => text,
        (None, None) => "no reason is given",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error_with_its_text() {
        let outcome = catch(|| {
            assert!(is_guarded());
            catch(|| assert!(is_guarded())).unwrap();
            assert!(is_guarded());
            let numbers = [1, 2];
            assert!(numbers[0] > numbers[1], "one is not above two");
        });
        assert!(!is_guarded());
        assert_eq!(
            outcome.unwrap_err().0,
            "its pages do not fit together (one is not above two)"
        );
    }
}
